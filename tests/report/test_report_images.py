import base64
import io
import struct
import zlib

import pytest
from pages import encoded
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from records import grid

from genbench.report import images


def test_a_grid_is_encoded_anew_without_anything_but_its_pixels() -> None:
    out = io.BytesIO()
    secret = Image.new("L", (8, 8), 77)
    info = PngInfo()
    info.add_text("comment", "<script>alert(1)</script>")
    secret.save(out, "PNG", pnginfo=info)
    shown = images.grid(base64.b64encode(out.getvalue()).decode())
    assert isinstance(shown, images.Grid)
    data = base64.b64decode(shown.address.partition(",")[2])
    assert b"alert" in out.getvalue()
    assert b"alert" not in data
    assert Image.open(io.BytesIO(data)).tobytes() == secret.tobytes()
    assert (shown.width, shown.height) == (8, 8)


def claiming(side: int) -> str:
    """A PNG of 8×8 pixels whose header claims `side` × `side`."""
    data = bytearray(base64.b64decode(encoded(Image.new("L", (8, 8)))))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (claiming(10_000), "larger than 1048576 pixels"),
        (claiming(100_000), "larger than 1048576 pixels"),
        ("", "no samples in the record"),
        ("not base64!", "not a PNG image"),
        (base64.b64encode(b"<svg onload=alert(1)>").decode(), "not a PNG image"),
        (encoded(Image.new("L", (8, 8)), "GIF"), "not a PNG image"),
        (grid()[:200], "not a PNG image"),
        (encoded(Image.new("1", (4000, 4000))), "larger than 1048576 pixels"),
        (encoded(Image.effect_noise((400, 400), 90.0)), "larger than 98304 bytes"),
    ],
)
def test_what_is_no_small_png_is_not_shown(value: str, reason: str) -> None:
    assert images.grid(value) == reason


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_mode_is_shown(mode: str) -> None:
    assert isinstance(images.grid(encoded(Image.new(mode, (8, 8)))), images.Grid)


def test_a_grid_that_is_too_large_loses_its_last_rows_and_columns_of_samples() -> None:
    noise = Image.effect_noise((8 * 33 - 1, 8 * 33 - 1), 90.0)
    album = images.Album(40, tile=(32, 32))
    shown = album.shown(encoded(noise))
    assert isinstance(shown, images.Grid)
    data = base64.b64decode(shown.address.partition(",")[2])
    assert len(data) <= images.SITE // 40
    assert (shown.width + 1) % 33 == (shown.height + 1) % 33 == 0
    assert Image.open(io.BytesIO(data)).tobytes() == noise.crop((0, 0, shown.width, shown.height)).tobytes()
