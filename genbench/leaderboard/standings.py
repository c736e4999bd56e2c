"""Standings: candidates on the three axes, behind the gates: ranks, tiers, the front, the volume and the verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from genbench.leaderboard.anchors import FLOOR, Anchors, anchors, control
from genbench.leaderboard.row import Column, Place, Row
from genbench.leaderboard.statistics import (
    Axis,
    Contest,
    Replicates,
    Scale,
    Verdict,
    hypervolume,
    pareto_front,
    replicates,
    verdict,
)

AXES = ("quality", "coverage", "speed")
SCALES = {
    **dict.fromkeys(("clipped-density", "clipped-coverage", "precision", "recall", "coverage"), Scale.SHARE),
    **dict.fromkeys(("fd", "mind"), Scale.DISTANCE),
}


@dataclass(frozen=True)
class Standings:
    """Who stands where.

    Args:
        rows: the candidates; controls: the controls, which give the axes their ends and are not ranked.
        columns: the score of each axis.
        lacking: by axis that cannot be ranked, why.
    """

    rows: Sequence[Row]
    controls: Sequence[Row]
    columns: Mapping[str, Column]
    lacking: Mapping[str, str]

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        controls: Sequence[Row],
        columns: Sequence[Column],
        axes: Mapping[str, str],
        alike: bool,
    ) -> "Standings":
        """The standings of a board's rows.

        Args:
            axes: the name of each axis's score.
            alike: all speeds come from one kind of machine.
        """
        known = {column.name: column for column in columns if column.direction}
        found = {axis: known[axes[axis]] for axis in AXES if axes.get(axis) in known}
        lacking = {axis: f"no candidate has a score of {axis}" for axis in AXES if axis not in found}
        if "speed" in found and not alike:
            lacking["speed"] = "speeds of several machines are not ranked against each other"
            del found["speed"]
        return cls(rows, controls, found, lacking)

    @cached_property
    def contest(self) -> Contest:
        """The ranked candidates; places where one is not ranked are None."""
        axes = {axis: Axis(_scale(column), column.direction == "higher") for axis, column in self.columns.items()}
        ranked = [row for row in self.rows if row.ok and not row.gate.flagged]
        seeds = {row.name: self._positions(row, axes) for row in ranked}
        return Contest(axes, {name: found for name, found in seeds.items() if _known(found)})

    def _positions(self, row: Row, axes: Mapping[str, Axis]) -> list[list[float | None]]:
        barred = {axis for axis in axes if self._barred(row, axis)}
        found: list[list[float | None]] = []
        for result in row.ok:
            scores = {axis: result.candidate["scores"].get(column.name) for axis, column in self.columns.items()}
            values = {axis: None if axis in barred or not score else score["value"] for axis, score in scores.items()}
            found.append([None if (v := values[axis]) is None else axes[axis].position(v) for axis in axes])
        return found

    def _barred(self, row: Row, axis: str) -> str:
        """Why a row is off an axis on which it has a score; "" where it is not."""
        guard = self.guard
        distance = row.cells[guard[0]].mean if guard else None
        if axis == "quality" and guard and distance is not None and distance >= guard[1]:
            return f"off this axis: its FD of {distance:.3g} is not below {guard[1]:.3g}, that of {FLOOR}"
        return ""

    @cached_property
    def guard(self) -> tuple[str, float] | None:
        """The score, of the same features, and the value below which a candidate's quality counts."""
        name = "fd@" + self.columns["quality"].name.partition("@")[2] if "quality" in self.columns else ""
        floor = control(self.controls, FLOOR)
        value = floor.cells[name].mean if floor and name in floor.cells else None
        return None if value is None else (name, value)

    @cached_property
    def contenders(self) -> list[str]:
        """The candidates that are ranked on all three axes, in the order of quality."""
        groups = self.contest.groups
        if len(groups) < len(AXES):
            return []
        return [name for name in self.contest.order("quality") if all(name in group for group in groups.values())]

    @cached_property
    def replicates(self) -> Replicates | None:
        """Seed-bootstrap replicates; None where no spread is known."""
        return replicates(self.contest) if self.contest.tested else None

    @cached_property
    def verdict(self) -> Verdict:
        """Whether one candidate wins on all axes; by the margins alone where seeds tell no spread."""
        return verdict(self.contest, self.contenders)

    @cached_property
    def with_margins(self) -> Verdict:
        """The same of differences that exceed the axes' margins."""
        return verdict(self.contest, self.contenders, margins=True)

    @cached_property
    def _places(self) -> Mapping[str, Mapping[str, Place]]:
        """By axis and candidate."""
        found = {}
        comparisons = self.contest.comparisons(margins=False) if self.contest.tested else []
        for axis in self.columns:
            order = self.contest.order(axis)
            tiers = self.contest.tiers(axis, comparisons) if self.contest.tested else {}
            ranks = self.replicates.ranks[axis] if self.replicates else {}
            found[axis] = {name: Place(rank, tiers.get(name), ranks.get(name)) for rank, name in enumerate(order, 1)}
        return found

    def _place(self, row: Row, axis: str) -> Place:
        if axis in self.lacking:
            return Place(missing=self.lacking[axis])
        if row.gate.flagged:
            return Place(missing="not ranked: flagged as a copy")
        cell = row.cells[self.columns[axis].name]
        off = "" if cell.mean is None else self._barred(row, axis) or "off this axis: outside of its scale"
        return self._places[axis].get(row.name) or Place(missing=cell.missing or off)

    @cached_property
    def placed(self) -> tuple[Row, ...]:
        """The candidates with their places, in the order of quality; those that are not ranked last."""
        front = self._front()
        shares = self.replicates.front if self.replicates else {}

        def with_place(row: Row) -> Row:
            places, name = {axis: self._place(row, axis) for axis in AXES}, row.name
            volume = math.prod(self._anchored(row)) if name in front and self.anchors else None
            return replace(row, places=places, front=front.get(name), front_share=shares.get(name), volume=volume)

        def key(row: Row) -> tuple[bool, float, str]:
            rank = row.places["quality"].rank
            return row.missing != "", math.inf if rank is None else rank, row.name

        return tuple(sorted(map(with_place, self.rows), key=key))

    def _front(self) -> dict[str, bool]:
        """By contender, whether its means are on the front."""
        groups = self.contest.groups.values()
        means = [[math.fsum(group[name]) / len(group[name]) for group in groups] for name in self.contenders]
        return dict(zip(self.contenders, pareto_front(means), strict=True))

    @cached_property
    def anchors(self) -> Anchors | None:
        """What is 0 and 1 on each axis; None where a control is not there that says so."""
        return anchors(self.controls, self.columns)

    def _anchored(self, row: Row) -> list[float]:
        known = self.anchors
        means = {axis: row.cells[column.name].mean for axis, column in self.columns.items()}
        return [known.share(axis, mean) for axis, mean in means.items() if known and mean is not None]

    @cached_property
    def volume(self) -> float | None:
        """The share in [0, 1] of the cube that the candidates dominate together; None without anchors or contenders."""
        points = [self._anchored(row) for row in self.rows if row.name in self.contenders]
        return hypervolume(points) if points and self.anchors else None


def _known(seeds: Sequence[Sequence[float | None]]) -> bool:
    return any(position is not None for positions in seeds for position in positions)


def _scale(column: Column) -> Scale:
    if column.axis == "speed":
        return Scale.SPEED
    return SCALES.get(column.name.partition("@")[0], Scale.PLAIN)
