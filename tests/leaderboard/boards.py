"""Records of one score or another, for boards of a few rows."""

from dataclasses import replace
from typing import Any

from records import AXES, MACHINE, VALUES, candidate, control, memorisation, record

from genbench.leaderboard import Leaderboard, Row
from genbench.records.gates import GateStatus
from genbench.records.kinds import ControlKind, Likelihood
from genbench.records.record import Record

FD, QUALITY, COVERAGE, SPEED = "fd@digits-net", AXES["quality"], AXES["coverage"], AXES["speed"]
NAMES = {"fd": FD, "quality": QUALITY, "coverage": COVERAGE, "speed": SPEED, "bits": "bits-per-dim"}
MACHINES = MACHINE, replace(MACHINE, device="cuda:0", device_name="NVIDIA H200")


def named(values: dict[str, float]) -> dict[str, float]:
    """The usual values, and those that are given by short names."""
    return VALUES | {NAMES[key]: value for key, value in values.items()}


def scored(name: str, seed: int = 0, **values: float) -> Record:
    kind = Likelihood.EXACT if "bits" in values else None
    return record(name, seed, candidates=[candidate(name, named(values), likelihood=kind)])


def failing(name: str, seed: int = 0, **changes: Any) -> Record:
    return record(name, seed, candidates=[candidate(name, **changes)])


def changed(own: Record, **changes: Any) -> Record:
    """The record with other fields of its only candidate."""
    return replace(own, candidates=(replace(own.candidates[0], **changes),))


def gated(name: str, status: GateStatus, seed: int = 0, **values: float) -> Record:
    return changed(scored(name, seed, **values), memorisation=memorisation(status))


def by_name(board: Leaderboard) -> dict[str, Row]:
    return {row.name: row for row in (*board.rows, *board.controls)}


FLOOR = control(
    "independent-pixels",
    ControlKind.FLOOR,
    values=named({"fd": 400.0, "quality": 0.0, "coverage": 0.0, "speed": 1e5}),
)
CEILING = control(
    "real-held-out", ControlKind.CEILING, values=named({"fd": 9.0, "quality": 1.0, "coverage": 1.0, "speed": 1e6})
)
