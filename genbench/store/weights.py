"""Weights: the state of a module, saved so that a fresh one can take it and whoever lost some of it is told."""

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from genbench.errors import GenbenchError
from genbench.store.places import EXTRA, NEW, plain_names
from genbench.store.tensors import plain_name, write_tensors


def save_weights(model: nn.Module, path: Path) -> None:
    """Save a module's `state_dict()` as safetensors, by its names without wrappers such as `torch.compile`'s.

    Raises:
        GenbenchError: the state holds something that is no tensor.
    """
    state = model.state_dict()
    foreign = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if foreign:
        raise GenbenchError(f"state_dict() holds {', '.join(foreign)}, which is no tensor; use buffers")
    write_tensors(path, {plain: state[name] for name, plain in plain_names(model).items()})


def load_weights(model: nn.Module, path: Path) -> None:
    """Load into a fresh module what `save_weights` wrote.

    Parameters must match in shape and dtype. A buffer of another shape, or one that was None, is replaced.

    Raises:
        GenbenchError: a tensor without a place, a place without a tensor, or a parameter of another shape.
    """
    state = load_file(path)
    own = {plain: name for name, plain in plain_names(model).items()}
    missing = sorted(set(own) - set(state))
    if missing:
        raise GenbenchError(
            f"the fitted model saved no {', '.join(missing)}, which a fresh one has; "
            "register the same names in the constructor"
        )
    for name, tensor in state.items():
        _place(model, own.get(name, name), tensor)


def _place(model: nn.Module, name: str, tensor: Tensor) -> None:
    path, _, leaf = name.rpartition(".")
    try:
        owner = model.get_submodule(path)
    except AttributeError:
        owner = nn.Module()
    parameter = dict(owner._parameters.items()).get(leaf)  # a ScriptModule's are no dictionary
    if isinstance(parameter, UninitializedParameter):  # of a lazy module, whose first call would make it
        parameter.materialize(tensor.shape, dtype=tensor.dtype)
    if parameter is not None:
        if parameter.shape != tensor.shape or parameter.dtype != tensor.dtype:
            raise GenbenchError(
                f"parameter {name} is {plain_name(tensor.dtype)} {tuple(tensor.shape)} after fit, but "
                f"{plain_name(parameter.dtype)} {tuple(parameter.shape)} in a fresh model; {_alike(parameter, tensor)}"
            )
        parameter.data.copy_(tensor)
    elif leaf in owner._buffers:
        owner._buffers[leaf] = tensor
    elif leaf == EXTRA and type(owner).set_extra_state is not nn.Module.set_extra_state:
        owner.set_extra_state(tensor)
    else:
        raise GenbenchError(f"the fitted model saved {name}, for which a fresh one has no place; {NEW}")


def _alike(parameter: Tensor, tensor: Tensor) -> str:
    """What to do about a parameter that is of another form after fit."""
    if parameter.shape == tensor.shape:
        return "cast the model in the constructor as well, or cast it back at the end of fit"
    return "make its shape depend on the Space and the settings alone"
