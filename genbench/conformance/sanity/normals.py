"""Normals: means and deviations that move, outliers, heavy tails, and modes that are dropped, invented or merged."""

from collections.abc import Iterator

import numpy as np

from genbench.conformance.sanity.check import COUNT, DIMS, FIRST, LAST, Asked, Check, Setting, both, decades, each, grid
from genbench.conformance.sanity.criteria import bell, falling, falling_by, flat, near, rising
from genbench.conformance.sanity.laws import (
    MODES,
    Generator,
    beside_a_tail,
    modes,
    normal,
    plane_modes,
    two_modes,
    with_outlier,
)
from genbench.geometry.cloud import Reals


def away(words: str, limit: float, points: int, dim: int, outlier: str = "") -> Setting:
    """Normal vectors, and others whose mean moves; an outlier stands where that ends."""

    def real(rng: Generator, x: float) -> Reals:
        drawn = normal(rng, COUNT, dim)
        return with_outlier(drawn, limit) if outlier == "real" else drawn

    def generated(rng: Generator, x: float) -> Reals:
        drawn = normal(rng, COUNT, dim, x)
        return with_outlier(drawn, limit) if outlier == "generated" else drawn

    return Setting(words, grid(-limit, limit, points), real, generated)


def of_normals(points: int) -> Iterator[Check]:
    """Checks of a mean or a deviation that moves, also beside outliers and a heavy tail."""
    limits = {1: 6.0, 8: 3.0, 64: 1.0}
    hill = (
        both(Asked.BOUNDS, near(1, 0)),
        both(Asked.BOUNDS, near(0, FIRST)),
        both(Asked.BOUNDS, near(0, LAST)),
        both(Asked.PURPOSE, bell(0)),
    )
    yield Check("mean", [away(f"{dim}", limits[dim], points, dim) for dim in DIMS], hill)
    outliers = [away(f"{dim} {of}", limits[dim], points, dim, of) for of in ("real", "generated") for dim in DIMS]
    yield Check("mean-with-outlier", outliers, hill)
    tail = Setting(
        "",
        grid(-6, 6, points),
        lambda rng, x: beside_a_tail(rng, COUNT, 0),
        lambda rng, x: beside_a_tail(rng, COUNT, x),
    )
    yield Check("mean-beside-heavy-tail", [tail], hill)
    widths = [_width(dim, ends, points) for dim, ends in zip(DIMS, (3.0, 1.0, 0.5), strict=True)]
    yield Check(
        "deviation",
        widths,
        (
            both(Asked.BOUNDS, near(1, 1)),
            each(Asked.BOUNDS, near(1, FIRST), near(0, FIRST)),
            each(Asked.BOUNDS, near(0, LAST), near(0, LAST), near(1, LAST)),
            each(Asked.PURPOSE, falling, bell(1), rising),
        ),
    )


def _width(dim: int, ends: float, points: int) -> Setting:
    x = decades(-ends, ends, points)
    return Setting(f"{dim}", x, lambda rng, x: normal(rng, COUNT, dim), lambda rng, x: normal(rng, COUNT, dim, 0, x))


def of_modes(points: int) -> Iterator[Check]:
    """Checks of modes that are dropped, invented or merged."""
    late, same = 0.95, (both(Asked.BOUNDS, near(1, FIRST)), each(Asked.BOUNDS, near(1, LAST)))
    together = np.unique(np.append(grid(0, 1, points), late))
    yield Check(
        "modes-dropped-together",
        [_dropped(dim, together, one_by_one=False) for dim in DIMS],
        (*same, each(Asked.PURPOSE, flat, falling_by(late))),
    )
    yield Check(
        "modes-dropped-in-turn",
        [_dropped(dim, np.arange(float(MODES)), one_by_one=True) for dim in DIMS],
        (*same, each(Asked.PURPOSE, flat, falling_by(MODES / 2 - 1))),
    )
    half = MODES // 2
    invented = Setting(
        "",
        np.arange(1.0, MODES + 1),
        lambda rng, x: plane_modes(rng, COUNT, half),
        lambda rng, x: plane_modes(rng, COUNT, round(x)),
    )
    bounds = both(Asked.BOUNDS, near(1, half)), each(Asked.BOUNDS, near(1, FIRST), near(1, LAST))
    yield Check("modes-dropped-invented", [invented], (*bounds, each(Asked.PURPOSE, falling, rising)))
    yield Check(
        "one-mode-for-two",
        [_merged(dim, grid(0, 5, points)) for dim in DIMS],
        (both(Asked.BOUNDS, near(1, FIRST)), each(Asked.PURPOSE, falling, falling, flat)),
    )


def _dropped(dim: int, x: Reals, *, one_by_one: bool) -> Setting:
    def generated(rng: Generator, x: float) -> Reals:
        place = np.arange(MODES)
        shares = (place < MODES - round(x)).astype(float) if one_by_one else np.where(place > 0, 1 - x, 1.0)
        return modes(rng, COUNT, dim, shares)

    return Setting(f"{dim}", x, lambda rng, x: modes(rng, COUNT, dim, np.ones(MODES)), generated)


def _merged(dim: int, x: Reals) -> Setting:
    return Setting(
        f"{dim}",
        x,
        lambda rng, x: two_modes(rng, COUNT, dim, x),
        lambda rng, x: normal(rng, COUNT, dim, 0, float(np.sqrt(1 + x**2))),
        fixed=False,
    )
