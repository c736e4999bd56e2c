"""Arrays: the one array that a .npy, .npz or .safetensors file is named for. Nothing is unpickled."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError

SUFFIXES = (".npy", ".npz", ".safetensors")
USUAL = ("x", "samples", "arr_0")  # the array that is meant, where a file holds several
UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, SyntaxError, zipfile.BadZipFile)


def read(path: Path, usual: Sequence[str] = USUAL) -> NDArray[Any]:
    """The array of a file; a .npy file is mapped, not read into memory.

    Args:
        path: of the file; its suffix says what it is.
        usual: names of which a file with several arrays has to hold exactly one.
    Raises:
        GenbenchError: not such a file, Python objects, or several arrays and none that is meant.
    """
    reader = {".npy": _mapped, ".npz": _archived, ".safetensors": _safetensors}.get(path.suffix.lower())
    if reader is None:
        raise GenbenchError(f"{path} is no array file (known: {', '.join(SUFFIXES)})")
    try:
        return reader(path, usual)
    except UNREADABLE as error:
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            raise GenbenchError(
                f"{path} holds Python objects, which are never unpickled; save one plain numeric array"
            ) from error
        raise GenbenchError(f"{path} is not a readable array file ({error}); save it anew") from error


def _mapped(path: Path, usual: Sequence[str]) -> NDArray[Any]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray):
        array.close()
        raise GenbenchError(f"{path} holds an archive of arrays; call it .npz")
    return array


def _archived(path: Path, usual: Sequence[str]) -> NDArray[Any]:
    # A ZipFile of our own: numpy leaves the file open where it is cut off.
    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        with archive.open(f"{_meant(path, names, usual)}.npy") as member:
            array: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
            return array


def _safetensors(path: Path, usual: Sequence[str]) -> NDArray[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            array: NDArray[Any] = file.get_tensor(_meant(path, list(file.keys()), usual))
            return array
    except SafetensorError as error:
        raise ValueError(error) from error


def _meant(path: Path, names: Sequence[str], usual: Sequence[str]) -> str:
    meant = names if len(names) == 1 else [name for name in usual if name in names]
    if len(meant) != 1:
        held = f"the arrays {', '.join(sorted(names))}" if names else "no array"
        raise GenbenchError(f"{path} holds {held}; expected one array, or one that is called {' or '.join(usual)}")
    return meant[0]
