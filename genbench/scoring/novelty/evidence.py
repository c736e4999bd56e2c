"""Evidence: how near samples, and fresh real data, come to one set, and to each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.cloud import Reals
from genbench.geometry.excess import Excess
from genbench.geometry.nearest import nearest
from genbench.geometry.neighbours import Nearest
from genbench.geometry.sweep import Product
from genbench.scoring.novelty.pairs import flat
from genbench.scoring.novelty.repeats import Repeats
from genbench.scoring.novelty.span import ROWS, residuals
from genbench.scoring.novelty.transformed import MOST, likeness

NARROW = 2 * (ROWS + 1)  # entries: in so few, four rows and a constant span too much of all that there is
SMALL = 4  # pixels of a side: on smaller images a shift leaves nothing


@dataclass(frozen=True)
class InPixels:
    """How near N samples come to one set in pixels, or in the entries of what are no images.

    Args:
        nearest: [N, ≤ 4] the nearest of the set's distinct rows.
        residuals: [N] what their span does not explain; None: there are too few entries to ask.
        likeness: [≤ 1000] of some samples: how much they look like a row after a transformation; None: no images.
    """

    nearest: Nearest
    residuals: Reals | None = None
    likeness: Reals | None = None


@dataclass(frozen=True)
class Near:
    """How near samples come to one set.

    Args:
        features: [N, ≥ 1] the nearest rows of the set, in features.
        pixels: in pixels; None: there are only features.
    """

    features: Nearest
    pixels: InPixels | None = None


@dataclass(frozen=True)
class Beside:
    """How near the samples G and the control come to one set."""

    generated: Near
    control: Near


@dataclass(frozen=True)
class Among:
    """What samples show of each other, beside fresh real data.

    Args:
        repeats: of equal ones.
        families: of nearly equal ones; None: there are too few samples to ask.
    """

    repeats: Repeats
    families: Excess | None = None


def in_pixels(x: NDArray[Any], known: NDArray[Any], product: Product, rng: np.random.Generator) -> InPixels:
    """How near samples come to the distinct rows of a set.

    Args:
        x, known: [N, *shape] samples and [M, *shape] distinct rows.
        product: multiplies blocks.
        rng: chooses the samples that are looked at in every transformation.
    Raises:
        Unavailable: the set has fewer than two rows, or values are too large or not finite.
    """
    samples, rows = flat(x), flat(known)
    near = nearest(samples, rows, product, ROWS)
    left = residuals(samples, rows, near.indices) if rows.shape[1] > NARROW else None
    return InPixels(near, left, likeness(some(x, rng), known) if pictures(x) else None)


def pictures(x: NDArray[Any]) -> bool:
    """Whether rows are images [N, C, H, W] of some size."""
    return x.ndim == 4 and x.shape[1] in (1, 3) and min(x.shape[2:]) >= SMALL


def some(x: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """At most 1000 of the rows, drawn without replacement."""
    return x if len(x) <= MOST else x[rng.choice(len(x), MOST, replace=False)]
