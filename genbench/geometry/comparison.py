"""Comparison: real and generated feature vectors, and everything that scores share, computed once when it is asked for.

    within_real, within_generated   S Sᵀ, G Gᵀ → nearest neighbours, kernel sums
    across                          S Gᵀ       → balls, kernel sums, where there are T the nearest of S to each of G
    train_of_real, train_of_generated   S Tᵀ, G Tᵀ → the nearest of T
    train_within                    T Tᵀ       → nearest neighbours

Of a product only blocks exist at any time. What S and T give alone lies in a Reference, which candidates may share:

    reference = Reference(real, train)
    for generated in candidates:
        comparison = Comparison(reference, generated)
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable
from genbench.geometry.balls import Balls, NestedBalls, open_and_closed
from genbench.geometry.cloud import Cloud, Features, Vectors
from genbench.geometry.far_kernel import FarSums, far_sums, is_far
from genbench.geometry.kernel import KernelSums
from genbench.geometry.moments import Moments, moments
from genbench.geometry.neighbours import Nearest, Neighbours
from genbench.geometry.reference import NEAREST, NO_TRAIN, Reference, Within
from genbench.geometry.rows import drawn
from genbench.geometry.sweep import BLOCK, Reduction, Turned, sweep_across

Classify = Callable[[Vectors], NDArray[np.int64]]

SUBSETS, SUBSET_SIZE = 100, 1000  # of the legacy kernel inception distance
SUBSET_SEED = 2020  # torch-fidelity's, so that its subsets are drawn


@dataclass(frozen=True)
class Across:
    """What scores keep of the pairs of a real and a generated vector.

    Args:
        real3, generated3: closed balls that reach to the 3rd neighbour: precision and recall.
        real5: open balls around real vectors that reach to the 5th neighbour: density and coverage.
        clipped5: closed balls like them, of at most the median radius: clipped density.
        generated5: closed balls around generated vectors to their 5th neighbour, of at most the median radius of the
            real ones: clipped recall.
        real1, generated1: open balls, and closed ones, that reach to the nearest other of the own set: whose is nearer.
        kernel: sums of the kernel of the kernel inception distance.
        neighbours: what `real_of_generated` is found from; None: without T, nobody asks who copied.
    """

    real3: Balls
    generated3: Balls
    real5: Balls
    clipped5: Balls
    generated5: Balls
    real1: tuple[Balls, Balls]
    generated1: tuple[Balls, Balls]
    kernel: KernelSums
    neighbours: Neighbours | None

    @property
    def reductions(self) -> list[Reduction]:
        """What the blocks S Gᵀ are handed to."""
        real = NestedBalls(self.real3, self.real5, self.clipped5, *self.real1)
        generated = NestedBalls(self.generated3, self.generated5, *self.generated1)
        nearest = [] if self.neighbours is None else [Turned(self.neighbours)]
        return [real, Turned(generated), self.kernel, *nearest]

    @cached_property
    def real_of_generated(self) -> Nearest:
        """The two real vectors nearest to each generated one, [M, 2].

        Raises:
            Unavailable: there is no T.
        """
        if self.neighbours is None:
            raise Unavailable(NO_TRAIN)
        return Nearest(*self.neighbours.nearest())


class Comparison:
    """Feature vectors of real test data S, generated samples G and, perhaps, real training data T.

    Args:
        real: S, [N, d] float32, or a Reference that holds S, T, the device and the block already.
        generated, train: [M, d] and [K, d], of magnitudes up to 1e15; never changed. Sets are float32, or float64
            where float32 would not tell their vectors apart; where one is float64, all become so.
        device: where torch multiplies the blocks (`cuda`); None: NumPy does.
        block: rows of a block; the results do not depend on it.
        classify: labels [N] int64 of vectors [N, d]; None: the extractor names no classes.
    Raises:
        ValueError: other shapes or another dtype.
        Unavailable: values that are too large or not finite.
    """

    def __init__(
        self,
        real: Features | Reference,
        generated: Features,
        train: Features | None = None,
        *,
        device: str | None = None,
        block: int = BLOCK,
        classify: Classify | None = None,
    ) -> None:
        if isinstance(real, Reference):
            self.reference = real
        else:
            real, generated, train = _alike(real, generated, train)
            self.reference = Reference(real, train, device=device, block=block)
        self.reference.check("generated", generated)
        self.generated, self._classify = generated, classify
        self.product = self.reference.product

    @property
    def real(self) -> Features:
        """S, [N, d].

        Raises:
            Unavailable: only its moments are known.
        """
        return self.reference.real

    @property
    def train(self) -> Features | None:
        """T, [K, d], or None."""
        return self.reference.train

    @cached_property
    def equal(self) -> "Comparison":
        """As many vectors of S as of G: the larger set is cut to drawn ones, always the same; itself if it is so.

        Raises:
            Unavailable: only the moments of S are known.
        """
        n, m = len(self.real), len(self.generated)
        if n == m:
            return self
        reference = self.reference.drawn(m) if n > m else self.reference
        generated = self.generated if n > m else self.generated[drawn(m, n, "generated")]
        return Comparison(reference, generated, classify=self._classify)

    @property
    def dim(self) -> int:
        """Features in one vector, d."""
        return self.reference.dim

    @property
    def moments_real(self) -> Moments:
        """Mean and covariance of S."""
        return self.reference.moments_real

    @cached_property
    def moments_generated(self) -> Moments:
        """Mean and covariance of G."""
        return moments(self.generated)

    @property
    def moments_train(self) -> Moments:
        """Mean and covariance of T.

        Raises:
            Unavailable: there is no T.
        """
        return self.reference.moments_train

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
    def labels(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The classes of S [N] and of G [M]: those that the extractor predicts, else each one's nearest T's.

        Raises:
            Unavailable: the extractor names no classes, and T have none.
        """
        classes = self.reference.classes
        if self._classify is None and classes is not None:
            return classes[self.train_of_real.indices[:, 0]], classes[self.train_of_generated.indices[:, 0]]
        return self.classes_of(self.real), self.classes_of(self.generated)

    def classes_of(self, x: Features) -> NDArray[np.int64]:
        """The classes [K] of further vectors [K, d], as `labels` tells those of G.

        Raises:
            Unavailable: the extractor names no classes, and T have none.
        """
        classes = self.reference.classes
        if self._classify is not None:
            return self._classify(x.astype(np.float32, copy=False))
        if classes is None:
            raise Unavailable("needs training data with classes, or an extractor that names some, such as digits-net")
        own = self.reference.cloud(x.astype(np.float64) if self.generated.dtype == np.float64 else x)
        return classes[self.reference.nearest(own, self.reference.train_cloud, 2).indices[:, 0]]

    @cached_property
    def generated_cloud(self) -> Cloud:
        """G about the mean of S."""
        return self.reference.cloud(self.generated)

    @property
    def within_real(self) -> Within:
        """The reduced pairs of S with S."""
        return self.reference.within_real(len(self.generated), self.subsets[0])

    @cached_property
    def within_generated(self) -> Within:
        """The reduced pairs of G with G."""
        return self.reference.within(self.generated_cloud, self.subsets[1])

    @cached_property
    def across(self) -> Across:
        """The reduced pairs of S with G.

        Raises:
            Unavailable: a set has fewer than 7 vectors.
        """
        fewest = min(len(self.real), len(self.generated))
        if fewest < NEAREST + 2:
            raise Unavailable(f"needs at least {NEAREST + 2} samples in each set, got {fewest}")
        real, generated = self.reference.real_cloud, self.generated_cloud
        radii = [self.within_real.squared_radii(k) for k in (1, 3, 5)]
        own = [self.within_generated.squared_radii(k) for k in (1, 3, 5)]
        most = np.median(radii[2])
        found = Across(
            real3=Balls(real, generated, radii[1], closed=True),
            generated3=Balls(generated, real, own[1], closed=True),
            real5=Balls(real, generated, radii[2], closed=False),
            clipped5=Balls(real, generated, np.minimum(radii[2], most), closed=True),
            generated5=Balls(generated, real, np.minimum(own[2], most), closed=True),
            real1=open_and_closed(real, generated, radii[0]),
            generated1=open_and_closed(generated, real, own[0]),
            kernel=KernelSums(real, generated, *self.subsets),
            neighbours=Neighbours(generated, real, 2) if self.reference.has_train else None,
        )
        sweep_across(real, generated, found.reductions, self.product, self.reference.block)
        return found

    @cached_property
    def kernel_sums(self) -> tuple[KernelSums | FarSums, KernelSums | FarSums, KernelSums | FarSums]:
        """Sums of the kernel within S, within G and across, of which differences of averages are to be taken.

        Raises:
            Unavailable: a set has fewer than 7 vectors.
        """
        real, generated, subsets = self.reference.real_cloud, self.generated_cloud, self.subsets
        if not is_far(real, generated):
            return self.within_real.kernel, self.within_generated.kernel, self.across.kernel
        own = far_sums(real, real, subsets[0], subsets[0]), far_sums(generated, generated, subsets[1], subsets[1])
        return *own, far_sums(real, generated, *subsets)

    @property
    def train_of_real(self) -> Nearest:
        """The two training vectors nearest to each real test vector, [N, 2].

        Raises:
            Unavailable: there is no T.
        """
        return self.reference.train_of_real

    @cached_property
    def train_of_generated(self) -> Nearest:
        """The two training vectors nearest to each generated one, [M, 2].

        Raises:
            Unavailable: there is no T.
        """
        return self.reference.nearest(self.generated_cloud, self.reference.train_cloud, 2)

    @property
    def train_within(self) -> Nearest:
        """The other training vector nearest to each training vector, [K, 1].

        Raises:
            Unavailable: there is no T.
        """
        return self.reference.train_within


def _alike(real: Features, generated: Features, train: Features | None) -> tuple[Features, Features, Features | None]:
    """All sets as they are, or all as float64 where one of them is."""
    if all(x is None or x.dtype != np.float64 for x in (real, generated, train)):
        return real, generated, train
    return real.astype(np.float64), generated.astype(np.float64), None if train is None else train.astype(np.float64)
