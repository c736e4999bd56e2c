"""Places: which tensors a module was made to keep, and what a fit that wrapped one of its modules is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from genbench.errors import GenbenchError

# Wrappers that add nothing to the state of what they wrap → the name under which they hold it.
TRANSPARENT = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}
EXTRA = "_extra_state"  # torch's name of what a module's get_extra_state gives
NEW = "register it in the constructor (a buffer may start as None)"


@dataclass(frozen=True)
class Places:
    """What a module was made with."""

    kinds: Mapping[str, str]
    """Module → the name of its class, as it was wrapped by nothing."""
    tensors: frozenset[str]
    """Names of its parameters and buffers, those that are None too."""


def plain_names(model: nn.Module) -> dict[str, str]:
    """The name of each tensor of a module's state → the same as it would be without wrappers that add nothing."""
    inner = [(f"{name}.".lstrip("."), hold) for name, module in model.named_modules() if (hold := _held_as(module))]
    return {name: _without(name, inner) for name in model.state_dict()}


def places_of(model: nn.Module) -> Places:
    """What a module has places for, as it is now."""
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    return Places(kinds, frozenset({*plain_names(model).values(), *_empty(model)}))


def check_places(made: Places, model: nn.Module) -> None:
    """Refuse a fitted module that has tensors which one that is made anew has no place for.

    Args:
        made: what it was made with.
    Raises:
        GenbenchError: it does; says which of its modules was wrapped, added or never called, and what to do.
    """
    for name, tensor in model.state_dict(keep_vars=True).items():
        if isinstance(tensor, UninitializedBuffer | UninitializedParameter):
            module = name.rpartition(".")[0]
            raise GenbenchError(f"the lazy module {module} was never called, so that {name} is empty; call it in fit")
    for own, name in plain_names(model).items():
        if name not in made.tensors and not name.endswith(EXTRA):
            why = _way_out(made, model, own)
            raise GenbenchError(f"the fitted model saved {own}, for which a fresh one has no place; {why}")


def _held_as(module: nn.Module) -> str | None:
    return TRANSPARENT.get(type(module).__name__) if type(module).__module__.startswith("torch.") else None


def _without(name: str, inner: list[tuple[str, str]]) -> str:
    for prefix, hold in reversed(inner):  # the innermost first, so that the places of the outer ones still hold
        if name.startswith(f"{prefix}{hold}."):
            name = prefix + name[len(prefix) + len(hold) + 1 :]
    return name


def _empty(model: nn.Module) -> Iterator[str]:
    for path, module in model.named_modules():
        buffers = [name for name, value in module._buffers.items() if value is None]
        yield from (f"{path}.{name}".lstrip(".") for name in buffers)


def _way_out(made: Places, model: nn.Module, name: str) -> str:
    """What a tensor without a place comes from, and what to do."""
    path, _, leaf = name.rpartition(".")
    base = leaf.removesuffix("_orig").removesuffix("_mask")
    owner, _, inside = path.partition("parametrizations.")
    if inside:
        module, what = owner.rstrip("."), inside.partition(".")[0]
        remedy = f"torch.nn.utils.parametrize.remove_parametrizations({_self(module)}, {what!r}) at the end of fit"
        return f"fit parametrised the {what} of {module or 'the model'}: call {remedy}, or do it in the constructor"
    if base != leaf and f"{path}.{base}".lstrip(".") in made.tensors:
        remedy = f"torch.nn.utils.prune.remove({_self(path)}, {base!r}) at the end of fit"
        return f"fit pruned the {base} of {path or 'the model'}: call {remedy}, or prune in the constructor"
    for module in _outermost(path):
        kind, before = type(model.get_submodule(module)).__name__, made.kinds.get(module)
        if before is None:
            return f"fit added the module {module} ({kind}): make it in the constructor"
        if before != kind:
            changed = f"fit made the module {module}, a {before}, into a {kind}"
            return f"{changed}: do it in the constructor, or put the {before} back at the end of fit"
    return NEW


def _self(module: str) -> str:
    return f"self.{module}" if module else "self"


def _outermost(path: str) -> Iterator[str]:
    """`a`, `a.b`, `a.b.c` of a module's path."""
    parts = path.split(".") if path else []
    yield from (".".join(parts[: count + 1]) for count in range(len(parts)))
