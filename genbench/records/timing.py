"""Timing: what the parent's clock says of a candidate's scored run."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from genbench.files.codec import Count, Number, Seconds

YARDSTICK = 1e-3  # CPU seconds of the harness's workload on the machine that speeds are told for


@dataclass(frozen=True)
class Repetition:
    """Batches of a timed run, one after the other, whose speed is compared with that of others."""

    images: Count
    """Samples, or answers."""
    seconds: Seconds
    """Wall seconds, less what the markers cost."""
    cpu: Seconds | None = None
    """CPU seconds of the whole process tree; null where the kernel does not tell."""
    yardstick: Seconds | None = None
    """CPU seconds of the harness's own workload, run between the batches; null where it did not run."""

    @property
    def wall(self) -> float:
        """Images a wall second."""
        return self.images / self.seconds

    @property
    def uncorrected(self) -> float:
        """Images a CPU second, whatever the machine was busy with; `wall` where the kernel does not tell."""
        return self.wall if self.cpu is None else self.images / self.cpu

    @property
    def speed(self) -> float:
        """Images a CPU second of a machine on which the harness's workload takes a millisecond; else `wall`."""
        if self.cpu is None or self.yardstick is None:
            return self.wall
        return self.uncorrected * (self.yardstick / YARDSTICK)


@dataclass(frozen=True)
class Quantiles:
    """How long calls took, in wall seconds each."""

    count: Count
    """How many there were: p99 of fewer than a hundred lies between the longest two."""
    least: Seconds
    """The shortest."""
    p50: Seconds
    """The median."""
    p90: Seconds
    """The 90 % quantile, between neighbours in proportion, as all of these are."""
    p99: Seconds
    """The 99 % quantile."""
    most: Seconds
    """The longest."""


@dataclass(frozen=True)
class Clocked:
    """What evidence and records both say of a timed run; only what is made of it has objects."""

    images: Count
    """Samples, or answers, that the run produced, those that are not scored included."""
    seconds: Seconds
    """From "go" to "done", less what the markers cost, and without the harness's own workload."""
    batches: tuple[Seconds, ...]
    """Of each scored batch."""
    nfe: Number | None = None
    """Forward calls of the submodule with parameters that ran most often, a `sample` call; null: it has none."""
    flops: Number | None = None
    """Floating-point operations a sample; null: not counted."""
    memory: Count | None = None
    """Peak bytes above the baseline, on the device; null: not known."""
    null_seconds: Seconds = 0.0
    """What one marker and its answer cost, which is subtracted."""
    warm_up_seconds: Seconds = 0.0
    """Of the first calls, which are not scored."""
    load_seconds: Seconds = 0.0
    """Of importing the plugin."""
    construct_seconds: Seconds = 0.0
    """Of making the model, reading its state, and holding it against the fitted one."""
    call_seconds: Seconds | None = None
    """Median of a few calls for one sample; null where there were none."""
    after_seconds: Seconds = 0.0
    """Of its process in no section that the clock knows, once it had begun: writing, ending, and whatever else."""
    beside: Seconds | None = None
    """What the process took besides the run and the timed calls, once it had begun: CPU seconds of its tree; wall
    seconds on a GPU, and where the kernel does not tell them."""
    repetitions: tuple[Repetition, ...] = ()
    """Of the run, in order; empty where an older record does not say."""
    scored: tuple[Count, ...] = ()
    """Which batches of the run are scored, from 0, in the order of the samples."""
    batch: Count = 0
    """Samples of each batch, of the last scored one perhaps fewer; 0 where an older record does not say."""
    digests: tuple[str, ...] = ()
    """Of each scored batch, as the process gave it when it had drawn it."""
    drawn_again: Count | None = None
    """Which batch of the run was drawn again in another process, where its calls were counted; null: none."""
    neighbours: Count | None = None
    """Processes of others on its GPU, before or after it; null: on a CPU, or where nobody tells."""
    void: str = ""
    """Why its speed does not count; "" where it does."""
    void_alone: str = ""
    """Why its calls with batch 1 do not count; "" where they do, or none were taken."""


@dataclass(frozen=True)
class Timing(Clocked):
    """The parent's clock around the timed run of a candidate, as its stage's folder keeps it."""

    latencies: tuple[Seconds, ...] = ()
    """Of each call with batch 1; empty where they were not taken."""


@dataclass(frozen=True)
class TimingRecord(Clocked):
    """The same as a record tells it; each call by itself stands in the manifest of the stage, in the run's folder."""

    alone: Quantiles | None = None
    """Of the calls with batch 1; null where they were not taken."""


def told(timing: Timing) -> TimingRecord:
    """A timing as records have it."""
    shared = {part.name: getattr(timing, part.name) for part in fields(Clocked)}
    return TimingRecord(**shared, alone=quantiles(timing.latencies))


def quantiles(seconds: Sequence[float]) -> Quantiles | None:
    """The quantiles of calls; None without any."""
    if not seconds:
        return None
    import numpy as np  # here, so that records are read without NumPy

    p50, p90, p99 = np.quantile(seconds, [0.5, 0.9, 0.99]).tolist()
    return Quantiles(len(seconds), min(seconds), p50, p90, p99, max(seconds))
