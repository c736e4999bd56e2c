"""Arrays: the one array that a .npy, .npz, .pt or .safetensors file is named for. Nothing is unpickled."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError
from genbench.files import content

SUFFIXES = (".npy", ".npz", ".pt", ".pth", ".safetensors")
USUAL = ("x", "samples", "images", "arr_0")  # the array that is meant, where a file holds several
LABELS = ("y", "labels", "label", "targets", "classes", "arr_1")  # the array of classes that stands beside it
UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, SyntaxError, zipfile.BadZipFile)
ONLY = ""  # the name of the array of a file that names none

Get = Callable[[str], NDArray[Any]]
Held = tuple[list[str], Get]  # the names of a file's arrays, and what reads one of them


def read(path: Path, usual: Sequence[str] = USUAL, key: str = "") -> NDArray[Any]:
    """The array of a file; a .npy file is mapped, not read into memory. What is narrower than float16 becomes float32.

    Args:
        path: of the file; its suffix says what it is.
        usual: names of which a file with several arrays has to hold exactly one.
        key: the name of the array, where that is known.
    Raises:
        GenbenchError: not such a file, Python objects, or several arrays and none that is meant.
    """
    with _opened(path) as (names, get):
        return get(_meant(path, names, usual, key))


def names(path: Path) -> tuple[str, ...]:
    """The names of the arrays in a file; () for one that has a single array without a name.

    Raises:
        GenbenchError: not such a file.
    """
    with _opened(path) as (held, _):
        return tuple(name for name in held if name != ONLY)


def labels(path: Path) -> NDArray[Any] | None:
    """The integers [N] that a file of several arrays holds as its labels; None where there are none."""
    if path.suffix.lower() == ".npy":
        return None
    with _opened(path) as (held, get):
        for name in (name for name in LABELS if name in held and len(held) > 1):
            found = get(name)
            if found.ndim == 1 and found.dtype.kind in "iu":
                return found.astype(np.int64)
    return None


def is_array_file(path: Path) -> bool:
    """Whether a file's suffix is one of an array file."""
    return path.suffix.lower() in SUFFIXES


@contextmanager
def _opened(path: Path) -> Iterator[Held]:
    suffix = path.suffix.lower()
    reader = {".npy": _mapped, ".npz": _archived, ".safetensors": _safetensors}.get(suffix, _torch)
    if not is_array_file(path):
        raise GenbenchError(f"{path} is no array file (known: {', '.join(SUFFIXES)})")
    _check_content(path, suffix)
    try:
        with reader(path) as held:
            yield held
    except UNREADABLE as error:
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            raise GenbenchError(f"{path} holds {content.OBJECTS}") from error
        reason = str(error).partition("\n")[0]
        raise GenbenchError(f"{path} is not a readable array file ({reason}); save it anew") from error


def _check_content(path: Path, suffix: str) -> None:
    """Refuse what is no such file by its first bytes, and say what it is."""
    start = content.head(path)
    right = {
        ".npy": start.startswith(content.NUMPY),
        ".npz": start.startswith(b"PK"),
        ".safetensors": content.is_safetensors(start),
    }.get(suffix, start.startswith(content.ZIP) or content.is_pickle(start))
    if right:
        return
    if content.is_pickle(start):
        raise GenbenchError(f"{path} holds {content.OBJECTS}")
    if suffix == ".npy" and start.startswith(content.ZIP):
        raise GenbenchError(f"{path} holds an archive of arrays; call it .npz")
    what = content.described(start)
    raise GenbenchError(f"{path} is no {suffix} file: it is {what or 'of an unknown kind; save it anew'}")


@contextmanager
def _mapped(path: Path) -> Iterator[Held]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    yield [ONLY], lambda name: array


@contextmanager
def _archived(path: Path) -> Iterator[Held]:
    # A ZipFile of our own: numpy leaves the file open where it is cut off.
    with zipfile.ZipFile(path) as archive:

        def get(name: str) -> NDArray[Any]:
            with archive.open(f"{name}.npy") as member:
                array: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
                return array

        yield [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")], get


@contextmanager
def _safetensors(path: Path) -> Iterator[Held]:
    from safetensors import SafetensorError, safe_open

    def get(name: str) -> NDArray[Any]:
        with safe_open(path, framework="np") as file:
            kind = file.get_slice(name).get_dtype()
            if kind != "BF16" and not kind.startswith(("F8", "F4", "F6")):
                array: NDArray[Any] = file.get_tensor(name)
                return array
        with safe_open(path, framework="pt") as file:
            return plain(file.get_tensor(name))

    try:
        with safe_open(path, framework="np") as file:
            held = list(file.keys())
        yield held, get
    except SafetensorError as error:
        raise ValueError(error) from error


@contextmanager
def _torch(path: Path) -> Iterator[Held]:
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what torch raises for a foreign file has no common class
        first = str(error).strip().partition("\n")[0]
        if "weights" in first.lower() or "torchscript" in first.lower():
            raise GenbenchError(f"{path} holds more than tensors, which is never run; save one tensor") from error
        raise GenbenchError(f"{path} is not a readable array file ({first}); save it anew") from error
    tensors = {ONLY: held} if isinstance(held, torch.Tensor) else _tensors(held, torch.Tensor)
    yield list(tensors), lambda name: plain(tensors[name])


def _tensors(held: Any, kind: type) -> dict[str, Any]:
    """The tensors of a dictionary, by their names."""
    items = held.items() if isinstance(held, dict) else ()
    return {str(name): value for name, value in items if isinstance(value, kind)}


def plain(tensor: Any) -> NDArray[Any]:
    """A torch tensor as an array; float32 where NumPy lacks its type (bfloat16, float8).

    Raises:
        GenbenchError: NumPy cannot hold it (quantised, sparse).
    """
    tensor = tensor.detach().cpu()
    narrow = tensor.dtype.is_floating_point and str(tensor.dtype) not in ("torch.float16", "torch.float64")
    try:
        array: NDArray[Any] = (tensor.float() if narrow else tensor).resolve_conj().numpy()
    except (TypeError, RuntimeError) as error:
        raise GenbenchError(f"NumPy cannot hold a tensor of {tensor.dtype}, {tensor.layout}; convert it") from error
    return array


def _meant(path: Path, held: Sequence[str], usual: Sequence[str], key: str) -> str:
    listed = f"the arrays {', '.join(sorted(held))}" if held else "no array"
    if key and key not in held:
        listed = "one array without a name" if ONLY in held else listed
        raise GenbenchError(f"{path} holds {listed}, and none called {key!r}, which --key asks for")
    if key:
        return key
    meant = list(held) if len(held) == 1 else [name for name in usual if name in held]
    meant = meant or [name for name in held if name not in LABELS]
    if len(meant) != 1 and {"mu", "sigma"} <= set(held):
        raise GenbenchError(f"{path} holds mu and sigma, statistics of features: they go with --reference")
    if len(meant) != 1:
        raise GenbenchError(
            f"{path} holds {listed}; expected one array, or one that is called {' or '.join(usual)}"
            + ("; --key NAME says which is meant" if held else "")
        )
    return meant[0]
