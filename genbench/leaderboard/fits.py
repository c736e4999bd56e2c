"""Fits: what the fits of a candidate were given and took, over its seeds."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from genbench.records.record import Record


@dataclass(frozen=True)
class FitCost:
    """What fitting a candidate took."""

    images: int | None
    """Training images that its fits were handed, of the seed that was handed the fewest; None where none says."""
    cpu: float | None
    """Mean CPU seconds of a fit's whole process tree; None likewise."""
    seconds: float | None
    """Mean wall seconds of a fit; None likewise."""
    elsewhere: bool
    """Whether a fit took most of its CPU seconds outside of `fit`: where its state was saved, say."""
    hides: bool
    """Whether a fit hid processes, so that `cpu` is the least that it took."""
    unlearnt: int | None
    """Bytes that it keeps where it has no parameters at all; None where it has some, or keeps nothing."""


def fit_cost(records: Iterable[Record]) -> FitCost:
    """The cost of the fits of these records."""
    models = [record.model for record in records]
    efforts = [model.fit for model in models if model.fit is not None]
    cpu = [effort.cpu for effort in efforts if effort.cpu is not None]
    bare = [model.checkpoint_bytes for model in models if model.parameters == 0 and model.checkpoint_bytes]
    return FitCost(
        min((model.images for model in models if model.images is not None), default=None),
        fmean(cpu) if cpu else None,
        fmean(effort.seconds for effort in efforts) if efforts else None,
        any(effort.elsewhere for effort in efforts),
        any(effort.hides_children for effort in efforts),
        max(bare, default=None),
    )
