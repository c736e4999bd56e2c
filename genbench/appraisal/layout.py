"""Layout: which axis of an array of samples is which. What can be read in two ways is refused."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError

CHANNELS = (1, 3)  # of images: grey and colour
MOST = 4  # channels that an image file may have; a last axis of so many is one of channels
LAYOUTS = "[N, H, W], [N, H, W, C] or [N, C, H, W]"


def arranged(name: str, x: NDArray[Any], shape: tuple[int, ...] | None) -> NDArray[Any]:
    """The samples as [N, *shape], or [N, C, H, W] where they may have any shape; a view.

    Args:
        name: of the samples, for messages.
        x: [N, H, W], [N, H, W, C] or [N, C, H, W]; where the shape is given, [N, *shape] too.
        shape: that each sample has to have; None: that of an image with one or three channels.
    Raises:
        GenbenchError: no reading of the axes gives that shape, or two do.
    """
    written = f"[{', '.join(map(str, x.shape))}]"
    if shape is None and x.ndim == 3 and x.shape[2] <= MOST:
        raise GenbenchError(f"{name} is {written}, which reads as one image, expected {LAYOUTS}; stack several")
    found = [view for view in _readings(x) if _fits(view.shape[1:], shape)]
    if not found:
        wanted = LAYOUTS if shape is None else f"samples of {'×'.join(map(str, shape))}"
        extra = ", with one channel or three" if shape is None else " (--resize NAME brings images to this size)"
        raise GenbenchError(f"{name} is {written}, expected {wanted}{extra}")
    if len(found) > 1:
        raise GenbenchError(
            f"{name} is {written}, which may be [N, C, H, W] or [N, H, W, C]; "
            "save images as PNG files in a folder, which leaves no doubt"
        )
    return found[0]


def _readings(x: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The array as it is, with its last axis as channels, with a channel added."""
    if x.ndim > 1:
        yield x
    if x.ndim == 4 and set(x.shape[1:]) != {1}:  # a single entry has one reading
        yield np.moveaxis(x, 3, 1)
    if x.ndim == 3:
        yield x[:, None]


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...] | None) -> bool:
    return shape == wanted if wanted is not None else len(shape) == 3 and shape[0] in CHANNELS and 0 not in shape
