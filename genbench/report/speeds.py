"""Speeds: what a cell says of the runs that a speed comes from, where they were void, or the machine was busy."""

from collections.abc import Iterable
from statistics import median

from genbench.leaderboard import Cell, Row
from genbench.records.timing import TimingRecord

VOID = "void"  # how the reason of a speed begins that does not count
ATTENDED = 0.9  # CPU seconds per wall second and thread, below which others took the machine


def voided(cell: Cell) -> bool:
    """Whether there is no speed because the run does not count."""
    return cell.missing is not None and cell.missing.reason.partition(":")[0] == VOID


def remarks(row: Row) -> list[str]:
    """What stands below a speed: at how many seeds it is void, how much of a core its runs had, who shared its GPU."""
    timings = [timing for result in row.ok if (timing := result.candidate.timing)]
    void = sum(bool(timing.void) for timing in timings)
    had = [share for timing in timings if not timing.void and (share := attended(timing)) is not None]
    busy, shared = min(had, default=1.0), sum(bool(timing.neighbours) for timing in timings)
    return [
        *[f"void at {void} of {len(row.ok)} seeds"] * bool(void),
        *[f"busy: had {busy:.0%} of a core"] * (busy < ATTENDED),
        *[f"busy: others on its GPU at {shared} of {len(row.ok)} seeds"] * bool(shared),
    ]


def attended(timing: TimingRecord) -> float | None:
    """The median CPU seconds a wall second of a run's repetitions; None where the kernel did not tell."""
    shares = list(_shares(timing))
    return median(shares) if shares else None


def _shares(timing: TimingRecord) -> Iterable[float]:
    for own in timing.repetitions:
        if own.cpu is not None and own.seconds:
            yield own.cpu / own.seconds
