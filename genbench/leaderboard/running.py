"""Who is in the running: what is hardly better than noise decides no verdict and costs the others no power."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genbench.leaderboard.anchors import control
from genbench.leaderboard.row import Column, Row
from genbench.leaderboard.statistics import Contest, upper
from genbench.records.kinds import Axis, ControlKind, Direction

SHARE = 0.5  # of what held-out real data have, at least
CONFIDENCE = 0.95  # of the bound on what a candidate has
SIDES = (Axis.QUALITY, Axis.COVERAGE)


@dataclass(frozen=True)
class Guard:
    """What bars a candidate from an axis on which it has a score: not beating the floor in another one."""

    column: Column
    """Of the score in which the floor is to be beaten."""
    limit: float
    """What the floor has there."""
    floor: str
    """The floor's name."""

    def barred(self, row: Row) -> str:
        """Why a row is off the axis; "" where it is not."""
        value = row.cells[self.column.name].mean
        if value is None or self.column.oriented(value) > self.column.oriented(self.limit):
            return ""
        side = "below" if self.column.direction is Direction.LOWER else "above"
        title = self.column.title
        return f"off this axis: its {title} of {value:.3g} is not {side} {self.limit:.3g}, that of {self.floor}"


def guard_of(column: Column, known: Mapping[str, Column], controls: Sequence[Row]) -> Guard | None:
    """What guards an axis whose score is `column`; None without a guard, or without a floor that has that score."""
    name = f"{column.guard}@{column.features}" if column.features else column.guard
    floor = control(controls, ControlKind.FLOOR)
    value = floor.cells[name].mean if floor and name in known else None
    return Guard(known[name], value, floor.name) if floor and value is not None else None


def outsiders(contest: Contest, columns: Mapping[str, Column], ceiling: Row | None) -> dict[str, str]:
    """By candidate of the contest that is out of the running, why.

    The 95 % upper bound of its mean quality or coverage lies below half of what the ceiling, held-out real data, has.
    On a board without tests the mean itself is compared. Without a ceiling all are in the running.
    """
    found: dict[str, str] = {}
    for axis, column in columns.items():
        held = ceiling.cells[column.name].mean if ceiling else None
        if ceiling and held is not None and column.axis in SIDES and column.direction is Direction.HIGHER:
            own = _below(contest, axis, SHARE * held)
            words = f"less than half of {held:.3g}, that of {ceiling.name}"
            found = {name: f"its {column.title} is {most}, {words}" for name, most in own.items()} | found
    return found


def _below(contest: Contest, axis: str, limit: float) -> dict[str, str]:
    """By candidate that does not reach `limit` on an axis, what it reaches."""
    ruler, groups = contest.axes[axis], contest.groups[axis]
    position = ruler.position(limit)
    reach = {name: _reach(contest, axis, name) for name in groups}
    words = "at most " if contest.tested else ""
    return {
        name: f"{words}{ruler.value(most):.2g}"
        for name, most in reach.items()
        if position is not None and most < position
    }


def _reach(contest: Contest, axis: str, name: str) -> float:
    groups = contest.groups[axis]
    if not contest.tested:
        return sum(groups[name]) / len(groups[name])
    return upper(contest.spreads[axis], groups, name, CONFIDENCE)
