"""Piano rolls: tunes as bars whose height is the pitch and whose width is the time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.notation.abc import Tune, read
from genbench.files.picture import RULE, encoded, tiled

COLUMNS, TUNES = 2, 8  # of the picture
LOWEST, HIGHEST = -8, 30  # semitones above middle C: what a fiddle plays, and a little more
SEMITONE, WHOLE = 2, 24  # pixels
WIDTH = 16 * WHOLE
UNREAD = 232  # grey of what is no tune
NEXT = 1  # pixel between two notes


def roll(tune: Tune | None) -> NDArray[np.uint8]:
    """A tune's first 16 whole notes, in black on white, a grey line where a bar begins: [H, W]; all grey for None."""
    height = SEMITONE * (HIGHEST - LOWEST + 1)
    if tune is None:
        return np.full((height, WIDTH), UNREAD, np.uint8)
    picture = np.full((height, WIDTH), 255, np.uint8)
    starts = np.cumsum([0.0] + [bar.length for bar in tune.bars])
    picture[:, [place for start in starts if (place := round(start * WHOLE)) < WIDTH]] = RULE
    for note in tune.notes:
        top = SEMITONE * (HIGHEST - min(max(note.pitch, LOWEST), HIGHEST))
        first, last = (round(time * WHOLE) for time in (note.start, note.start + note.length))
        picture[top : top + SEMITONE, first : max(last - NEXT, first + 1)] = 0
    return picture


def rolls(lines: Sequence[str]) -> str:
    """The piano rolls of the first lines, uncurated, two beside each other, as a base64 PNG."""
    return encoded(tiled(np.stack([roll(read(line)) for line in lines[:TUNES]]), COLUMNS))
