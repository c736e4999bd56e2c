"""Standings: candidates on a task's axes, behind the gates: ranks, tiers, the front, the volume and the verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from genbench.leaderboard.anchors import Anchors, anchors, control
from genbench.leaderboard.home import MIXED_SPEEDS
from genbench.leaderboard.row import SAMPLES_ONLY, Column, Place, Row
from genbench.leaderboard.running import Guard, guard_of, outsiders
from genbench.leaderboard.statistics import (
    ENOUGH,
    Contest,
    Replicates,
    Ruler,
    Verdict,
    hypervolume,
    pareto_front,
    replicates,
    verdict,
)
from genbench.records.audits import Assurance
from genbench.records.kinds import Axis, ControlKind


@dataclass(frozen=True)
class Standings:
    """Who stands where."""

    rows: Sequence[Row]
    """The candidates."""
    controls: Sequence[Row]
    """What gives the axes their ends, and is not ranked."""
    axes: Sequence[str]
    """All of the task's, the one by which rows are ordered first."""
    columns: Mapping[str, Column]
    """Axis that can be ranked → the score that stands for it."""
    lacking: Mapping[str, str]
    """Axis that cannot → why."""
    guards: Mapping[str, Guard]
    """Axis → what bars from it, where anything does."""

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        controls: Sequence[Row],
        columns: Sequence[Column],
        axes: Sequence[tuple[str, str]],
    ) -> "Standings":
        """The standings of a board's rows.

        Args:
            axes: with the name of each one's score, in their order.
        """
        known = {column.name: column for column in columns if column.direction}
        found = {axis: known[name] for axis, name in axes if name in known}
        lacking = {axis: f"no candidate has a score of {axis}" for axis, _ in axes if axis not in found}
        if any(row.elsewhere == MIXED_SPEEDS for row in rows):
            lacking |= {axis: MIXED_SPEEDS for axis, column in found.items() if column.of_machine}
        ranked = {axis: column for axis, column in found.items() if axis not in lacking}
        guards = {axis: guard for axis, column in ranked.items() if (guard := guard_of(column, known, controls))}
        return cls(rows, controls, [axis for axis, _ in axes], ranked, lacking, guards)

    @cached_property
    def contest(self) -> Contest:
        """The ranked candidates; places where one is not ranked are None."""
        rulers = {axis: column.ruler for axis, column in self.columns.items()}
        ranked = [row for row in self.rows if row.ok and not row.bar]
        seeds = {row.name: self._positions(row, rulers) for row in ranked}
        fits = {row.name: row.model.reference for row in ranked}
        return Contest(rulers, {name: found for name, found in seeds.items() if _known(found)}, fits)

    def _positions(self, row: Row, rulers: Mapping[str, Ruler]) -> list[list[float | None]]:
        barred = {axis for axis in rulers if self._barred(row, axis) or row.name in self._declared[axis]}
        found: list[list[float | None]] = []
        for result in row.ok:
            scores = {axis: result.candidate.scores.get(column.name) for axis, column in self.columns.items()}
            values = {axis: score.value for axis, score in scores.items() if score and axis not in barred}
            found.append([rulers[axis].position(values[axis]) if axis in values else None for axis in rulers])
        return found

    def _barred(self, row: Row, axis: str) -> str:
        """Why a row is off an axis on which it has a score; "" where it is not."""
        guarded = self.guards[axis].barred(row) if axis in self.guards else ""
        own = row.apart(self.columns[axis])
        return guarded or (f"off this axis: {own}" if own else "")

    @cached_property
    def _declared(self) -> Mapping[str, Sequence[str]]:
        """By axis, the densities that are declared where others are verified, best mean first: ranked below those."""
        found = {}
        for axis, column in self.columns.items():
            ranked = [row for row in self.rows if row.ok and not row.bar and not self._barred(row, axis)]
            means = {
                row.name: column.oriented(mean) for row in ranked if (mean := row.cells[column.name].mean) is not None
            }
            below = [row.name for row in above_declared(ranked, column)[1] if row.name in means]
            found[axis] = sorted(below, key=lambda name: (-means[name], name))
        return found

    @cached_property
    def outside(self) -> Mapping[str, str]:
        """By ranked candidate that is out of the running, why."""
        barred = {row.name: words for row in self.rows for axis in self.guards if (words := self._barred(row, axis))}
        found = outsiders(self.contest, self.columns, control(self.controls, ControlKind.CEILING))
        if any(column.of_machine for column in self.columns.values()):
            found |= {row.name: row.elsewhere for row in self.rows if row.elsewhere}
        found |= {row.name: SAMPLES_ONLY for row in self.rows if row.samples_only}
        return {name: words for name, words in (found | barred).items() if name in self.contest.seeds}

    @cached_property
    def running(self) -> Contest:
        """The candidates that are in the running: those that are tested, and decide the verdict."""
        return self.contest.only(name for name in self.contest.seeds if name not in self.outside)

    @cached_property
    def complete(self) -> list[str]:
        """The candidates that are ranked on every axis, in the order of the first."""
        groups = self.contest.groups
        if self.lacking or not groups:
            return []
        return [name for name in self.contest.order(self.axes[0]) if all(name in group for group in groups.values())]

    @cached_property
    def contenders(self) -> list[str]:
        """Those of them that are in the running."""
        return [name for name in self.complete if name not in self.outside]

    @property
    def provisional(self) -> bool:
        """Whether a candidate that is compared has fewer seeds than a published board asks for."""
        return 0 < (self.running.fewest or self.contest.fewest) < ENOUGH

    @cached_property
    def replicates(self) -> Replicates | None:
        """Seed-bootstrap replicates; None where no spread is known."""
        return replicates(self.contest) if self.contest.tested else None

    @cached_property
    def verdict(self) -> Verdict:
        """Whether one candidate wins on all axes; by the margins alone where seeds tell no spread."""
        return verdict(self.running, self.contenders)

    @cached_property
    def with_margins(self) -> Verdict:
        """The same of differences that exceed the axes' margins."""
        return verdict(self.running, self.contenders, margins=True)

    @cached_property
    def _places(self) -> Mapping[str, Mapping[str, Place]]:
        """By axis and candidate."""
        found = {}
        compared = self.running.comparisons(margins=False) if self.running.tested else None
        for axis in self.columns:
            order = self.contest.ranks(axis)
            tiers = self.running.tiers(axis, compared) if compared else {}
            ranks = self.replicates.ranks[axis] if self.replicates else {}
            own = {name: Place(rank, tiers.get(name), ranks.get(name)) for name, rank in order.items()}
            below = {name: Place(rank) for rank, name in enumerate(self._declared[axis], 1 + len(order))}
            found[axis] = own | below
        return found

    def _place(self, row: Row, axis: str) -> Place:
        if axis in self.lacking:
            return Place(missing=self.lacking[axis])
        if row.bar:
            return Place(missing=f"not ranked: {row.bar}")
        cell = row.cells[self.columns[axis].name]
        off = "" if cell.mean is None else self._barred(row, axis) or "off this axis: outside of its scale"
        return self._places[axis].get(row.name) or Place(missing=str(cell.missing) if cell.missing else off)

    @cached_property
    def placed(self) -> tuple[Row, ...]:
        """The candidates with their places, in the order of the first axis; those that are not ranked last."""
        front = self._front()
        shares = self.replicates.front if self.replicates else {}

        def with_place(row: Row) -> Row:
            places, name = {axis: self._place(row, axis) for axis in self.axes}, row.name
            volume = math.prod(self._anchored(row)) if name in front and self.anchors else None
            out = self.outside.get(name, "")
            return replace(
                row, places=places, front=front.get(name), front_share=shares.get(name), volume=volume, outside=out
            )

        def key(row: Row) -> tuple[bool, float, str]:
            rank = row.places[self.axes[0]].rank if self.axes else None
            return row.missing is not None, math.inf if rank is None else rank, row.name

        return tuple(sorted(map(with_place, self.rows), key=key))

    def _front(self) -> dict[str, bool]:
        """By contender, whether its means are on the front."""
        groups = self.contest.groups.values()
        means = [[math.fsum(group[name]) / len(group[name]) for group in groups] for name in self.complete]
        return dict(zip(self.complete, pareto_front(means), strict=True))

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
        """The share in [0, 1] of the cube that the candidates dominate together; None without anchors or candidates."""
        complete = set(self.complete)
        points = [self._anchored(row) for row in self.rows if row.name in complete]
        return hypervolume(points) if points and self.anchors else None


def above_declared(rows: Sequence[Row], column: Column) -> tuple[list[Row], list[Row]]:
    """Those that compete in a column, and those below them: declared densities, where others are verified."""
    scored = [row for row in rows if row.cells[column.name].mean is not None]
    verified = [row for row in scored if row.assurance is Assurance.VERIFIED]
    if column.axis is not Axis.DENSITY or not verified:
        return list(rows), []
    return verified, [row for row in rows if row.assurance is not Assurance.VERIFIED]


def _known(seeds: Sequence[Sequence[float | None]]) -> bool:
    return any(position is not None for positions in seeds for position in positions)
