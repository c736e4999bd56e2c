"""Pictures of samples: a base64 PNG that we draw from checked arrays, pixel by pixel."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID = 8  # samples a side on the board's picture
LARGEST = 128  # pixels a side of a sample that is shown at all


def grid(samples: NDArray[Any], levels: int | None) -> str | None:
    """The first samples, uncurated, side by side, as a base64 PNG; None where they are no images."""
    rows = min(GRID, len(samples) // GRID) or 1
    return drawn(samples[: rows * GRID], GRID, levels)


def drawn(samples: NDArray[Any], columns: int, levels: int | None) -> str | None:
    """Samples in rows of `columns`, as a base64 PNG.

    Args:
        samples: [N, C, H, W] integers in [0, levels), grey (C = 1) or RGB (C = 3), of at most 128 pixels a side.
        columns: at least 1; the last row may be short.
        levels: None: they are real numbers.
    Returns:
        None where they are no such images, or none at all.
    """
    if samples.ndim != 4 or samples.shape[1] not in (1, 3) or levels is None:
        return None
    if not len(samples) or max(samples.shape[2:]) > LARGEST:
        return None
    from PIL import Image

    channels, height, width = samples.shape[1:]
    rows = -(-len(samples) // columns)
    tiles = np.zeros((rows * columns, channels, height + 1, width + 1))  # a line of one pixel between two samples
    tiles[: len(samples), :, :height, :width] = samples.astype(np.float64) * 255 / (levels - 1 or 1)
    picture = tiles.reshape(rows, columns, channels, height + 1, width + 1).transpose(0, 3, 1, 4, 2)
    pixels = picture.reshape(rows * (height + 1), columns * (width + 1), channels)[:-1, :-1].round().astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
