"""Evidence: the tensors a trial leaves behind, checked against the Space on both sides of the trust boundary."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from genbench.errors import InvalidEvidence
from genbench.files.atomic import write_bytes
from genbench.files.sequences import fault
from genbench.records.space import Space

MOST_NATS = 1e-3  # of an integer sample: the logarithm of a probability is at most 0, and rounded
_NARROW = {"uint8": torch.uint8, "int32": torch.int32, "float32": torch.float32}


def narrowed(x: object, space: Space, n: int) -> Tensor:
    """What `Model.sample` returned, checked, on the host and in the Space's storage dtype.

    Raises:
        InvalidEvidence: not a dense int64 (float32 for real numbers) tensor [n, *shape] of values in range.
    """
    if type(x) is not Tensor:  # a subclass may put its work off until the clock has stopped
        own = " of torch's own class" if isinstance(x, Tensor) else ""
        raise InvalidEvidence(f"sample() returned {type(x).__name__}, expected a tensor{own}")
    wanted = torch.float32 if space.levels is None else torch.int64
    if x.dtype != wanted:
        raise InvalidEvidence(f"sample() returned {plain_name(x.dtype)}, expected {plain_name(wanted)}")
    if x.layout != torch.strided or x.requires_grad:
        what = "a tensor that requires grad" if x.requires_grad else f"a {plain_name(x.layout)} tensor"
        raise InvalidEvidence(f"sample() returned {what}, expected a plain dense one")
    if tuple(x.shape) != (n, *space.shape):
        raise InvalidEvidence(f"sample({n}) returned shape {tuple(x.shape)}, expected {(n, *space.shape)}")
    host = x.cpu()
    _check_values(host.numpy(), space, "sample() returned")
    return host.to(_NARROW[space.storage])


def kept(x: NDArray[Any], shape: tuple[int, ...], space: Space, who: str) -> NDArray[Any]:
    """Entries of a Space in the dtype that they are stored in.

    Args:
        x: int64, or float32 for real numbers, as models give them; or in the storage dtype already.
        shape: that x must have.
        who: gave them, as messages begin: "the answers hold".
    Returns:
        x [*shape] in the Space's storage dtype, no value changed.
    Raises:
        InvalidEvidence: another dtype or shape, values out of range or not finite, or tokens after an end.
    """
    wanted = "float32" if space.levels is None else "int64"
    if x.shape != shape or x.dtype not in (wanted, space.storage):
        raise InvalidEvidence(f"{who} {x.dtype} {x.shape}, expected {wanted} {shape}")
    _check_values(x, space, who)
    return x.astype(space.storage)


def plain_name(value: object) -> str:
    """A dtype or a layout without torch's prefix: float32, sparse_coo."""
    return str(value).removeprefix("torch.")


def _check_values(x: NDArray[Any], space: Space, who: str) -> None:
    if space.levels is None:
        if not np.isfinite(x).all():
            raise InvalidEvidence(f"{who} {int((~np.isfinite(x)).sum())} values that are NaN or infinite")
        return
    low, high = int(x.min()), int(x.max())
    if low < 0 or high >= space.levels:
        raise InvalidEvidence(f"{who} values from {low} to {high}, expected integers in [0, {space.levels})")
    if words := fault(x.reshape(-1, space.dim), space.end):
        raise InvalidEvidence(f"{who} {words}")


def checked_nats(nats: object, space: Space, n: int) -> NDArray[np.float64]:
    """What `Density.log_prob` returned for n rows, as float64 [n]; -inf is a row without any probability.

    Raises:
        InvalidEvidence: not n real numbers, or a probability above 1.
    """
    if not isinstance(nats, Tensor) or not nats.is_floating_point() or tuple(nats.shape) != (n,):
        what = f"{plain_name(nats.dtype)} {tuple(nats.shape)}" if isinstance(nats, Tensor) else type(nats).__name__
        raise InvalidEvidence(f"log_prob() returned {what}, expected {n} floating-point nats, one a sample")
    host: NDArray[np.float64] = nats.detach().cpu().double().numpy()
    broken = np.isnan(host) | np.isposinf(host)
    if broken.any():
        raise InvalidEvidence(f"log_prob() returned {int(broken.sum())} values that are NaN or infinite")
    if space.levels is not None and host.max() > MOST_NATS:
        raise InvalidEvidence(
            f"log_prob() returned {host.max():.4g} nats, a probability above 1; is it a density, or the sign wrong?"
        )
    return host


def checked_log_weights(weights: object, n: int, levels: int) -> NDArray[np.float32]:
    """What `Sequential.next` returned for n rows, as float32 [n, levels]; -inf is a level without any weight.

    Raises:
        InvalidEvidence: another form, numbers that are NaN or +inf, or a row without any weight at all.
    """
    if type(weights) is not Tensor or not weights.is_floating_point() or tuple(weights.shape) != (n, levels):
        what = f"{plain_name(weights.dtype)} {tuple(weights.shape)}" if isinstance(weights, Tensor) else type(weights)
        raise InvalidEvidence(f"next() returned {what}, expected floating-point {(n, levels)}, a row for each row")
    host: NDArray[np.float32] = weights.detach().cpu().float().numpy()
    check_log_weights(host, "next() returned")
    return host


def check_log_weights(weights: NDArray[Any], who: str) -> None:
    """Refuse logarithms of weights [..., levels] that cannot be divided by their sum.

    Raises:
        InvalidEvidence: NaN, +inf, or a row of -inf alone.
    """
    if np.isnan(weights).any() or not np.isfinite(weights.max(-1)).all():
        raise InvalidEvidence(f"{who} logarithms of weights that are NaN or infinite, or no weight at all")


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Save tensors as safetensors, atomically; each is cloned, since shared storage is refused."""
    write_bytes(path, save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}))


def read_arrays(path: Path, keys: set[str]) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file that must hold exactly `keys`.

    Raises:
        InvalidEvidence: a link, unreadable, or with other keys.
    """
    if path.is_symlink() or not path.is_file():
        raise InvalidEvidence(f"{path.name} is not there as a regular file")
    try:
        arrays = safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidEvidence(f"{path.name} is not a safetensors file: {error}") from error
    if set(arrays) != keys:
        raise InvalidEvidence(f"{path.name} holds {sorted(arrays)}, expected {sorted(keys)}")
    return arrays


def read_named(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file that the harness wrote, whatever they are called."""
    return safetensors.numpy.load_file(path)


def read_samples(path: Path, space: Space, count: int) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
    """Samples [count, *shape] in the storage dtype, and their labels [count] where the Space has classes.

    Raises:
        InvalidEvidence: anything else than exactly that.
    """
    arrays = read_arrays(path, {"x", "labels"} if space.classes else {"x"})
    x, labels = arrays["x"], arrays.get("labels")
    if x.shape != (count, *space.shape) or x.dtype != space.storage:
        raise InvalidEvidence(
            f"{path.name} holds {x.dtype} {x.shape}, expected {space.storage} {(count, *space.shape)}"
        )
    _check_values(x, space, f"{path.name} holds")
    if labels is not None and (labels.shape != (count,) or labels.dtype != np.int64):
        raise InvalidEvidence(f"{path.name} holds labels {labels.dtype} {labels.shape}, expected int64 {(count,)}")
    if labels is not None and not (labels.min() >= 0 and labels.max() < (space.classes or 0)):
        found = f"from {labels.min()} to {labels.max()}"
        raise InvalidEvidence(f"{path.name} holds labels {found}, expected integers in [0, {space.classes})")
    return x, labels
