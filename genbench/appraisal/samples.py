"""Samples: what somebody already has, read from a folder of images, an array file or an array, and checked.

Images have 256 levels. Samples of a Space with another number of levels are integers in [0, levels), as an array.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.appraisal.layout import arranged
from genbench.errors import GenbenchError
from genbench.files import arrays, images
from genbench.files.images import Reading
from genbench.files.rows import blocks, lazy
from genbench.files.sequences import fault
from genbench.geometry.cloud import LARGEST
from genbench.geometry.rows import cut_loses
from genbench.records.space import Space
from genbench.scoring.resizing import Resize
from genbench.scoring.samples import Samples, Source, Told, untold

FEWEST = 2
FEATURES = ("features", *arrays.USUAL)


@dataclass(frozen=True)
class How:
    """How samples are read.

    Args:
        key: the name of their array in a file that holds several; "": the usual ones.
        upright: turn images whose EXIF orientation says so, which are refused else.
        resize: brings images to another size; None: they keep theirs.
        told: hears how far they are read.
    """

    key: str = ""
    upright: bool = False
    resize: Resize | None = None
    told: Told = untold


PLAIN = How()


def read(source: Source, space: Space | None = None, how: How = PLAIN) -> Samples:
    """Samples from a folder of images, an array file or an array; many are read again whenever they are asked for.

    Args:
        source: an array is [N, H, W], [N, H, W, C] or [N, C, H, W], of integers, or as the Space says.
        space: that they have to lie in; None: images of 256 levels, of whatever size they are.
        how: they are read.
    Raises:
        GenbenchError: they cannot be read, are fewer than two, or lie in no Space or another one.
    """
    fit = _fitted(how.resize, space)
    if is_array(source) or not _path(source).is_dir():
        name, x, y = _array(source, arrays.USUAL, how.key)
        found = replace(_of_array(name, x, space, fit), y=y if y is not None and len(y) == len(x) else None)
    elif how.key:
        raise GenbenchError(f"--key {how.key} names an array in a file, and {source} is a folder; leave it out")
    else:
        found = _of_folder(_path(source), space, Reading(how.upright, fit))
    if len(found.x) < FEWEST:
        raise GenbenchError(f"{found.name} holds {len(found.x)} sample, expected at least {FEWEST}; draw more samples")
    return replace(found, told=how.told)


def count(source: Source, key: str = "") -> int:
    """How many samples there are, none of which is decoded.

    Raises:
        GenbenchError: they cannot be read.
    """
    if not is_array(source) and _path(source).is_dir():
        return len(images.found(_path(source)))
    _, x, _ = _array(source, arrays.USUAL, key)
    return len(np.atleast_1d(x))


def read_features(source: Source, key: str = "") -> Samples:
    """Feature vectors that somebody already has, [N, d]: as float32, or as float64 where float32 would lose too much.

    Raises:
        GenbenchError: they cannot be read, or are not at least two rows of finite floating-point numbers.
    """
    if not is_array(source) and _path(source).is_dir():
        raise GenbenchError(f"{source} is a folder, expected feature vectors in an array file; give images as SAMPLES")
    name, x, y = _array(source, FEATURES, key)
    if x.dtype.kind != "f" or x.ndim != 2 or len(x) < FEWEST or not x.shape[1]:
        raise GenbenchError(f"{name} holds {_form(x)}, expected features: floats [N, d] with N ≥ {FEWEST}")
    largest = float(max(x.max(), -x.min()))
    if not largest <= LARGEST:  # NaN fails as well
        _check_finite(name, x)
        raise GenbenchError(f"{name} holds features up to {largest:.3g}, expected at most {LARGEST:g}")
    x = np.array(x, np.float64 if cut_loses(x) else np.float32)
    return Samples(name, x, Space(x.shape[1:], levels=None), y=y if y is not None and len(y) == len(x) else None)


def is_array(source: object) -> bool:
    """Whether it is an array, or a torch tensor; torch is not imported for the question."""
    torch = sys.modules.get("torch")
    return isinstance(source, np.ndarray) or (torch is not None and isinstance(source, torch.Tensor))


def _path(source: object) -> Path:
    if not isinstance(source, str | Path):
        raise GenbenchError(f"expected a path, a NumPy array or a torch tensor, got a {type(source).__name__}")
    return Path(source).expanduser()


def _array(source: Source, usual: tuple[str, ...], key: str) -> tuple[str, NDArray[Any], NDArray[Any] | None]:
    """Where an array comes from, the array, and the labels that its file holds beside it."""
    if isinstance(source, np.ndarray):
        return "an array", source, None
    if is_array(source):
        return "a tensor", arrays.plain(source), None
    path = _path(source)
    if not path.exists():
        raise GenbenchError(f"no such file or folder: {path}")
    if path.suffix.lower() in images.SUFFIXES:
        raise GenbenchError(f"{path} is one image, expected a folder of images or an array file; name its folder")
    return str(path), arrays.read(path, usual, key), arrays.labels(path)


def _fitted(resize: Resize | None, space: Space | None) -> Resize | None:
    """The transform with its size."""
    if resize is None or (space is None and resize.size is None):
        return None
    if space is None:
        return resize
    if not (space.is_image and space.levels == 256):
        raise GenbenchError(f"--resize goes with images of 256 levels, and the data lie in {space}")
    return resize.to(space.shape)


def _of_folder(folder: Path, space: Space | None, reading: Reading) -> Samples:
    if space is not None and not (space.is_image and space.levels == 256):
        raise GenbenchError(
            f"{folder} is a folder of images, which have 256 levels, and the data lie in {space}; "
            f"give an array ({', '.join(arrays.SUFFIXES)}) of {_entries(space)}"
        )
    found = images.found(folder)
    if {"train", "test"} <= {image.partition("/")[0] for image in found}:
        raise GenbenchError(f"{folder} holds splits, expected one set; name {folder / 'test'} or another one of them")
    x = images.stacked(folder, found, reading)
    lossy = images.lossy(folder, found)
    warning = (
        f"{lossy} of the {len(found)} images in {folder} are JPEG, or otherwise compressed with losses, which move "
        "every score; save PNG"
    )
    read = Samples(str(folder), x, Space(x.shape[1:]), (warning,) if lossy else (), _numbered(found))
    if space is not None and x.shape[1:] != space.shape:
        raise unlike(read, space)
    return read


def _numbered(found: Sequence[str]) -> NDArray[np.int64] | None:
    """Labels [N] where every image lies in a sub-folder whose name is a number; else None."""
    folders = [image.partition("/")[0] if "/" in image else "" for image in found]
    return np.array(folders, np.int64) if all(name.isdecimal() and len(name) < 10 for name in folders) else None


def _of_array(name: str, x: NDArray[Any], space: Space | None, fit: Resize | None) -> Samples:
    wanted = space or Space((1, 1, 1))  # of this only the levels count
    _check_kind(name, x, wanted)
    x = arranged(name, x, None if space is None or fit else space.shape)
    low, high = _range(x)
    if wanted.levels is not None and x.size and not 0 <= low <= high < wanted.levels:
        raise GenbenchError(
            f"{name} holds integers from {low} to {high}, expected {_entries(wanted)}; scale them first"
        )
    if wanted.end is not None and x.shape[1:] == wanted.shape and (words := fault(np.asarray(x), wanted.end)):
        raise GenbenchError(f"{name} holds {words}")
    few = wanted.levels == 256 and x.size and high <= 1
    warning = f"{name} holds 0 and 1 alone, of 256 levels: if these are black and white, multiply by 255"
    shape = (x.shape[1], *fit.size) if fit and fit.size else x.shape[1:]
    found = replace(wanted, shape=shape, classes=None, end=wanted.end if shape == wanted.shape else None)
    kept = lazy((len(x), *shape), found.storage, lambda start, stop: _block(x[start:stop], found, fit))
    read = Samples(name, kept, found, (warning,) if few else ())
    if space is not None and shape != space.shape:
        raise unlike(read, space)
    return read


def _block(x: NDArray[Any], space: Space, fit: Resize | None) -> NDArray[Any]:
    """Some rows in the Space's storage dtype, at its size."""
    rows = np.ascontiguousarray(x, space.storage)
    return rows if fit is None or not len(rows) else np.stack([fit(row) for row in rows])


