"""Texts: what a page shows of sequences of symbols."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from genbench.builtin.notation.abc import serves
from genbench.builtin.notation.roll import rolls
from genbench.files.sequences import lines
from genbench.records.record import Exhibit
from genbench.records.space import Space


def texts(rows: NDArray[Any], space: Space) -> Mapping[str, Exhibit]:
    """`lines` of rows [N, D] of a Space with symbols, and of tunes `rolls`, their first ones as piano rolls."""
    if space.symbols is None:
        raise ValueError(f"{space} has no symbols")
    told = lines(rows, space.symbols, space.end)
    return {"lines": told, "rolls": rolls(told)} if serves(space) else {"lines": told}
