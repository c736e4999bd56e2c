"""Kinds: the words that models, scores and records share. Each is spelt once, here, and needs no torch."""

from enum import Enum

Value = bool | int | float | str  # of a setting


class Family(Enum):
    """The families of deep generative models that a board can be grouped by."""

    GAN = "gan"
    VAE = "vae"
    FLOW = "flow"
    AUTOREGRESSIVE = "autoregressive"
    DIFFUSION = "diffusion"
    ENERGY = "energy"
    HYBRID = "hybrid"
    BASELINE = "baseline"
    CONTROL = "control"


class Likelihood(Enum):
    """What a log-probability is: never rank the kinds together without saying so."""

    EXACT = "exact"
    LOWER_BOUND = "lower bound"
    ESTIMATE = "estimate"


class Axis(Enum):
    """What a score speaks of."""

    QUALITY = "quality"
    COVERAGE = "coverage"
    OVERALL = "overall"  # quality and coverage together
    FIDELITY = "fidelity"  # to the question that was asked
    NOVELTY = "novelty"
    DENSITY = "density"
    SPEED = "speed"
    COST = "cost"


class Direction(Enum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"

    @property
    def arrow(self) -> str:
        """The way up or down, as it stands beside a score's title."""
        return "↑" if self is Direction.HIGHER else "↓"


class ControlKind(Enum):
    """What a control model is on the board for."""

    CEILING = "ceiling"  # real data: no model can do better honestly
    FLOOR = "floor"  # what anything that has learnt must beat
    COPY = "copy"  # what the gates have to flag
    PROBE = "probe"  # what shows that a score sees, or does not see, one kind of failing


class Scale(Enum):
    """How a score is transformed before variances over seeds are pooled: what undoes, to first order, their growth.

    The variance of a share is largest in the middle, that of a distance or a speed grows with it.

    Source: Bartlett 1947, "The use of transformations", https://doi.org/10.2307/3001536
    """

    PLAIN = "plain"  # as it is
    SHARE = "share"  # in [0, 1]: arcsin √x
    DISTANCE = "distance"  # above 0: ln x
    SPEED = "speed"  # above 0: log₁₀ x
