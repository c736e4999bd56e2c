"""Pictures: a stranger's PNG is decoded and encoded anew, so that only pixels reach a page."""

import base64
import binascii
import hashlib
import io
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from genbench.records.record import Exhibit

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS = 2**20  # of a picture, at most
BYTES = 96 * 1024  # of a picture's PNG, at most
SITE = 1_600_000  # bytes of all pictures of a site
FOLDER = "images"
LINES = 64  # of text, at most


@dataclass(frozen=True)
class Grid:
    """A PNG by its address, a `data:` one or that of a file beside the page, with its size in pixels."""

    address: Markup
    width: int
    height: int


@dataclass(frozen=True)
class Lines:
    """Text of a stranger, a line each: the page escapes it, clips it, and spells out what hides or reorders others."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Png:
    """A picture of ours: its bytes, its size in pixels, and the hash of its pixels, whatever packs them."""

    data: bytes
    width: int
    height: int
    sha256: str


@dataclass
class Album:
    """The pictures of a site: files beside its pages, or parts of a page by itself.

    Args:
        count: how many pictures there may be; each gets an equal share of the site's bytes.
        tile: height and width in pixels of a sample in a grid, by which a grid is cut where it is too large.
        root: the way from the page to the site's folder; None: the page is by itself and holds its pictures.
        files: bytes by path relative to the site's folder.
    """

    count: int = 1
    tile: tuple[int, int] | None = None
    root: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    _known: dict[tuple[str, tuple[int, int] | None], Png | str] = field(default_factory=dict)

    def seen_from(self, root: str | None, tile: tuple[int, int] | None) -> "Album":
        """The same album for another page, of another tile."""
        return replace(self, root=root, tile=tile)

    def exhibited(self, exhibit: Exhibit) -> Grid | Lines | str:
        """A picture with a place on the site, or text, or why it is not shown."""
        if isinstance(exhibit, str):
            return self.shown(exhibit)
        return Lines(exhibit[:LINES]) if exhibit else "no samples in the record"

    def shown(self, encoded: str) -> Grid | str:
        """A picture with a place on the site, or why it is not shown."""
        key = encoded, self.tile
        if key not in self._known:
            self._known[key] = png(encoded, min(BYTES, SITE // max(1, self.count)), self.tile)
        found = self._known[key]
        if isinstance(found, str):
            return found
        if self.root is None:
            return grid_of(found)
        path = f"{FOLDER}/{found.sha256[:16]}.png"
        self.files[path] = found.data
        return Grid(Markup(self.root + path), found.width, found.height)  # of our own making


def grid(encoded: str) -> Grid | str:
    """The picture that the base64 PNG `encoded` shows, without anything but its pixels; or why it is not shown."""
    found = png(encoded, BYTES, None)
    return found if isinstance(found, str) else grid_of(found)


def grid_of(found: Png) -> Grid:
    """A PNG of ours as a part of the page."""
    address = Markup("data:image/png;base64," + base64.b64encode(found.data).decode())
    return Grid(address, found.width, found.height)


def png(encoded: str, limit: int, tile: tuple[int, int] | None) -> Png | str:
    """The pixels of a base64 PNG as a new PNG of at most `limit` bytes; or why not."""
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
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"larger than {PIXELS} pixels"
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        return "not a PNG image"
    return _within(pixels, limit, tile)


def _within(image: "Image", limit: int, tile: tuple[int, int] | None) -> Png | str:
    """The picture, without the last rows and columns of its samples where it would be larger than `limit` bytes."""
    sides = [(image.width, image.height)]
    if tile and 0 < max(tile) < max(image.size):
        height, width = (side + 1 for side in tile)  # a line of one pixel between two samples
        most = max(image.width // width, image.height // height) + 1
        sides += [(min(n * width - 1, image.width), min(n * height - 1, image.height)) for n in range(most - 1, 0, -1)]
    for side in sides:
        part = image.crop((0, 0, *side))
        data = encoded_png(part)
        if len(data) <= limit:
            return Png(data, *side, hashlib.sha256(f"{part.mode} {side}".encode() + part.tobytes()).hexdigest())
    return f"larger than {limit} bytes"


def encoded_png(image: "Image") -> bytes:
    """An image as a PNG without anything but its pixels."""
    from PIL import Image

    out = io.BytesIO()
    Image.frombytes(image.mode, image.size, image.tobytes()).save(out, "PNG", optimize=True)
    return out.getvalue()
