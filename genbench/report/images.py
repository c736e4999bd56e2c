"""Sample grids: a stranger's PNG is decoded and encoded anew, so that only pixels reach a page."""

import base64
import binascii
import io
import warnings
from dataclasses import dataclass

from markupsafe import Markup

PIXELS = 2**20  # of a grid, at most
BYTES = 96 * 1024  # of a grid's PNG, at most


@dataclass(frozen=True)
class Grid:
    """A PNG as a `data:` address, with its size in pixels."""

    address: Markup
    width: int
    height: int


def grid(encoded: str) -> Grid | str:
    """The grid that the base64 PNG `encoded` shows, without anything but its pixels; or why it is not shown."""
    from PIL import Image, UnidentifiedImageError  # here, so that a board without a page needs no Pillow

    if not encoded:
        return "no samples in the record"
    try:
        data = base64.b64decode(encoded, validate=True)
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            image = Image.open(io.BytesIO(data), formats=["PNG"])
        if image.width * image.height > PIXELS:
            return f"larger than {PIXELS} pixels"
        pixels = image.convert("L" if image.mode in ("1", "L", "I;16", "I") else "RGB")
        out = io.BytesIO()
        Image.frombytes(pixels.mode, pixels.size, pixels.tobytes()).save(out, "PNG", optimize=True)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"larger than {PIXELS} pixels"
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        return "not a PNG image"
    if out.tell() > BYTES:
        return f"larger than {BYTES} bytes"
    return Grid(Markup("data:image/png;base64," + base64.b64encode(out.getvalue()).decode()), *pixels.size)
