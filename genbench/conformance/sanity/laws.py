"""Laws: what real and generated vectors of the checks are drawn from."""

import numpy as np

from genbench.geometry.cloud import Reals

MODES = 10
OVERLAP = 0.2  # of the volumes of two cubes
PARETO = 1.01  # the exponent of a tail without a variance
RADIUS, RING, TUBE = 0.8, 1.0, 0.1  # of the ball, and of the torus around it
CENTRES = 25.0  # how far out the modes of a plane may lie
Generator = np.random.Generator


def normal(rng: Generator, count: int, dim: int, mean: float = 0.0, deviation: float = 1.0) -> Reals:
    """Independent features of one mean and deviation, [count, dim]."""
    return rng.normal(mean, deviation, (count, dim))


def with_outlier(x: Reals, at: float) -> Reals:
    """The same with one vector, the last, at (at, at, …)."""
    return np.concatenate([x[:-1], np.full((1, x.shape[1]), at)])


def modes(rng: Generator, count: int, dim: int, shares: Reals) -> Reals:
    """Ten clusters in a row on the diagonal, from 0 to 10, with their shares [10]."""
    deviation = {1: 1 / 6, 8: 1 / 3, 64: 1.0}[dim]
    chosen = rng.choice(MODES, count, p=shares / shares.sum())
    return np.linspace(0, 10, MODES)[chosen, None] + deviation * rng.standard_normal((count, dim))


def plane_modes(rng: Generator, count: int, first: int) -> Reals:
    """The first of ten small clusters in a plane, which are always the same, with equal shares."""
    drawn = np.random.default_rng(3).uniform(-CENTRES, CENTRES, (MODES, 2))
    return drawn[rng.integers(first, size=count)] + 0.25 * rng.standard_normal((count, 2))


def two_modes(rng: Generator, count: int, dim: int, apart: float) -> Reals:
    """Two clusters of deviation 1 whose means differ by `apart` in every feature."""
    return rng.choice([-0.5, 0.5], (count, 1)) * apart + rng.standard_normal((count, dim))


def sphere(rng: Generator, count: int, dim: int, radius: float) -> Reals:
    """Evenly from a sphere's surface."""
    z = rng.standard_normal((count, dim))
    surface: Reals = radius * z / np.linalg.norm(z, axis=1, keepdims=True)
    return surface


def ball(rng: Generator, count: int, dim: int, radius: float) -> Reals:
    """Evenly from within a sphere."""
    return sphere(rng, count, dim, radius) * rng.random((count, 1)) ** (1 / dim)


def torus(rng: Generator, count: int) -> Reals:
    """From a torus around the ball of the same checks, which it does not touch."""
    angle, disc = rng.uniform(0, 2 * np.pi, count), ball(rng, count, 2, TUBE)
    ring = RING + disc[:, 0]
    return np.stack([ring * np.cos(angle), ring * np.sin(angle), disc[:, 1]], axis=1)


def cube(rng: Generator, count: int, dim: int, shifted: bool) -> Reals:
    """Evenly from the unit cube, or from one that is shifted so that a fifth of the volumes overlaps."""
    start = 1 - OVERLAP ** (1 / dim) if shifted else 0.0
    return rng.uniform(start, start + 1, (count, dim))


def beside_a_tail(rng: Generator, count: int, mean: float) -> Reals:
    """One normal feature, and one with a tail so heavy that single vectors set its scale."""
    return np.stack([rng.normal(mean, 1, count), 1 + rng.pareto(PARETO, count)], axis=1)
