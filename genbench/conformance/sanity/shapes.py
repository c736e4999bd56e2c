"""Shapes and scales: surfaces, cubes, a ball in a torus, and features of other scales beside the one that counts."""

from collections.abc import Iterator

import numpy as np

from genbench.conformance.sanity.check import (
    COUNT,
    DIMS,
    FIRST,
    LAST,
    Asked,
    Check,
    Demand,
    Setting,
    both,
    decades,
    grid,
)
from genbench.conformance.sanity.criteria import bell, flat, near, settled
from genbench.conformance.sanity.laws import RADIUS, Generator, ball, cube, normal, sphere, torus
from genbench.geometry.cloud import Reals


def of_shapes(points: int, largest: int) -> Iterator[Check]:
    """Checks of laws with an edge, whose sets grow up to `largest`."""
    surface = [_surface(dim, grid(0.1, 1.9, points)) for dim in (2, 16, 128)]
    ends = (both(Asked.BOUNDS, near(1, 1)), both(Asked.BOUNDS, near(0, FIRST)), both(Asked.BOUNDS, near(0, LAST)))
    yield Check("sphere-surface", surface, (*ends, both(Asked.PURPOSE, bell(1))))
    sizes = np.round(decades(2, float(np.log10(largest)), points))
    right = both(Asked.PURPOSE, near(0.2, LAST))
    yield Check("cube-sizes", [_cubes(dim, sizes, True) for dim in DIMS], (both(Asked.DATA, settled), right))
    yield Check(
        "cube-generated-sizes", [_cubes(dim, sizes, False) for dim in DIMS], (both(Asked.KNOBS, settled), right)
    )
    yield Check(
        "ball-in-torus",
        [
            Setting("ball", sizes, lambda rng, x: ball(rng, COUNT, 3, RADIUS), lambda rng, x: torus(rng, round(x))),
            Setting("torus", sizes, lambda rng, x: torus(rng, COUNT), lambda rng, x: ball(rng, round(x), 3, RADIUS)),
        ],
        (both(Asked.PURPOSE, settled), both(Asked.BOUNDS, near(0, LAST))),
    )


def _surface(dim: int, x: Reals) -> Setting:
    return Setting(f"{dim}", x, lambda rng, x: sphere(rng, COUNT, dim, 1), lambda rng, x: sphere(rng, COUNT, dim, x))


def _cubes(dim: int, sizes: Reals, grown: bool) -> Setting:
    return Setting(
        f"{dim}",
        sizes,
        lambda rng, x: cube(rng, round(x) if grown else COUNT, dim, shifted=False),
        lambda rng, x: cube(rng, round(x), dim, shifted=True),
        fixed=not grown,
    )


def of_scales(points: int) -> Iterator[Check]:
    """Checks of features that differ in scale, in number and in whether they are whole numbers."""
    apart = both(Asked.BOUNDS, near(0, FIRST)), both(Asked.BOUNDS, near(0, LAST))
    scaled = Setting(
        "",
        decades(-3, 3, points),
        lambda rng, x: _scaled(rng, 0, x),
        lambda rng, x: _scaled(rng, 6, x),
        fixed=False,
    )
    yield Check("one-feature-scaled", [scaled], (both(Asked.INVARIANCE, flat), *apart))
    more = np.unique(np.round(decades(0, 3, points)))
    disjoint = Setting("", more, lambda rng, x: _apart(rng, 0, x), lambda rng, x: _apart(rng, 6, x), fixed=False)
    yield Check("one-feature-apart", [disjoint], (both(Asked.PURPOSE, flat), *apart))
    yield _whole_numbers(decades(0, 3, points))


def _whole_numbers(x: Reals) -> Check:
    whole, real = "whole numbers are real", "whole numbers are generated"
    settings = [
        Setting(whole, x, lambda rng, x: np.round(normal(rng, COUNT, 1, 0, x)), _of_scale, fixed=False),
        Setting(real, x, _of_scale, lambda rng, x: np.round(normal(rng, COUNT, 1, 0, x)), fixed=False),
    ]
    coarse = [(whole, Demand(Asked.BOUNDS, near(0, end), (near(0, end), near(1, end)))) for end in (FIRST, LAST)]
    fine = [(real, Demand(Asked.BOUNDS, near(1, end), (near(0, end),))) for end in (FIRST, LAST)]
    return Check("whole-numbers", settings, (both(Asked.PURPOSE, flat), *coarse, *fine))


def _of_scale(rng: Generator, scale: float) -> Reals:
    return normal(rng, COUNT, 1, 0, scale)


def _scaled(rng: Generator, mean: float, scale: float) -> Reals:
    drawn = normal(rng, COUNT, 2)
    drawn[:, 1] *= scale
    drawn[:, 0] += mean
    return drawn


def _apart(rng: Generator, mean: float, more: float) -> Reals:
    drawn = normal(rng, COUNT, 1 + round(more))
    drawn[:, 0] += mean
    return drawn
