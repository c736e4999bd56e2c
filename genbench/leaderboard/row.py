"""A row of a leaderboard: one candidate over its training seeds, what it got, and how it stands."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from genbench.leaderboard.fits import FitCost, fit_cost
from genbench.leaderboard.gates import AuditStanding, CopyStanding, audit_standing, copy_standing
from genbench.leaderboard.statistics import Ruler
from genbench.records.audits import Assurance
from genbench.records.kinds import Axis, ControlKind, Direction, Scale
from genbench.records.record import Candidate, ModelFacts, Record
from genbench.records.score import CONTRACTED, LEFT_OUT, Missing, failed, not_applicable
from genbench.records.status import Status, words
from genbench.records.vouchers import Extent, Voucher

MIXED = "mixed"
CALLS = "calls"  # unit of network evaluations, of which a sampler takes as many on any machine
SAMPLES_ONLY = "samples only: nothing is known of its fit and its speed"


@dataclass(frozen=True)
class Column:
    """A score, with the identity that all its cells share; a score that nobody has got has only a name.

    The fields are those of `genbench.records.score.ScoreRecord`.
    """

    name: str
    title: str
    axis: Axis | None = None
    direction: Direction | None = None
    unit: str = ""
    version: str = ""
    scale: Scale = Scale.PLAIN
    guard: str = ""
    tie: float = 1.0
    extractor: str | None = None
    source: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> str:
        """What its features come from, as its name says it; "" where it looks at none."""
        return self.name.partition("@")[2]

    @property
    def of_machine(self) -> bool:
        """Whether its values are of the machine that they were taken on: a speed, but for one that counts calls."""
        return self.axis is Axis.SPEED and self.unit != CALLS

    @property
    def further_unit(self) -> str:
        """The unit, or "" where the title says it already: Images/s, Bits/dim."""
        words = self.title.lower().replace("/", " ").split()
        return "" if set(self.unit.lower().replace("/", " ").split()) <= set(words) else self.unit

    @property
    def worst(self) -> float | None:
        """The worst value that there can be; None where there is none."""
        if self.scale is Scale.SHARE and self.direction is Direction.LOWER:
            return 1.0
        positive = self.scale is not Scale.PLAIN or self.axis in (Axis.QUALITY, Axis.COVERAGE)
        return 0.0 if positive and self.direction is Direction.HIGHER else None

    @property
    def ruler(self) -> Ruler:
        """What its values are read off where they are compared."""
        return Ruler(self.scale, self.direction is Direction.HIGHER, self.tie)

    def oriented(self, value: float) -> float:
        """`value` with its sign chosen so that larger is better."""
        return -value if self.direction is Direction.LOWER else value


@dataclass(frozen=True)
class Cell:
    """What one candidate got in one column: the seeds' values with mean and interval, or why there are none."""

    values: tuple[float, ...] = ()
    """One a seed."""
    mean: float | None = None
    """None where `missing` says why."""
    half_width: float | None = None
    """Of the mean's 95 % interval over seeds; None below two."""
    missing: Missing | None = None
    """Why there is no value; None where there is one."""
    details: Mapping[str, float] = field(default_factory=dict)
    """The means of the further numbers that belong to the score, such as the floor of an FD."""


@dataclass(frozen=True)
class SeedResult:
    """One candidate at one seed: its part of a record, and the record."""

    candidate: Candidate
    record: Record
    voucher: Voucher | None = None
    """How far the record was verified; None on a board of which nobody says anything."""

    @property
    def ok(self) -> bool:
        """Whether the candidate was scored."""
        return self.candidate.ok

    @property
    def hardware(self) -> str:
        """Where it ran, as far as its speed is concerned."""
        return self.record.machine.speed_class


@dataclass(frozen=True)
class Place:
    """How a candidate stands on one axis; all None, and `missing` says why, where it is not ranked there."""

    rank: int | None = None
    """By the mean, 1 is the best; equal means share one."""
    tier: int | None = None
    """Nobody is separated from the first of a tier, 1 the best; None below three seeds, and out of the running."""
    ranks: tuple[int, int] | None = None
    """The ends of the rank's 95 % interval over seed-bootstrap replicates; None where no spread is known."""
    missing: str = ""
    """Why it has no rank; "" where it has one."""


