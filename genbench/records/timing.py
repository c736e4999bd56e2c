"""Timing: what the parent's clock says of a candidate's scored run."""

from dataclasses import dataclass

from genbench.files.codec import Count, Number, Seconds


@dataclass(frozen=True)
class Timing:
    """The parent's clock around the scored run of a candidate."""

    images: Count
    """Samples, or answers, that the run produced."""
    seconds: Seconds
    """From "go" to "done", less what the markers cost."""
    batches: tuple[Seconds, ...]
    """Of each batch."""
    latencies: tuple[Seconds, ...] = ()
    """Of each call with batch 1; empty where they were not taken."""
    nfe: Number | None = None
    """Forward calls of the submodule with parameters that ran most often, a `sample` call; null: it has none."""
    flops: Number | None = None
    """Floating-point operations a sample; null: not counted."""
    memory: Count | None = None
    """Peak bytes above the baseline, on the device; null: not known."""
    null_seconds: Seconds = 0.0
    """What one marker and its answer cost, which is subtracted."""
    warm_up_seconds: Seconds = 0.0
    """Of the first batch, which is not scored."""
