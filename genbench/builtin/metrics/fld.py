"""The feature likelihood divergence: how probable test data are under a density made of the generated samples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.cloud import Indices, Reals, Vectors, squared_distances
from genbench.geometry.comparison import Comparison
from genbench.geometry.rows import distinct
from genbench.records.kinds import Axis, Direction
from genbench.seeds import seed_for

FARTHEST = 1e6  # deviations: its square over the smallest σ² is still far from float32's end
NEAR = 1e-6  # distances below this share of the norms come from the differences: copies are at exactly 0
SOURCE = "Jiralerspong et al. 2023, https://arxiv.org/abs/2302.04440, as in https://github.com/marcojira/fld"

# How the variances are fitted.
EPOCHS = 50  # passes over the rows
RATE, MOMENTUM, INERTIA, TINY = 0.5, 0.9, 0.999, 1e-8  # Adam's rate, in log σ², and its β₁, β₂ and ε
FLOOR = 1e-3  # added to the squared distance that the first σ² is made of
LOWEST, HIGHEST = -40.0, 20.0  # log σ² stays between them
NEARER = 0.9**2  # on the squared distances from the mean that the wide component sees


@dataclass(frozen=True)
class Sizes:
    """How much is taken, and how much of it is at work at once.

    Args:
        most: Gaussians of one mixture.
        pairs: distances that are held, in float32: 0.4 GB, and a minute or two of one core.
        batch: rows of a step of the fit.
        entries: pairs that are at work: they stay in the cache.
    """

    most: int = 10_000
    pairs: int = 10**8
    batch: int = 10_000
    entries: int = 2**18

    def blocks(self, n: int, m: int) -> list[slice]:
        """Slices of n rows, each with about `entries` pairs of a row and one of m vectors."""
        step = max(1, self.entries // m)
        return [slice(start, min(start + step, n)) for start in range(0, n, step)]


SIZES = Sizes()


@dataclass(frozen=True)
class Mixture:
    """Σⱼ N(x; μⱼ, σⱼ² I) / M.

    Args:
        centres: μ, [M, d] float32.
        log_variances: log σ², [M] float64.
        sizes: of what is at work at once.
    """

    centres: Vectors
    log_variances: Reals
    sizes: Sizes = SIZES

    def nll(self, x: Vectors) -> float:
        """The mean of -log p(x) / d over x [N, d], in nats."""
        total, dim = 0.0, int(x.shape[1])
        for rows in self.sizes.blocks(len(x), len(self.centres)):
            parts = _log_normal(distances(x[rows], self.centres), self.log_variances, dim)
            total -= float(_log_sum(parts).sum())
        return (total / len(x) + math.log(len(self.centres))) / dim


def fitted(centres: Vectors, x: Vectors, rng: np.random.Generator, sizes: Sizes = SIZES) -> Mixture:
    """A Gaussian around each centre, with variances under which x is probable: 50 epochs of Adam in log σ².

    Each starts at the variance that suits its nearest row of x. A wide component about the mean of x takes what lies
    far from every centre while the others are fitted, and is then left out.

    Args:
        centres, x: [M, d] and [N, d] float32.
        rng: orders the rows of x where one step does not hold them all.
        sizes: of a step, and of what is at work at once.
    """
    dim = x.shape[1]
    squared = np.empty((len(x), len(centres) + 1), np.float32)  # the wide component stands last
    for rows in sizes.blocks(len(x), len(centres)):
        squared[rows, :-1] = distances(x[rows], centres)
    squared[:, -1] = NEARER * np.square(x - x.mean(axis=0, dtype=np.float64)).sum(axis=1)
    v = np.append(np.log((squared[:, :-1].min(axis=0).astype(np.float64) + FLOOR) / dim), 0.0)  # log σ²
    first, second, step = np.zeros_like(v), np.zeros_like(v), 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(x)) if len(x) > sizes.batch else np.arange(len(x))
        for start in range(0, len(x), sizes.batch):
            slope, step = _slope(squared, order[start : start + sizes.batch], v, dim, sizes), step + 1
            first += (1 - MOMENTUM) * (slope - first)
            second += (1 - INERTIA) * (slope**2 - second)
            spread = np.sqrt(second / (1 - INERTIA**step)) + TINY
            v -= RATE * first / (1 - MOMENTUM**step) / spread
            v[:-1] = v[:-1].clip(LOWEST, HIGHEST)
    return Mixture(centres, v[:-1], sizes)


def _slope(squared: Vectors, chosen: Indices, v: Reals, dim: int, sizes: Sizes) -> Reals:
    """The gradient in log σ² of the mean of -log p / d over the chosen rows, [M + 1]."""
    level, steep = -dim * v / 2, (-np.exp(-v) / 2).astype(np.float32)
    level[-1] += math.log(len(v) - 1)  # the wide component counts as much as all the others together
    offset = (level - level.max()).astype(np.float32)
    shares, weighted = np.zeros_like(v), np.zeros_like(v)
    for rows in sizes.blocks(len(chosen), len(v)):
        some = squared[chosen[rows]]
        share = some * steep  # [r, M + 1] float32, log-densities up to a constant, then shares of each row
        share += offset
        share -= share.max(axis=1, keepdims=True)
        np.exp(share, out=share)
        share /= share.sum(axis=1, keepdims=True)
        shares += share.sum(axis=0, dtype=np.float64)
        weighted += np.einsum("rm,rm->m", share, some)
    return (dim * shares - weighted * np.exp(-v)) / (2 * len(chosen) * dim)


def _log_normal(squared: Reals, v: Reals, dim: int) -> Reals:
    log_normal: Reals = -(squared * np.exp(-v) + dim * (v + math.log(2 * math.pi))) / 2
    return log_normal


def _log_sum(parts: Reals) -> Reals:
    highest = parts.max(axis=1)
    log_sum: Reals = highest + np.log(np.exp(parts - highest[:, None]).sum(axis=1))
    return log_sum


def distances(x: Vectors, y: Vectors) -> Reals:
    """|x - y|² of all pairs, [N, M] float64; those of copies are exactly 0."""
    x_wide, y_wide = x.astype(np.float64), y.astype(np.float64)
    norms = np.square(x_wide).sum(axis=1)[:, None] + np.square(y_wide).sum(axis=1)
    squared: Reals = norms - 2 * x_wide @ y_wide.T
    i, j = np.nonzero(squared <= NEAR * norms)
    squared[i, j] = squared_distances(x, i, y, j)
    return squared


def standardised(comparison: Comparison) -> tuple[Vectors, Vectors, Vectors]:
    """T, S and G about the mean of S and over the deviations of S; features that do not vary in S are left out.

    Of T each distinct row is taken once.

    Raises:
        Unavailable: there is no T, S and T are too few, or values are too far away.
    """
    real, train = comparison.real, comparison.train
    if train is None:
        raise Unavailable("needs the features of the training data")
    train = train[distinct(train)[0]]
    if min(len(real), len(train)) < 2:
        raise Unavailable("needs at least 2 real samples in the test and in the training data")
    mean, deviation = real.mean(axis=0, dtype=np.float64), real.std(axis=0, dtype=np.float64, ddof=1)
    varies = deviation > np.finfo(real.dtype).eps * np.abs(mean)
    if not varies.any():
        raise Unavailable("no feature of the test data varies")
    sets = [(x[:, varies] - mean[varies]) / deviation[varies] for x in (train, real, comparison.generated)]
    if max(np.abs(x).max() for x in sets) > FARTHEST:
        raise Unavailable(f"some features lie more than {FARTHEST:g} deviations of the test data away")
    return sets[0].astype(np.float32), sets[1].astype(np.float32), sets[2].astype(np.float32)


def shuffled(x: Vectors, *names: object) -> Vectors:
    """The rows of x in an order made of the names, whatever order they come in."""
    rows = np.ascontiguousarray(x)
    canonical = np.argsort(rows.view(np.dtype((np.void, rows.strides[0]))).ravel(), kind="stable")
    return rows[canonical[np.random.default_rng(seed_for("fld", *names)).permutation(len(x))]]


class FeatureLikelihoodDivergence(Metric):
    """100 (nll - baseline): nll is nats per feature of test data under Gaussians around the generated samples.

    Their variances are fitted to training data, so that copies of those get needles which no test sample lies under:
    a copycat scores thousands and more. Training rows that repeat count once. The baseline is half of
    the training data in the place of the generated
    samples, fitted to the other half. Roughly 0 to 100 without copies, and below 0 where the samples are nearer to
    test data than training data are. Costs 50 passes over all pairs of T and G; of more than 10,000 samples (fewer
    with more than 10,000 training rows) as many are drawn. Details: `gap`, 100 (nll of T - nll of S), below 0 where
    the samples are nearer to training data; `baseline`, in nats; `gaussians`, how many samples were taken.
    """

    name = "fld"
    title = "FLD"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = SOURCE
    version = "2"
    uses_features = True
    further = True
    guard = "fd"
    needs_train = True
    shown: ClassVar[Mapping[str, str]] = {"train-test gap": "gap"}

    def score(self, evidence: Evidence) -> Score:
        """FLD of the test data.

        Raises:
            Unavailable: there are no features of training data, or too few of them.
        """
        return divergence(evidence.comparison)


def divergence(comparison: Comparison, sizes: Sizes = SIZES) -> Score:
    """FLD of the test data, with its details.

    Raises:
        Unavailable: there are no features of training data, or too few of them.
    """
    train, real, generated = standardised(comparison)
    train = shuffled(train, "train")
    most = min(len(generated), sizes.most, max(1, sizes.pairs // len(train)))
    rng = np.random.default_rng(seed_for("fld", "batches"))
    mixture = fitted(shuffled(generated, "generated")[:most], train, rng, sizes)
    nll, half = mixture.nll(real), min(most, len(train) // 2)
    baseline = fitted(train[:half], train[half:], rng, sizes).nll(real)
    details = {"gap": 100 * (mixture.nll(train) - nll), "baseline": baseline, "gaussians": float(most)}
    return Score(100 * (nll - baseline), details=details)