@dataclass(frozen=True)
class Row:
    """A candidate over its seeds."""

    name: str
    """The candidate's."""
    results: tuple[SeedResult, ...]
    """One a seed, in their order."""
    cells: Mapping[str, Cell]
    """By column."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """By axis; empty for a control."""
    front: bool | None = None
    """On the Pareto front of the axes; None where it is not ranked on one of them, or for a control."""
    front_share: float | None = None
    """The share in [0, 1] of seed-bootstrap replicates that have it there; None likewise, or without any."""
    volume: float | None = None
    """The share in [0, 1] of the cube of anchored axes that it dominates by itself; None likewise."""
    outside: str = ""
    """Why it is not in the running for the verdict; "" where it is, or where it is not ranked at all."""
    elsewhere: str = ""
    """Why its speeds are not ranked: another machine than the board's; "" where they are, or for a control."""

    @property
    def model(self) -> ModelFacts:
        """The model's part of the records; all seeds ran the same code."""
        return self.results[0].record.model

    @cached_property
    def ok(self) -> tuple[SeedResult, ...]:
        """The results of the seeds that succeeded."""
        return tuple(result for result in self.results if result.ok)

    @property
    def missing(self) -> Missing | None:
        """Why no seed gave a result; None where one did."""
        return None if self.ok else why(self.results[0].candidate)

    @cached_property
    def likelihood(self) -> str:
        """What its density is: exact, lower bound, estimate; "mixed" where the seeds differ, "" without one."""
        kinds = {kind.value for result in self.ok if (kind := result.candidate.likelihood)}
        return MIXED if len(kinds) > 1 else next(iter(kinds), "")

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """The machines that its speeds come from, sorted; none of samples alone."""
        return () if self.samples_only else tuple(sorted({result.hardware for result in self.ok}))

    @property
    def samples_only(self) -> bool:
        """Whether somebody brought samples at any seed, which no run of a model drew."""
        return any(result.record.model.samples_only for result in self.results)

    @cached_property
    def _seeds(self) -> Mapping[int, Candidate]:
        return {result.record.seed: result.candidate for result in self.ok}

    @cached_property
    def cost(self) -> FitCost:
        """What its fits were given and took."""
        return fit_cost(result.record for result in self.ok)

    @cached_property
    def verified(self) -> Mapping[Extent, int]:
        """At how many of its successful seeds numbers were verified how far, the least first; {}: nobody says."""
        found = Counter(result.voucher.status for result in self.ok if result.voucher)
        return {extent: found[extent] for extent in Extent if found[extent]}

    @property
    def extent(self) -> Extent:
        """How far its numbers were verified: as far as those of the seed that was the least."""
        return next(iter(self.verified), Extent.SELF_REPORTED)

    @cached_property
    def contracted(self) -> Mapping[str, int]:
        """Score of quality → at how many seeds samples lie denser than fresh real data do; those of none left out."""
        scores = [(name, own) for result in self.ok for name, own in result.candidate.scores.items()]
        return Counter(name for name, own in scores if own.axis is Axis.QUALITY and CONTRACTED in own.details)

    @cached_property
    def gate(self) -> CopyStanding:
        """What the gate against copies says of it."""
        return copy_standing(self._seeds)

    @cached_property
    def audits(self) -> AuditStanding:
        """What the audits say of its density."""
        return audit_standing(self._seeds)

    @cached_property
    def assurance(self) -> Assurance | None:
        """Who says that its density sums to one: the harness, where it did so at every seed; None without a density."""
        found = {
            audits.assurance if (audits := result.candidate.audits) else Assurance.DECLARED
            for result in self.ok
            if result.candidate.likelihood
        }
        return None if not found else Assurance.DECLARED if Assurance.DECLARED in found else Assurance.VERIFIED

    @cached_property
    def bar(self) -> str:
        """Why a gate keeps it from every rank; "" where none does."""
        if self.gate.flagged:
            return "flagged as a copy"
        words = [f"{gate}: {why}" for result in self.ok for gate, why in result.candidate.barred.items()]
        return next(iter(words), "")

    @cached_property
    def void(self) -> str:
        """Why its speeds do not count, where they do not at most seeds; "" where they do."""
        words = [timing.void for result in self.ok if (timing := result.candidate.timing) and timing.void]
        return f"void at {len(words)} of {len(self.ok)} seeds: {words[0]}" if 2 * len(words) > len(self.ok) else ""

    def left_out(self, column: Column) -> str:
        """Why a score of coverage does not count: at most seeds a class is left out. "" where it does.

        Any score of coverage by the same features may have told of it.
        """
        found = [told.get(column.features, 0) for told in self._left_out]
        count = sum(map(bool, found))
        classes = int(max(found, default=0))
        words = f"{classes} class{'es' * (classes > 1)} of the data left out at {count} of {len(found)} seeds"
        return words if 2 * count > len(found) else ""

    @cached_property
    def _left_out(self) -> Sequence[Mapping[str, float]]:
        """Of each seed by features, how many classes of the data are left out."""
        seeds = []
        for result in self.ok:
            told: dict[str, float] = {}
            for name, own in result.candidate.scores.items():
                features = name.partition("@")[2]
                told[features] = max(told.get(features, 0), own.details.get(LEFT_OUT, 0))
            seeds.append(told)
        return seeds

    def contractions(self) -> Iterator[tuple[str, str]]:
        """Where it is contracted: "contracted by digits-net", and at how many seeds."""
        for name, count in self.contracted.items():
            features = name.partition("@")[2]
            seeds = "" if count == len(self.ok) else f"at {count} of {len(self.ok)} seeds"
            yield f"contracted by {features}" if features else "contracted", seeds

    @property
    def control(self) -> ControlKind | None:
        """What it is on the board for where it is one of the harness's own, which are never ranked; None else."""
        return self.model.control

    def unranked(self, column: Column) -> str:
        """Why it is not ranked in a column; "" where it is."""
        if self.control:
            return "a control"
        return self.bar or self.apart(column)

    def apart(self, column: Column) -> str:
        """Why its values in a column are not ranked beside the others'; "" where they are."""
        return self.off(column) or (self.elsewhere if column.of_machine else "")

    def off(self, column: Column) -> str:
        """Why its own values in a column do not count; "" where they do."""
        if self.samples_only and column.axis in (Axis.SPEED, Axis.DENSITY):
            return SAMPLES_ONLY
        if column.axis is Axis.SPEED:
            return self.void
        if column.axis is Axis.COVERAGE:
            return self.left_out(column)
        return self.audits.unranked if column.axis is Axis.DENSITY else ""


def why(candidate: Candidate) -> Missing:
    """Why a candidate has no scores."""
    reason = words(candidate.status, candidate.exit_code) + (f" ({candidate.reason})" if candidate.reason else "")
    return not_applicable(reason) if candidate.status is Status.SKIPPED else failed(reason)
