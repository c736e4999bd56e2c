"""Table: a board as typed columns, a row a candidate, as `Leaderboard.frame` has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from genbench.leaderboard import Leaderboard

Item = bool | int | float | str | list[str] | list[int] | None


class Kind(Enum):
    """What a column holds; a cell may be None."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole"
    TRUTH = "truth"
    TEXTS = "texts"
    WHOLES = "wholes"


NUMERIC = {"Float64": Kind.NUMBER, "Int64": Kind.WHOLE, "bool": Kind.TRUTH}
OTHERS = {"front": Kind.TRUTH, "hardware": Kind.TEXTS, "seeds_ok": Kind.WHOLES, "seeds_failed": Kind.WHOLES}


@dataclass(frozen=True)
class Table:
    """A board's rows, candidates first, then controls."""

    names: tuple[str, ...]
    """Of the columns."""
    kinds: tuple[Kind, ...]
    """Theirs."""
    rows: tuple[Sequence[Item], ...]
    """In the order of the columns."""


def table(board: Leaderboard) -> Table:
    """The board's frame with the candidate's name as its first column."""
    frame = board.frame().reset_index()
    names = tuple(map(str, frame.columns))
    types = map(str, frame.dtypes)
    kinds = tuple(OTHERS.get(name) or NUMERIC.get(kind, Kind.TEXT) for name, kind in zip(names, types, strict=True))
    plain = frame.astype(object).where(frame.notna(), None)
    return Table(names, kinds, tuple(plain.itertuples(index=False, name=None)))
