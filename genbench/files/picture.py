"""Pictures of samples: a base64 PNG that we draw from checked arrays, pixel by pixel."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID = 8  # samples a side on the board's picture
LARGEST = 128  # pixels a side of a sample that is shown at all
CURVES = 4  # series a side of the board's picture
PANEL = (60, 96)  # pixels, height and width, of a series
RULE = 200  # grey of a line that is no sample's


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

    channels, height, width = samples.shape[1:]
    rows = -(-len(samples) // columns)
    tiles = np.zeros((rows * columns, channels, height + 1, width + 1))  # a line of one pixel between two samples
    tiles[: len(samples), :, :height, :width] = samples.astype(np.float64) * 255 / (levels - 1 or 1)
    picture = tiles.reshape(rows, columns, channels, height + 1, width + 1).transpose(0, 3, 1, 4, 2)
    pixels = picture.reshape(rows * (height + 1), columns * (width + 1), channels)[:-1, :-1].round().astype(np.uint8)
    return encoded(pixels[:, :, 0] if channels == 1 else pixels)


def encoded(pixels: NDArray[np.uint8]) -> str:
    """Grey [H, W] or RGB [H, W, 3] pixels as a base64 PNG."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def tiled(panels: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Grey panels [N, H, W] in rows of `columns`, with a grey line of a pixel between two: [H', W']."""
    count, height, width = panels.shape
    rows = -(-count // columns)
    tiles = np.full((rows * columns, height + 1, width + 1), RULE, np.uint8)
    tiles[:count, :height, :width] = panels
    picture = tiles.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    found: NDArray[np.uint8] = picture.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]
    return found


def curves(x: NDArray[Any]) -> str | None:
    """The first series of real numbers [N, L], uncurated, each over its places, as a base64 PNG; None where none is.

    All have one scale, from the least to the largest number of any of them; a grey line stands at 0.
    """
    if x.ndim != 2 or x.shape[1] < 2 or not len(x):
        return None
    from PIL import Image, ImageDraw

    shown = x[: CURVES * CURVES].astype(np.float64)
    low, high = min(shown.min(), 0.0), max(shown.max(), 0.0)
    height, width = PANEL
    down = (height - 1) * (high - np.append(shown, np.zeros((len(shown), 1)), axis=1)) / (high - low or 1)
    across = np.linspace(0, width - 1, x.shape[1])
    panels = []
    for row in down:
        panel = Image.new("L", (width, height), 255)
        pen = ImageDraw.Draw(panel)
        pen.line([(0, row[-1]), (width - 1, row[-1])], fill=RULE)
        pen.line(list(zip(across.tolist(), row[:-1].tolist(), strict=True)), fill=0)
        panels.append(np.asarray(panel))
    return encoded(tiled(np.stack(panels), CURVES))
