"""Home: the kind of machine by which a board ranks speeds, where its records come from several."""

from collections.abc import Sequence
from dataclasses import replace

from genbench.leaderboard.row import Row

MIXED_SPEEDS = "speeds of several machines are not ranked against each other"


def home(rows: Sequence[Row]) -> str:
    """The kind of machine that more than half of the fits were timed on, at all of their seeds; "" where there is none.

    Where all were timed on one kind it is that. Fits are counted and not candidates, so that one of many presets weighs
    no more than another; and of them those alone that a gate lets through and whose speeds hold at some preset.
    """
    every = sorted({name for row in rows for name in row.hardware})
    if len(every) == 1:
        return every[0]
    fits: dict[str, set[str]] = {}
    for row in rows:
        if row.hardware and not row.bar and not row.void:
            fits.setdefault(row.model.reference, set()).update(row.hardware)
    kinds = [next(iter(own)) for own in fits.values() if len(own) == 1]
    most = max(sorted({*kinds}), key=kinds.count, default="")
    return most if 2 * kinds.count(most) > len(fits) else ""


def placed_by_machine(rows: Sequence[Row]) -> list[Row]:
    """The candidates, those marked whose speeds are not ranked: of another machine than the home; all without one."""
    known = home(rows)
    return [replace(row, elsewhere=_elsewhere(row, known)) if row.hardware else row for row in rows]


def _elsewhere(row: Row, known: str) -> str:
    if not known:
        return MIXED_SPEEDS
    return "" if row.hardware == (known,) else f"timed on {' and '.join(row.hardware)}, where most others on {known}"
