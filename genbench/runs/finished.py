"""Finished: what a run leaves behind, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from genbench.leaderboard import Leaderboard
from genbench.records.record import Candidate, Record


@dataclass(frozen=True)
class Finished:
    """A finished run.

    Args:
        boards: by the suite's name of a task, the leaderboard over all records of the protocol in the run's folder.
        records: one a trial.
        report: the path of the rendered site's first page.
        seconds: wall time of the run.
        stage_seconds: of all stages that ran now, summed; those found finished are not in it.
        own_seconds: the part of it inside the stages' own work: fitting, sampling, density, scoring.
        idle_seconds: wall time in which no stage ran.
        damaged: stored files that were not as they were written, in words; their stages ran anew.
        folders: of all trials that lie in the run's folder, by their model with its settings and their seed.
        left_out: earlier records in the run's folder that could not stand on its board, and why, a line each.
    """

    boards: dict[str, Leaderboard]
    records: tuple[Record, ...] = field(repr=False)
    report: Path
    seconds: float
    stage_seconds: float
    own_seconds: float
    idle_seconds: float
    damaged: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    folders: Mapping[tuple[str, int], Path] = field(default_factory=dict, repr=False)

    @property
    def board(self) -> Leaderboard:
        """The leaderboard of the suite's first task."""
        return next(iter(self.boards.values()))

    @property
    def overhead(self) -> float:
        """What the harness itself costs, as a share in [0, 1] of all the time that was spent."""
        spent = self.stage_seconds + self.idle_seconds
        return (spent - self.own_seconds) / max(spent, 1e-9)

    @property
    def failed(self) -> list[Candidate]:
        """The candidates that failed; a skipped one has not."""
        return [found for record in self.records for found in record.candidates if found.status.failed]
