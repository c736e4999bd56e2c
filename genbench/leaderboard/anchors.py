"""Anchors: what is 0 and what is 1 on each axis, so that volumes of different boards of one protocol compare."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genbench.leaderboard.row import Column, Row
from genbench.records.kinds import Axis, ControlKind, Direction

DECADES = 5  # of a speed, from 1 to 10^5 of its unit: 0 and 1


@dataclass(frozen=True)
class Anchors:
    """The values that are 0 and 1 on each axis: fixed ones of speeds, else those of the floor and the ceiling."""

    columns: Mapping[str, Column]
    ends: Mapping[str, tuple[float, float]]
    floor: str
    """The control's name."""
    ceiling: str
    """The control's name."""

    def share(self, axis: str, value: float) -> float:
        """Where `value` stands between the ends of the axis, in [0, 1]."""
        low, high = self.ends[axis]
        if self.columns[axis].axis is Axis.SPEED:
            found = math.log10(value / low) / math.log10(high / low) if value > 0 else 0.0
        else:
            found = (value - low) / (high - low)
        return min(1.0, max(0.0, found))


def anchors(controls: Sequence[Row], columns: Mapping[str, Column]) -> Anchors | None:
    """The anchors of the axes' scores; None where a control is not there, or both have the same value."""
    floor, ceiling = control(controls, ControlKind.FLOOR), control(controls, ControlKind.CEILING)
    if not floor or not ceiling:
        return None
    ends = {}
    for axis, column in columns.items():
        low, high = (row.cells[column.name].mean for row in (floor, ceiling))
        if column.axis is Axis.SPEED:
            ends[axis] = 1.0, 10.0 ** (-DECADES if column.direction is Direction.LOWER else DECADES)
        elif low is not None and high is not None and low != high:
            ends[axis] = low, high
    return Anchors(columns, ends, floor.name, ceiling.name) if set(ends) == set(columns) else None


def control(controls: Sequence[Row], kind: ControlKind) -> Row | None:
    """The first control of this kind that has a result."""
    return next((row for row in controls if row.control is kind and row.ok), None)
