"""Voiding: why a timed run gives no speed. A slow model that looks fast has to do it in one of these ways."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from genbench.contracts.job import Outcome, Section
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.codec import Number
from genbench.records.timing import Timing

FEWEST = 5  # repetitions that tell a spread
SPREAD = 0.25  # of their speeds: the range of the middle half over the median, beyond which there is no speed
ALLOWANCE = 5.0  # seconds beside the run for imports and a slow start
SHARE = 2.0  # of the run, which what is beside it may take on top of that
QUICKER = 0.5  # of the quickest call for one sample, which a batch takes at least; first calls are slow by themselves
FEW = 8  # samples that two calls may have in common by chance


@dataclass(frozen=True)
class CountedFacts:
    """What drawing a scored batch again reports."""

    nfe: Number | None
    """Forward calls of the submodule with parameters that ran most often, a call; null: it has none."""
    flops: Number | None
    """Floating-point operations a sample; null: not counted."""
    nfe_alone: Number | None = None
    """As `nfe`, of a call for one sample."""
    flops_alone: Number | None = None
    """As `flops`, of such a call."""


UNCOUNTED = CountedFacts(None, None)


def counts_of(outcome: Outcome, section: Section) -> CountedFacts:
    """What was counted of a scored batch, if that was the scored batch; else nothing."""
    again = outcome.again
    if again is None or not again.digests or again.digests[0] != _scored(outcome, section):
        return UNCOUNTED
    try:
        return codec.decoded(CountedFacts, again.facts, "counted")
    except GenbenchError:  # its process can say what it likes
        return UNCOUNTED


def void(timing: Timing, outcome: Outcome, device: str, alike: int) -> str:
    """Why a timed run gives no speed, in words; "" where it does.

    Args:
        alike: samples a call; two calls of one sample, say, may give the same.
    """
    (section,) = outcome.timeline.sections["run"]
    reasons = (
        *_of_repeats(timing, alike),
        *_of_again(outcome, section, device),
        *_of_time(timing, outcome, section, device == "cpu" and bool(section.efforts)),
        *_of_spread(timing),
    )
    return next(iter(reasons), "")


def void_alone(outcome: Outcome, device: str, counts: CountedFacts) -> str:
    """Why timed calls for one sample say nothing of how long that takes, in words; "" where they do.

    Args:
        counts: of a scored batch, and of such a call.
    """
    again = outcome.again
    if again is None or again.reason is not None or not again.alone:
        return ""  # then there is no speed at all, or there were no calls
    if device == "cpu" and again.alone not in again.alone_digests:
        return "a call for one sample, made again in a fresh process under its seed, gives another one"
    if device == "cpu" and counts != UNCOUNTED and again.alone != again.alone_digests[0]:  # of a batch it was the same
        return "a call for one sample gives another one where its operations are counted"
    # Calls of a network that goes on until the last sample is done are more for many; operations a sample are not.
    pairs = (
        ("floating-point operations", counts.flops_alone, counts.flops),
        ("network evaluations", counts.nfe_alone, counts.nfe),
    )
    for what, alone, among in pairs:
        if alone is not None and among is not None:
            words = f"one sample takes {alone:.3g} {what} by itself, and {among:.3g} among others"
            return words if alone < QUICKER * among else ""
    return ""


def _scored(outcome: Outcome, section: Section) -> str:
    """The digest of the scored batch that was drawn again."""
    again = outcome.again
    return section.digests[outcome.places[again.place]] if again is not None and section.digests else ""


def _of_repeats(timing: Timing, alike: int) -> Iterator[str]:
    if alike >= FEW and len(set(timing.digests)) < len(timing.digests):
        yield "two calls under different seeds gave the same samples"


def _of_again(outcome: Outcome, section: Section, device: str) -> Iterator[str]:
    again = outcome.again
    if again is None:
        yield "no scored batch was drawn again"
    elif again.reason is not None:
        yield f"a scored batch could not be drawn again: {again.reason}"
    elif device == "cpu" and _scored(outcome, section) not in again.digests:  # a GPU may round otherwise
        yield "a scored batch, drawn again in a fresh process under its seed, is another one"


def _of_time(timing: Timing, outcome: Outcome, section: Section, by_cpu: bool) -> Iterator[str]:
    """Of CPU seconds where they are what counts, else of wall seconds."""
    if by_cpu and outcome.hides_children:
        yield "the process hides what its children take of the CPU"
    run = section.cpu if by_cpu and section.cpu is not None else timing.seconds
    limit = ALLOWANCE + SHARE * run
    if timing.beside is not None and timing.beside > limit:
        yield f"{timing.beside:.3g} s beside a run of {run:.3g} s, where {limit:.3g} s are allowed"
    sections = [own for name in ("call", "latency") for own in outcome.timeline.sections.get(name, ())]
    calls, batches = [step for own in sections for step in _steps(own, by_cpu)], _steps(section, by_cpu)
    if calls and batches and (batch := median(batches)) < QUICKER * (call := min(calls)):
        yield f"a batch takes {1e3 * batch:.3g} ms, and one sample {1e3 * call:.3g} ms"


def _steps(section: Section, by_cpu: bool) -> list[float]:
    """CPU seconds of each lap, or wall seconds."""
    return [after - before for before, after in pairwise((0.0, *section.efforts))] if by_cpu else list(section.laps)


def _of_spread(timing: Timing) -> Iterator[str]:
    """By speed, and without the yardstick: one that was disturbed itself says nothing of the run."""
    found, count = timing.repetitions, len(timing.repetitions)
    if count < FEWEST:
        return
    spread = min(spread_of([own.speed for own in found]), spread_of([own.uncorrected for own in found]))
    if spread > SPREAD:
        yield f"its {count} repetitions differ by {spread:.0%}"


def spread_of(speeds: list[float]) -> float:
    """The range of the middle half of some speeds over their median."""
    low, middle, high = quantiles(speeds, n=4, method="inclusive")
    return (high - low) / middle
