"""Clocking: what the parent's clock says of a timed run, and whether that is a speed at all."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, median

from genbench.contracts.job import NULL_LIMIT, Outcome, Section, Timeline
from genbench.protocol.stages.voiding import CountedFacts as CountedFacts, counts_of, void, void_alone
from genbench.records.timing import Repetition, Timing

RUN = "run"  # the section whose time is the result
CALLS = ("call", "latency")  # the sections of calls for one sample
REPETITIONS = 8  # blocks of batches whose speeds are compared


@dataclass(frozen=True)
class Run:
    """What a timed run was to be.

    Args:
        device: where it computed.
        count: samples, or questions, that are scored.
        size: of each batch, but perhaps the last.
        lasting: whether it went on with batches that are not scored; then all are of the same size.
        repeats: whether two calls may give the same.
    """

    device: str
    count: int
    size: int
    lasting: bool
    repeats: bool

    def images(self, first: int, end: int) -> int:
        """Samples of the batches from one on to before another."""
        return (end - first) * self.size if self.lasting else min(end * self.size, self.count) - first * self.size


def clocked(outcome: Outcome, run: Run, device_memory: int | None) -> Timing:
    """The clock of a timed run, less what its markers cost.

    Args:
        device_memory: peak bytes of a GPU, as its process says.
    """
    timeline, on_cpu = outcome.timeline, run.device == "cpu"
    (section,), again = timeline.sections[RUN], outcome.again
    batches = [timeline.net(seconds) for seconds in section.laps]
    calls = [timeline.net(seconds) for name in CALLS for seconds in timeline.laps(name)]
    counts = counts_of(outcome, section)
    found = Timing(
        images=run.images(0, len(batches)),
        seconds=timeline.net(timeline.seconds(RUN), 1 + len(batches)),
        batches=tuple(batches[place] for place in outcome.places),
        latencies=tuple(timeline.net(seconds) for seconds in timeline.laps("latency")),
        nfe=counts.nfe,
        flops=counts.flops,
        memory=outcome.memory if on_cpu else device_memory,
        null_seconds=timeline.null_call,
        warm_up_seconds=timeline.seconds("warm-up"),
        load_seconds=timeline.seconds("load"),
        construct_seconds=timeline.seconds("construct"),
        call_seconds=median(calls) if calls else None,
        after_seconds=_unnamed(outcome, section),
        beside=_beside(outcome, on_cpu),
        repetitions=tuple(_repetitions(timeline, run, section)),
        scored=outcome.places,
        batch=run.size,
        digests=tuple(section.digests[place] for place in outcome.places) if section.digests else (),
        drawn_again=None if again is None else outcome.places[again.place],
        neighbours=outcome.neighbours,
    )
    words = void(found, outcome, run.device, 1 if run.repeats else run.size)
    return replace(found, void=words, void_alone=void_alone(outcome, run.device, counts))


def _unnamed(outcome: Outcome, section: Section) -> float:
    """Wall seconds of the first process in no section, once the first one had begun."""
    own = outcome.seconds - outcome.waited - (outcome.again.seconds if outcome.again else 0.0)
    return max(0.0, own - section.paused - sum(map(outcome.timeline.seconds, outcome.timeline.sections)))


def _beside(outcome: Outcome, on_cpu: bool) -> float:
    """What the first process took besides the run and the timed calls: CPU seconds, or wall seconds on a GPU.

    Wall seconds also where the kernel does not tell the others.
    """
    timeline, apart = outcome.timeline, (RUN, *CALLS)
    taken = [timeline.cpu(name) for name in apart]
    known = [cpu for cpu in taken if cpu is not None]
    if on_cpu and outcome.cpu is not None and len(known) == len(taken):
        return max(0.0, outcome.cpu - sum(known))
    named = [name for name in timeline.sections if name not in apart]
    return _unnamed(outcome, timeline.sections[RUN][0]) + sum(map(timeline.seconds, named))


def _repetitions(timeline: Timeline, run: Run, section: Section) -> Iterator[Repetition]:
    """Consecutive batches in up to eight blocks of equal length, as far as they go."""
    total = len(section.laps)
    blocks = min(REPETITIONS, total)
    ends = [total * block // blocks for block in range(blocks + 1)]
    ran = [seconds for seconds in section.yardsticks if seconds]
    for first, end in pairwise(ends):
        own = [seconds for seconds in section.yardsticks[first:end] if seconds] or ran
        seconds = timeline.net(sum(section.laps[first:end]), end - first)
        cpu = _cpu(timeline, section, first, end) if section.efforts else None
        yield Repetition(run.images(first, end), seconds, cpu, fmean(own) if own and run.device == "cpu" else None)


def _cpu(timeline: Timeline, section: Section, first: int, end: int) -> float:
    """CPU seconds of some laps, less what their markers cost; never less than half of them."""
    nulls = [null.cpu for null in timeline.sections.get("null", ()) if null.cpu is not None]
    marker = min(median(nulls), NULL_LIMIT) if nulls else 0.0
    taken = section.efforts[end - 1] - (section.efforts[first - 1] if first else 0.0)
    return max(taken - marker * (end - first), taken / 2, 1e-9)
