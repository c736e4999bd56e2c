"""Clocks: speeds that contradict their own clock, or that are of other hardware, or of a machine that others used.

What they say beyond that has to be believed: see `genbench.submission.spoken`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from genbench.records.machine import Machine
from genbench.records.record import Candidate, Record
from genbench.records.timing import TimingRecord
from genbench.report.speeds import attended
from genbench.submission.finding import Check, Finding, noted, refused
from genbench.submission.reading import Bundled

LEAST_ATTENDED = 0.25  # of a core; of 184 published runs on shared machines the least had .83
UNLIKE = 2.0  # times the usual yardstick of runs like it; of 490 published ones, over weeks, .60 to 1.69 times
PEERS = 15  # runs as fast, of the same task, that say what is usual
FEWEST = 3  # runs of a task; where it has fewer, those of all tasks say it
ROUNDING, SLACK = 1.5, 0.1  # times, and seconds beside: parts and wholes, CPU and wall are each read by themselves
ACCOUNTED = 1.25  # CPU seconds a wall second and thread, as kernels count them over short laps


@dataclass(frozen=True)
class _Run:
    """A timed run."""

    who: str
    task: str
    machine: Machine
    timing: TimingRecord
    stage_seconds: float
    """What its stage took in all."""

    @property
    def pace(self) -> float:
        """Wall seconds an image."""
        return self.timing.seconds / max(1, self.timing.images)

    @property
    def yardstick(self) -> float | None:
        """Median CPU seconds of the harness's own workload between its batches."""
        found = [own.yardstick for own in self.timing.repetitions if own.yardstick]
        return median(found) if found else None


def clock_faults(records: Sequence[Bundled]) -> list[Finding]:
    """Speeds of a bundle that cannot be what they say."""
    runs = [run for own in records for run in _runs(own) if not run.timing.void]
    faults = [(run.who, words) for run in runs for words in _contradictions(run)]
    faults += [(run.who, words) for run in runs for words in _disturbed(run)]
    found = [refused(Check.SPEED, f"{who}: {words}") for who, words in (*faults, *_of_other_hardware(runs))]
    return found + [noted(Check.SPEED, f"{run.who}: {words}") for run in runs for words in _unchecked(run)]


def _runs(own: Bundled) -> Iterator[_Run]:
    for candidate in own.record.candidates:
        if candidate.timing is not None:
            who = f"{own.trial}, {candidate.task} {candidate.sampler}".rstrip()
            yield _Run(who, candidate.task, own.record.machine, candidate.timing, _stage_seconds(own.record, candidate))


def _stage_seconds(record: Record, candidate: Candidate) -> float:
    """What the stage took in which a candidate was timed; the longest that it may be."""
    places = (f"sample/{candidate.sampler}", f"answer/{candidate.task}/")
    found = [facts.seconds for name, facts in record.stages.items() if name == places[0] or name.startswith(places[1])]
    return max((seconds for seconds in found if seconds is not None), default=0.0)


def _contradictions(run: _Run) -> Iterator[str]:
    timing = run.timing
    if not timing.repetitions:
        yield "its run states no repetitions, of which its speed is made"
        return
    laps = sum(own.seconds for own in timing.repetitions)
    if _exceeds(timing.seconds, run.stage_seconds):
        yield f"its run took {timing.seconds:.4g} s, and its whole stage {run.stage_seconds:.4g} s"
    if _exceeds(laps, timing.seconds) or _exceeds(sum(timing.batches), timing.seconds):
        yield f"its repetitions took {laps:.4g} s, and its run {timing.seconds:.4g} s"
    images = sum(own.images for own in timing.repetitions)
    if images != timing.images:
        yield f"its repetitions drew {images:,} samples, and its run {timing.images:,}"
    usual = attended(timing) or 0.0
    threads = run.machine.threads or 1
    if run.machine.device == "cpu" and (usual - ACCOUNTED * threads) * laps > SLACK:
        yield f"it had {usual:.3g} CPU seconds a second of {threads} thread{'s' * (threads != 1)}"


def _exceeds(part: float, whole: float) -> bool:
    return part > ROUNDING * whole + SLACK


def _disturbed(run: _Run) -> Iterator[str]:
    share = attended(run.timing)
    if share is not None and share < LEAST_ATTENDED and run.machine.device == "cpu":
        least = f"expected {LEAST_ATTENDED:.0%} at least"
        yield f"its speed is of a busy machine, of which it had {share:.0%} of a core, {least}; run it again when quiet"


def _unchecked(run: _Run) -> Iterator[str]:
    """What a clock says nothing of, so that nobody can hold its speed against it; a GPU has no CPU seconds to tell."""
    if run.machine.device == "cpu" and run.timing.repetitions:
        if any(own.cpu is None for own in run.timing.repetitions):
            yield "its CPU seconds are not stated, so its speed is one of wall seconds, however busy its machine was"
        elif run.yardstick is None:
            yield "no workload of the harness ran beside it, so its speed cannot be held against other hardware"


def _of_other_hardware(runs: Sequence[_Run]) -> Iterator[tuple[str, str]]:
    """Runs beside which the harness's own workload took another time than beside others on what is said to be the same.

    Beside short batches it takes twice what it takes beside long ones, so that a run is held against those as fast.
    """
    timed = [(run, taken) for run in runs if (taken := run.yardstick) is not None]
    for run, taken in timed:
        alike = [other for other in timed if other[0].machine.speed_class == run.machine.speed_class]
        asked = [other for other in alike if other[0].task == run.task]
        usual = _usual(run, asked if len(asked) >= FEWEST else alike)
        if not usual / UNLIKE <= taken <= usual * UNLIKE:
            words = f"the harness's own workload took {taken / usual:.2g} times what it took beside others as fast on"
            yield run.who, f"{words} {run.machine.speed_class}: its speed is of other hardware"


def _usual(run: _Run, alike: Sequence[tuple[_Run, float]]) -> float:
    """Median yardstick of the runs that take about as long an image."""
    order = sorted(alike, key=lambda other: other[0].pace)
    place = next(at for at, (other, _) in enumerate(order) if other is run)
    first = max(0, min(place - PEERS // 2, len(order) - PEERS))
    return median(taken for _, taken in order[first : first + PEERS])
