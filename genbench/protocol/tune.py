"""Tune: what a suite says of tuning under it, the table `[tune]` of its file."""

from dataclasses import dataclass
from typing import Annotated

from genbench.files.codec import Meta, Positive

Text = Annotated[str, Meta(min_length=1)]


@dataclass(frozen=True)
class Tune:
    """By what a model's settings are chosen, and what a trial of them may spend."""

    criterion: Text
    """The score that decides, on the valid split alone: `metric` or `metric@extractor`."""
    images: Annotated[int, Meta(ge=1, le=10**12)] | None = None
    """Training budget of a trial, at most the suite's; null: the suite's."""
    factor: Annotated[float, Meta(gt=1, lt=1e12)] | None = None
    """How far from its default a setting is searched: up to the default times this and, on a logarithmic scale, down to
    the default by it. null, and where a Range has negative numbers: all of its Range."""
    budgets: tuple[Positive, ...] = ()
    """Shares of the suite's training budget at which the default and the best are compared besides."""
