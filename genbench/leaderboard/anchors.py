"""Anchors: what is 0 and what is 1 on each axis, so that volumes of different boards of one protocol compare."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genbench.leaderboard.row import Column, Row

FLOOR, CEILING = "independent-pixels", "real-held-out"  # the controls that are 0 and 1 on quality and coverage
DECADES = 5  # of images/s, from 1 to 10^5: 0 and 1 of speed


@dataclass(frozen=True)
class Anchors:
    """By axis but speed, the values of independent pixels and of real held-out data."""

    ends: Mapping[str, tuple[float, float]]

    def share(self, axis: str, value: float) -> float:
        """Where `value` stands between the ends of the axis, in [0, 1]."""
        if axis == "speed":
            found = math.log10(value) / DECADES if value > 0 else 0.0
        else:
            low, high = self.ends[axis]
            found = (value - low) / (high - low)
        return min(1.0, max(0.0, found))


def anchors(controls: Sequence[Row], columns: Mapping[str, Column]) -> Anchors | None:
    """The anchors of the axes' scores; None where a control is not there, or both have the same value."""
    floor, ceiling = control(controls, FLOOR), control(controls, CEILING)
    ends = {}
    for axis, column in columns.items():
        low, high = (row.cells[column.name].mean if row else None for row in (floor, ceiling))
        if axis != "speed" and low is not None and high is not None and low != high:
            ends[axis] = low, high
    return Anchors(ends) if set(columns) <= {*ends, "speed"} else None


def control(controls: Sequence[Row], name: str) -> Row | None:
    """The control of this name, where it has a result."""
    return next((row for row in controls if row.name == name and row.ok), None)
