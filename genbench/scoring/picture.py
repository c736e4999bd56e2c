"""Pictures of samples: a base64 PNG that we draw from checked arrays, pixel by pixel."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.records.space import Space

GRID = 8  # samples a side on the board's picture
LARGEST = 128  # pixels a side of a sample that is shown at all


def grid(samples: NDArray[Any], space: Space) -> str | None:
    """The first samples, uncurated, side by side, as a base64 PNG; None where they are no images."""
    rows = min(GRID, len(samples) // GRID) or 1
    return drawn(samples[: rows * GRID], GRID, space)


def drawn(samples: NDArray[Any], columns: int, space: Space) -> str | None:
    """Samples [N, C, H, W] in rows of `columns`, as a base64 PNG; None where they are no images, or large ones."""
    if not space.is_image or space.levels is None or max(space.shape[1:]) > LARGEST or not len(samples):
        return None
    from PIL import Image

    channels, height, width = space.shape
    rows = -(-len(samples) // columns)
    tiles = np.zeros((rows * columns, channels, height + 1, width + 1))  # a line of one pixel between two samples
    tiles[: len(samples), :, :height, :width] = samples.astype(np.float64) * 255 / (space.levels - 1 or 1)
    picture = tiles.reshape(rows, columns, channels, height + 1, width + 1).transpose(0, 3, 1, 4, 2)
    pixels = picture.reshape(rows * (height + 1), columns * (width + 1), channels)[:-1, :-1].round().astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
