"""Comparison: real and generated feature vectors, and everything that scores share, computed once when it is asked for.

    within_real, within_generated   S Sᵀ, G Gᵀ → nearest neighbours, kernel sums
    across                          S Gᵀ       → balls, kernel sums

Of a product only blocks exist at any time. A score that needs another pair of sets sweeps it with its own reductions:

    train, generated = cloud(comparison.train, comparison.real), cloud(comparison.generated, comparison.real)
    nearest = Neighbours(generated, train, 2)
    sweep_across(generated, train, [nearest], comparison.product)
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genbench.errors import Unavailable
from genbench.metrics.balls import Balls
from genbench.metrics.cloud import Cloud, Indices, Reals, Vectors
from genbench.metrics.kernel import KernelSums
from genbench.metrics.moments import Moments, moments
from genbench.metrics.neighbours import Neighbours
from genbench.metrics.sweep import BLOCK, Turned, product_on, sweep_across, sweep_within

LARGEST = 1e15  # of a feature's magnitude: its square is still far from float32's end
NEAREST = 5  # the most neighbours that a built-in score asks for
SUBSETS, SUBSET_SIZE = 100, 1000  # of the legacy kernel inception distance
SUBSET_SEED = 2020  # torch-fidelity's, so that its subsets are drawn


@dataclass(frozen=True)
class Within:
    """What scores keep of the pairs within one set of N vectors.

    Args:
        squared: [N, 5] float64 squared distances to the nearest others, ascending; infinite where there are fewer.
        neighbours: [N, 5] the rows that these are.
        kernel: sums of the kernel of the kernel inception distance.
    """

    squared: Reals
    neighbours: Indices
    kernel: KernelSums

    def squared_radii(self, k: int) -> Reals:
        """Squared distance of each vector to its k-th nearest other, [N] float64; k is at most 5."""
        return self.squared[:, k - 1]


@dataclass(frozen=True)
class Across:
    """What scores keep of the pairs of a real and a generated vector.

    Args:
        real3, generated3: closed balls that reach to the 3rd neighbour: precision and recall.
        real5: open balls around real vectors that reach to the 5th neighbour: density and coverage.
        clipped5: closed balls like them, of at most the median radius: clipped density.
        kernel: sums of the kernel of the kernel inception distance.
    """

    real3: Balls
    generated3: Balls
    real5: Balls
    clipped5: Balls
    kernel: KernelSums


class Comparison:
    """Feature vectors of real test data S, generated samples G and, perhaps, real training data T.

    Args:
        real, generated, train: [N, d], [M, d] and [K, d] float32, of magnitudes up to 1e15; never changed.
        device: where torch multiplies the blocks (`cuda`); None: NumPy does.
        block: rows of a block; the results do not depend on it.
    Raises:
        ValueError: other shapes or another dtype.
        Unavailable: values that are too large or not finite.
    """

    def __init__(
        self,
        real: Vectors,
        generated: Vectors,
        train: Vectors | None = None,
        *,
        device: str | None = None,
        block: int = BLOCK,
    ) -> None:
        for name, x in (("real", real), ("generated", generated), ("train", real if train is None else train)):
            _check(name, x, real.shape[-1])
        self.real, self.generated, self.train = real, generated, train
        self.product, self._block = product_on(device), block

    @property
    def dim(self) -> int:
        """Features in one vector, d."""
        return int(self.real.shape[1])

    @cached_property
    def moments_real(self) -> Moments:
        """Mean and covariance of S."""
        return moments(self.real)

    @cached_property
    def moments_generated(self) -> Moments:
        """Mean and covariance of G."""
        return moments(self.generated)

    @cached_property
    def moments_train(self) -> Moments:
        """Mean and covariance of T.

        Raises:
            Unavailable: there is no T.
        """
        if self.train is None:
            raise Unavailable("needs the features of the training data")
        return moments(self.train)

    @cached_property
    def subsets(self) -> tuple[Vectors, Vectors]:
        """Indicators [100, N] and [100, M] of subsets of S and of G of 1000 each; of none where a set is smaller."""
        n, m = len(self.real), len(self.generated)
        count = SUBSETS if min(n, m) >= SUBSET_SIZE else 0
        real, generated = np.zeros((count, n), np.float32), np.zeros((count, m), np.float32)
        draws = np.random.RandomState(SUBSET_SEED)
        for chosen_real, chosen_generated in zip(real, generated, strict=True):
            chosen_generated[draws.choice(m, SUBSET_SIZE, replace=False)] = 1
            chosen_real[draws.choice(n, SUBSET_SIZE, replace=False)] = 1
        return real, generated

    @cached_property
    def within_real(self) -> Within:
        """The reduced pairs of S with S."""
        return self._within(self.real, self.subsets[0])

    @cached_property
    def within_generated(self) -> Within:
        """The reduced pairs of G with G."""
        return self._within(self.generated, self.subsets[1])

    @cached_property
    def across(self) -> Across:
        """The reduced pairs of S with G.

        Raises:
            Unavailable: a set has fewer than 7 vectors.
        """
        fewest = min(len(self.real), len(self.generated))
        if fewest < NEAREST + 2:
            raise Unavailable(f"needs at least {NEAREST + 2} samples in each set, got {fewest}")
        real, generated = cloud(self.real, self.real), cloud(self.generated, self.real)
        radii3, radii5 = self.within_real.squared_radii(3), self.within_real.squared_radii(5)
        across = Across(
            real3=Balls(real, generated, radii3, closed=True),
            generated3=Balls(generated, real, self.within_generated.squared_radii(3), closed=True),
            real5=Balls(real, generated, radii5, closed=False),
            clipped5=Balls(real, generated, np.minimum(radii5, np.median(radii5)), closed=True),
            kernel=KernelSums(real, generated, *self.subsets),
        )
        reductions = [across.real3, Turned(across.generated3), across.real5, across.clipped5, across.kernel]
        sweep_across(real, generated, reductions, self.product, self._block)
        return across

    def _within(self, x: Vectors, subsets: Vectors) -> Within:
        own = cloud(x, x)
        neighbours, kernel = Neighbours(own, own, NEAREST), KernelSums(own, own, subsets, subsets)
        sweep_within(own, [neighbours, kernel], self.product, self._block)
        return Within(*neighbours.nearest(), kernel)


def cloud(x: Vectors, about: Vectors) -> Cloud:
    """The vectors x about the mean of the vectors `about`."""
    return Cloud(x, about.mean(axis=0, dtype=np.float64).astype(np.float32))


def _check(name: str, x: Vectors, dim: int) -> None:
    if x.dtype != np.float32 or x.ndim != 2 or x.shape[1] != dim or not x.size:
        raise ValueError(f"{name}: expected float32 [N, {dim}], got {x.dtype} {list(x.shape)}")
    if not max(x.max(), -x.min()) <= LARGEST:  # NaN fails as well
        raise Unavailable(f"features of the {name} samples are not all finite, or exceed {LARGEST:g}")