def _range(x: NDArray[Any]) -> tuple[Any, Any]:
    """The least and the greatest entry; (0, 0) of none."""
    ends = [(block.min(), block.max()) for block in blocks(x) if block.size]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0, 0)


def unlike(samples: Samples, space: Space) -> GenbenchError:
    """The error for samples that lie in another Space than what they are compared with."""
    return GenbenchError(
        f"{samples.name} holds samples {Space(samples.space.shape, samples.space.levels)}, and what they are compared "
        f"with is {Space(space.shape, space.levels)}; sizes and channels have to agree: --resize NAME brings images to "
        "one size"
    )


def _check_kind(name: str, x: NDArray[Any], space: Space) -> None:
    """Refuse entries of another kind than the Space's, with the conversion that would help."""
    if x.dtype.kind not in "iuf" or (x.dtype.kind == "f") != (space.levels is None):
        hint = _conversion(name, x, space) if x.dtype.kind == "f" and x.size else "convert it"
        raise GenbenchError(f"{name} holds {_form(x)}, expected {_entries(space)}; {hint}")
    if space.levels is None:
        _check_finite(name, x)


def _conversion(name: str, x: NDArray[Any], space: Space) -> str:
    _check_finite(name, x)
    if x.ndim <= 2:
        return "feature vectors go with --features"
    top, low, high = (space.levels or 1) - 1, float(x.min()), float(x.max())
    span = f"they lie in [{low:.3g}, {high:.3g}]"
    if low >= 0 and high <= 1:
        return f"{span}: multiply by {top} and round to {space.storage}"
    if low >= -1 and high <= 1:
        return f"{span}: add 1, multiply by {top / 2:g} and round to {space.storage}"
    return f"{span}: round to {space.storage}"


def _check_finite(name: str, x: NDArray[Any]) -> None:
    finite = np.isfinite(np.atleast_1d(x))  # [N, …]
    finite = finite.all(axis=tuple(range(1, finite.ndim)))
    if not finite.all():
        first = int(np.flatnonzero(~finite)[0])
        raise GenbenchError(
            f"{name} holds NaN or infinity in {int((~finite).sum())} rows, row {first} first; remove or redraw them"
        )


def _form(x: NDArray[Any]) -> str:
    return f"{x.dtype} [{', '.join(map(str, x.shape))}]"


def _entries(space: Space) -> str:
    return "finite floats" if space.levels is None else f"integers in [0, {space.levels})"
