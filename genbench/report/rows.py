"""Rows: in which order a board's table shows candidates and controls, and under which address each is found."""

from collections.abc import Mapping

from genbench.leaderboard import Leaderboard, Row
from genbench.records.kinds import ControlKind
from genbench.report.site import slug


def controls(board: Leaderboard) -> list[Row]:
    """The controls, the ceiling first."""
    return sorted(board.controls, key=lambda row: row.control is not ControlKind.CEILING)


def numbers(board: Leaderboard) -> Mapping[str, int]:
    """By name of a candidate or control, the number of its row, from 1."""
    return {row.name: i for i, row in enumerate((*board.rows, *controls(board)), 1)}


def ids(board: Leaderboard) -> Mapping[str, str]:
    """By name, the id of its row: the same one when others join the board."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in numbers(board):
        own = f"row-{slug(name)}"
        while own in taken:  # a stranger may have spelt out another one's hash
            own += "-"
        taken.add(own)
        found[name] = own
    return found
