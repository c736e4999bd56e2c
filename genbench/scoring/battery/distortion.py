"""Known samples and known distortions of them, in growing strength: what metrics are tried on.

Samples are 4×4 images of 256 levels, scattered about eight patterns, the modes; their features are their pixels over
255. Real, training and undistorted generated samples come from the same law.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence, LogLikelihood
from genbench.geometry.cloud import Indices, Reals, Vectors
from genbench.geometry.comparison import Comparison
from genbench.records.kinds import Axis, Likelihood
from genbench.records.space import Space
from genbench.records.timing import Timing
from genbench.seeds import seed_for

SIDE, LEVELS, MODES = 4, 256, 8
SPACE = Space((1, SIDE, SIDE), LEVELS, MODES)
COUNT = 240  # samples of each set
SCATTER = 16.0  # deviation within a mode, in levels
AMPLITUDE = 96.0  # of noise and of shifts at strength 1, in levels

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Drawn:
    """Samples x [N, 1, 4, 4] uint8 and the modes [N] that they were scattered about."""

    x: Pixels
    modes: Labels

    def __getitem__(self, rows: slice | Indices) -> "Drawn":
        return Drawn(self.x[rows], self.modes[rows])


def fresh(*names: object, count: int = COUNT, modes: int = MODES) -> Drawn:
    """Samples of the first `modes` modes, drawn from generators of their names."""
    rng = _generator(*names)
    chosen = rng.integers(modes, size=count)
    return _shown(_patterns()[chosen] + SCATTER * rng.standard_normal((count, 1, SIDE, SIDE)), chosen)


def noise(strength: float) -> Drawn:
    """Gaussian noise on every pixel."""
    samples, rng = fresh("noise"), _generator("noise", strength)
    return _shown(samples.x + strength * AMPLITUDE * rng.standard_normal(samples.x.shape), samples.modes)


def blur(strength: float) -> Drawn:
    """A mixture with the mean of the 3×3 pixels about each."""
    samples = fresh("blur")
    wide = np.pad(samples.x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)), "edge")
    windows = [wide[..., i : i + SIDE, j : j + SIDE] for i in range(3) for j in range(3)]
    return _shown((1 - strength) * samples.x + strength * np.mean(windows, axis=0), samples.modes)


def shift(strength: float) -> Drawn:
    """Every pixel is brighter or darker, some this and some that."""
    samples, signs = fresh("shift"), _generator("signs").choice([-1, 1], (1, SIDE, SIDE))
    return _shown(samples.x + strength * AMPLITUDE * signs, samples.modes)


def dropped_modes(strength: float) -> Drawn:
    """As many samples, of a part of the modes."""
    return fresh("dropped modes", modes=round(MODES * (1 - strength)))


def duplicates(strength: float) -> Drawn:
    """As many samples, a part of which is repeated to make the others."""
    kept = round(COUNT * (1 - strength))
    return fresh("duplicates")[np.arange(COUNT) % kept]


def copies(strength: float) -> Drawn:
    """Training samples in the place of a part of the samples."""
    samples, train, count = fresh("copies"), fresh("train"), round(COUNT * strength)
    copied, kept = train[:count], samples[count:]
    return Drawn(np.concatenate([copied.x, kept.x]), np.concatenate([copied.modes, kept.modes]))


@dataclass(frozen=True)
class Distortion:
    """The samples at a strength, undistorted at 0, and the strengths that are tried."""

    samples: Callable[[float], Drawn]
    strengths: tuple[float, ...]


DISTORTIONS: Mapping[str, Distortion] = {
    "noise": Distortion(noise, (0.1, 0.3, 1.0)),
    "blur": Distortion(blur, (0.25, 0.5, 1.0)),
    "shift": Distortion(shift, (0.1, 0.3, 1.0)),
    "dropped-modes": Distortion(dropped_modes, (0.25, 0.5, 0.75)),
    "duplicates": Distortion(duplicates, (0.5, 0.75, 0.95)),
    "copies": Distortion(copies, (0.25, 0.5, 1.0)),
}
COSTS = (1.0, 2.0, 4.0, 8.0)  # times the time, the memory, the size and the nats


def due(axis: Axis) -> tuple[str, ...]:
    """The distortions that a score of this axis is to see, unless it says that it does not."""
    if axis in (Axis.SPEED, Axis.COST, Axis.DENSITY):
        return ("expense",)
    return ("copies",) if axis is Axis.NOVELTY else tuple(name for name in DISTORTIONS if name != "copies")


def evidence(generated: Drawn, real: Drawn | None = None, train: Drawn | None = None, expense: float = 1.0) -> Evidence:
    """Evidence of everything that a candidate can have.

    Args:
        generated, real, train: G, S and T; None: the fresh ones.
        expense: a factor on seconds, bytes, operations, parameters and nats.
    """
    real, train = real or fresh("real"), train or fresh("train")
    nats = -expense * (60 + _generator("nats").standard_normal(len(real.x)))
    timing = Timing(
        images=len(generated.x),
        seconds=expense,
        batches=(expense / 4,) * 4,
        latencies=(0.01 * expense, 0.02 * expense, 0.03 * expense),
        nfe=10 * expense,
        flops=1e6 * expense,
        memory=round(2**20 * expense),
    )
    return Evidence(
        SPACE,
        generated.x,
        generated.modes,
        timing,
        LogLikelihood(nats, Likelihood.EXACT),
        parameters=round(1000 * expense),
        fit_seconds=60 * expense,
        features=Comparison(features(real), features(generated), features(train), classify=nearest_mode),
        held=lambda: Comparison(features(real), features(fresh("held")), classify=nearest_mode),
    )


def features(samples: Drawn) -> Vectors:
    """[N, 16] float32, pixels over 255."""
    return samples.x.reshape(len(samples.x), -1).astype(np.float32) / np.float32(LEVELS - 1)


def nearest_mode(x: Vectors) -> Labels:
    """The mode [N] whose pattern lies nearest to features [N, 16]."""
    squared = np.square(x[:, None] - _patterns().reshape(MODES, -1) / (LEVELS - 1)).sum(axis=2)
    labels: Labels = squared.argmin(axis=1)
    return labels


def _patterns() -> Reals:
    return _generator("patterns").uniform(0.25, 0.75, (MODES, 1, SIDE, SIDE)) * LEVELS


def _shown(x: Reals, modes: Labels) -> Drawn:
    return Drawn(x.round().clip(0, LEVELS - 1).astype(np.uint8), modes)


def _generator(*names: object) -> np.random.Generator:
    return np.random.default_rng(seed_for("battery", *names))
