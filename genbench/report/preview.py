"""The preview: a board as a picture for who shows a link; samples of its first candidate beside real data."""

import io

from genbench.leaderboard import Leaderboard, Row
from genbench.leaderboard.anchors import control
from genbench.records.kinds import ControlKind
from genbench.report.images import BYTES, Png, encoded_png, png

SIZE = 1200, 630  # pixels, as previews are shown
GAP = 24
GROUND = 24  # the grey around


def preview(board: Leaderboard, tile: tuple[int, int] | None) -> bytes | None:
    """A PNG of the first candidate's samples that can be shown, and beside them real data; None where there are none.

    Args:
        tile: height and width in pixels of a sample, by which too large a picture is cut.
    """
    ceiling = control(board.controls, ControlKind.CEILING)
    own = next((found for row in board.rows if (found := _samples(row, tile))), None)
    real = _samples(ceiling, tile) if ceiling else None
    return _sheet([picture for picture in (own, real) if picture]) if own else None


def _samples(row: Row, tile: tuple[int, int] | None) -> Png | None:
    own = row.ok[0].candidate.exhibits.values() if row.ok else ()
    encoded = next((exhibit for exhibit in own if isinstance(exhibit, str)), "")
    found = png(encoded, BYTES, tile)
    return found if isinstance(found, Png) else None


def _sheet(pictures: list[Png]) -> bytes:
    """The pictures beside each other, at the largest whole multiple of their pixels that there is room for."""
    from PIL import Image  # here, so that a board without a page needs no Pillow

    width, height = SIZE
    room = (width - GAP * (len(pictures) + 1)) // len(pictures), height - 2 * GAP
    sheet = Image.new("RGB", SIZE, (GROUND,) * 3)
    for place, picture in enumerate(pictures):
        with Image.open(io.BytesIO(picture.data)) as image:
            times = max(1, min(room[0] // image.width, room[1] // image.height))
            drawn = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST).convert("RGB")
        left = GAP + place * (room[0] + GAP) + max(0, room[0] - drawn.width) // 2
        sheet.paste(drawn, (left, max(0, height - drawn.height) // 2))
    grey = sheet.convert("L")
    return encoded_png(grey if grey.convert("RGB").tobytes() == sheet.tobytes() else sheet)
