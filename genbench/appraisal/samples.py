"""Samples: what somebody already has, read from a folder of images, an array file or an array, and checked.

Images have 256 levels. Samples of a Space with another number of levels are integers in [0, levels), as an array.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.appraisal.layout import arranged
from genbench.errors import GenbenchError
from genbench.files import arrays, images
from genbench.geometry.cloud import LARGEST
from genbench.geometry.rows import cut_loses
from genbench.records.space import Space
from genbench.scoring.samples import Samples, Source

LOSSY = (".jpeg", ".jpg")
FEWEST = 2
FEATURES = ("features", *arrays.USUAL)


def read(source: Source, space: Space | None = None) -> Samples:
    """Samples from a folder of images, an array file or an array.

    Args:
        source: an array is [N, H, W], [N, H, W, C] or [N, C, H, W], of integers, or as the Space says.
        space: that they have to lie in; None: images of 256 levels, of whatever size they are.
    Raises:
        GenbenchError: they cannot be read, are fewer than two, or lie in no Space or another one.
    """
    if isinstance(source, np.ndarray) or not _path(source).is_dir():
        name, x = _array(source, arrays.USUAL)
        found = _of_array(name, x, space)
    else:
        found = _of_folder(_path(source), space)
    if len(found.x) < FEWEST:
        raise GenbenchError(f"{found.name} holds {len(found.x)} sample, expected at least {FEWEST}; draw more samples")
    return found


def read_features(source: Source) -> Samples:
    """Feature vectors that somebody already has, [N, d]: as float32, or as float64 where float32 would lose too much.

    Raises:
        GenbenchError: they cannot be read, or are not at least two rows of finite floating-point numbers.
    """
    if not isinstance(source, np.ndarray) and _path(source).is_dir():
        raise GenbenchError(f"{source} is a folder, expected feature vectors in an array file; give images as SAMPLES")
    name, x = _array(source, FEATURES)
    if x.dtype.kind != "f" or x.ndim != 2 or len(x) < FEWEST or not x.shape[1]:
        raise GenbenchError(f"{name} holds {_form(x)}, expected features: floats [N, d] with N ≥ {FEWEST}")
    _check_finite(name, x)
    if float(np.abs(x).max()) > LARGEST:
        raise GenbenchError(f"{name} holds features up to {np.abs(x).max():.3g}, expected at most {LARGEST:g}")
    x = np.array(x, np.float64 if cut_loses(x) else np.float32)
    return Samples(name, x, Space(x.shape[1:], levels=None))


def _path(source: object) -> Path:
    if not isinstance(source, str | Path):
        what = type(source).__name__
        raise GenbenchError(f"expected a path or a NumPy array, got a {what}; a tensor has .numpy()")
    return Path(source).expanduser()


def _array(source: Source, usual: tuple[str, ...]) -> tuple[str, NDArray[Any]]:
    if isinstance(source, np.ndarray):
        return "an array", source
    path = _path(source)
    if not path.exists():
        raise GenbenchError(f"no such file or folder: {path}")
    if path.suffix.lower() in images.SUFFIXES:
        raise GenbenchError(f"{path} is one image, expected a folder of images or an array file; name its folder")
    return str(path), arrays.read(path, usual)


def _of_folder(folder: Path, space: Space | None) -> Samples:
    if space is not None and not (space.is_image and space.levels == 256):
        raise GenbenchError(
            f"{folder} is a folder of images, which have 256 levels, and the data lie in {space}; "
            f"give an array ({', '.join(arrays.SUFFIXES)}) of {_entries(space)}"
        )
    found = images.found(folder)
    if {"train", "test"} <= {image.partition("/")[0] for image in found}:
        raise GenbenchError(f"{folder} holds splits, expected one set; name {folder / 'test'} or another one of them")
    x = images.stacked(folder, found)
    lossy = sum(image.lower().endswith(LOSSY) for image in found)
    warning = f"{lossy} of the {len(found)} images in {folder} are JPEG, whose losses move every score; save PNG"
    read = Samples(str(folder), x, Space(x.shape[1:]), (warning,) if lossy else ())
    if space is not None and x.shape[1:] != space.shape:
        raise unlike(read, space)
    return read


def _of_array(name: str, x: NDArray[Any], space: Space | None) -> Samples:
    wanted = space or Space((1, 1, 1))  # of this only the levels count
    _check_kind(name, x, wanted)
    x = arranged(name, x, None if space is None else space.shape)
    if wanted.levels is not None and x.size and not 0 <= x.min() <= x.max() < wanted.levels:
        raise GenbenchError(
            f"{name} holds integers from {x.min()} to {x.max()}, expected {_entries(wanted)}; scale them first"
        )
    found = replace(wanted, shape=x.shape[1:], classes=None)
    few = wanted.levels == 256 and x.size and x.max() <= 1
    warning = f"{name} holds 0 and 1 alone, of 256 levels: if these are black and white, multiply by 255"
    return Samples(name, np.ascontiguousarray(x, found.storage), found, (warning,) if few else ())


def unlike(samples: Samples, space: Space) -> GenbenchError:
    """The error for samples that lie in another Space than what they are compared with."""
    return GenbenchError(
        f"{samples.name} holds samples {Space(samples.space.shape, samples.space.levels)}, and what they are compared "
        f"with is {Space(space.shape, space.levels)}; sizes and channels have to agree (nothing is resized here)"
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
