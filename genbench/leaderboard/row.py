"""A row of a leaderboard: one candidate over its training seeds, what it got, and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from genbench.leaderboard.gates import Audits, Gate, audits_of, gate_of
from genbench.records.record import Json


@dataclass(frozen=True)
class Column:
    """A score, with the identity that all its cells share; a score that nobody has got has only a name."""

    name: str
    title: str
    axis: str = ""
    direction: str = ""
    unit: str = ""
    version: str = ""
    extractor: str = ""
    source: str = ""

    @property
    def further_unit(self) -> str:
        """The unit, or "" where the title says it already: Images/s, Bits/dim."""
        words = self.title.lower().replace("/", " ").split()
        return "" if set(self.unit.lower().replace("/", " ").split()) <= set(words) else self.unit

    def oriented(self, value: float) -> float:
        """`value` with its sign chosen so that larger is better."""
        return -value if self.direction == "lower" else value


@dataclass(frozen=True)
class Cell:
    """What one candidate got in one column: the seeds' values with mean and interval, or why there are none.

    `missing` is "" or begins with "n/a: " or "failed: "; where it is set, `mean` is None. `details` are the means of
    the further numbers that belong to the score, such as the floor of an FD.
    """

    values: tuple[float, ...] = ()
    mean: float | None = None
    half_width: float | None = None
    missing: str = ""
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One candidate at one seed: its part of a record, and the record."""

    candidate: Json
    record: Json

    @property
    def ok(self) -> bool:
        """Whether the candidate was sampled and scored."""
        return bool(self.candidate["status"] == "ok")

    @property
    def hardware(self) -> str:
        """Where it ran, as far as its speed is concerned."""
        environment = self.record["environment"]
        device = environment.get("device_name") or environment.get("device") or "not stated"
        threads = environment.get("threads")
        return f"{device}, {'threads not stated' if threads is None else f'{threads} thread' + 's' * (threads != 1)}"


@dataclass(frozen=True)
class Place:
    """How a candidate stands on one axis; all None, and `missing` says why, where it is not ranked there.

    Args:
        rank: by the mean, 1 is the best.
        tier: candidates that the seeds cannot separate share one; None where there is no spread over seeds.
        ranks: the ends of the rank's 95 % interval over seed-bootstrap replicates; None likewise.
    """

    rank: int | None = None
    tier: int | None = None
    ranks: tuple[int, int] | None = None
    missing: str = ""


@dataclass(frozen=True)
class Row:
    """A candidate over its seeds.

    Args:
        places: by axis; empty for a control.
        front: on the Pareto front of the three axes; None where it is not ranked on one of them, or for a control.
        front_share: the share in [0, 1] of seed-bootstrap replicates that have it there; None likewise, or without any.
        volume: the share in [0, 1] of the cube of anchored axes that it dominates by itself; None likewise.
    """

    name: str
    results: tuple[Result, ...]
    cells: Mapping[str, Cell]
    places: Mapping[str, Place] = field(default_factory=dict)
    front: bool | None = None
    front_share: float | None = None
    volume: float | None = None

    @property
    def model(self) -> Json:
        """The model's part of the records; all seeds ran the same code."""
        model: Json = self.results[0].record["model"]
        return model

    @cached_property
    def ok(self) -> tuple[Result, ...]:
        """The results of the seeds that succeeded."""
        return tuple(result for result in self.results if result.ok)

    @property
    def missing(self) -> str:
        """Why no seed gave a result, "n/a: …" or "failed: …"; "" where one did."""
        return "" if self.ok else why(self.results[0].candidate)

    @cached_property
    def likelihood(self) -> str:
        """What its density is: exact, lower bound, estimate; "mixed" where the seeds differ, "" without one."""
        kinds = {result.candidate["likelihood"] for result in self.ok} - {""}
        return "mixed" if len(kinds) > 1 else next(iter(kinds), "")

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """The machines that its speeds come from, sorted."""
        return tuple(sorted({result.hardware for result in self.ok}))

    @cached_property
    def _seeds(self) -> Mapping[int, Json]:
        return {result.record["seed"]: result.candidate for result in self.ok}

    @cached_property
    def gate(self) -> Gate:
        """What the memorisation gate says of it."""
        return gate_of(self._seeds)

    @cached_property
    def audits(self) -> Audits:
        """What the audits say of its density."""
        return audits_of(self._seeds)

    @property
    def control(self) -> bool:
        """Whether it is one of the harness's own, which are never ranked."""
        return bool(self.model["control"])

    def unranked(self, column: Column) -> str:
        """Why it is not ranked in a column; "" where it is."""
        if self.control:
            return "a control"
        if self.gate.flagged:
            return "flagged as a copy"
        return self.audits.unranked if column.axis == "density" else ""


def why(candidate: Json) -> str:
    """Why a candidate has no scores, "n/a: …" or "failed: …"."""
    reason = f" ({candidate['reason']})" if candidate["reason"] else ""
    kind = "n/a" if candidate["status"] == "skipped" else "failed"
    return f"{kind}: {candidate['status'] or 'unknown'}{reason}"
