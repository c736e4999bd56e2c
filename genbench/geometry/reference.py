"""Reference: real feature vectors, and what depends on them alone, computed once for all candidates."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genbench.errors import Unavailable
from genbench.geometry.cloud import LARGEST, Cloud, Features, Indices, Reals, Vectors, cloud
from genbench.geometry.frechet import Floor, frechet_distance, halves
from genbench.geometry.kernel import KernelSums
from genbench.geometry.moments import Moments, moments, pooled
from genbench.geometry.neighbours import Nearest, Neighbours
from genbench.geometry.rows import distinct, drawn
from genbench.geometry.sweep import BLOCK, product_on, sweep_across, sweep_within
from genbench.seeds import seed_for

NEAREST = 5  # the most neighbours that a built-in score asks for
SPLITS = 4  # into halves, which the floor is averaged over,
NO_TRAIN = "needs the features of the training data"
CHEAP = 1e9  # unless N d² is larger: then it is of one split


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


class Reference:
    """Feature vectors of real test data S and, perhaps, of real training data T.

    Args:
        real: S, [N, d] float32 or float64, of magnitudes up to 1e15, never changed; or its moments, where these alone
            are known.
        train: T, [K, d] of the same type, likewise.
        device: where torch multiplies the blocks (`cuda`); None: NumPy does.
        block: rows of a block; the results do not depend on it.
        classes: of T, [K] int64; None: they have none.
        real_classes: of S, [N] int64; None: they have none, or nobody knows them.
    Raises:
        ValueError: other shapes or another dtype.
        Unavailable: values that are too large or not finite.
    """

    def __init__(
        self,
        real: Features | Moments,
        train: Features | None = None,
        *,
        device: str | None = None,
        block: int = BLOCK,
        classes: Indices | None = None,
        real_classes: Indices | None = None,
    ) -> None:
        self._real: Features | None = None if isinstance(real, Moments) else real
        self._moments: Moments | None = real if isinstance(real, Moments) else None
        self._train, self.classes, self.real_classes = train, classes, real_classes
        self.device, self.product, self.block = device, product_on(device), block
        for name, x in (("real", self._real), ("train", train)):
            if x is not None:
                self.check(name, x)
        self._within_real: dict[int, Within] = {}
        self._drawn: dict[int, Reference] = {}

    @property
    def real(self) -> Features:
        """S, [N, d].

        Raises:
            Unavailable: only its moments are known.
        """
        if self._real is None:
            raise Unavailable("needs the reference's feature vectors, and only their mean and covariance are known")
        return self._real

    @property
    def has_vectors(self) -> bool:
        """Whether S is known, and not its moments alone."""
        return self._real is not None

    @property
    def dim(self) -> int:
        """Features in one vector, d."""
        return int((self.real if self._moments is None else self._moments.mean).shape[-1])

    def drawn(self, count: int) -> "Reference":
        """`count` vectors of S, drawn without replacement, always the same; without T. The same object at every call.

        Raises:
            Unavailable: only the moments of S are known.
        """
        if count not in self._drawn:
            real: Features = self.real[drawn(len(self.real), count, "real")]
            self._drawn[count] = Reference(real, device=self.device, block=self.block)
        return self._drawn[count]

    @property
    def train(self) -> Features | None:
        """T, [K, d], or None."""
        return self._train

    @property
    def has_train(self) -> bool:
        """Whether there is a T, which need not be at hand yet."""
        return self._train is not None

    def check(self, name: str, x: Features) -> None:
        """Refuse vectors that cannot be compared with these."""
        kind = np.dtype(np.float64 if (x if self._real is None else self._real).dtype == np.float64 else np.float32)
        if x.dtype != kind or x.ndim != 2 or x.shape[1] != self.dim or not x.size:
            raise ValueError(f"{name}: expected {kind} [N, {self.dim}], got {x.dtype} {list(x.shape)}")
        if not max(x.max(), -x.min()) <= LARGEST:  # NaN fails as well
            raise Unavailable(f"features of the {name} samples are not all finite, or exceed {LARGEST:g}")

    def cloud(self, x: Features) -> Cloud:
        """The vectors x about the mean of S."""
        return Cloud(x, self.real_cloud.centre)

    @cached_property
    def real_cloud(self) -> Cloud:
        """S about its mean."""
        return cloud(self.real, self.real)

    @cached_property
    def train_cloud(self) -> Cloud:
        """T about the mean of S.

        Raises:
            Unavailable: there is no T.
        """
        if self.train is None:
            raise Unavailable(NO_TRAIN)
        return self.cloud(self.train)

    @cached_property
    def _halves(self) -> tuple[Moments, Moments]:
        return halves(self.real, np.random.default_rng(seed_for("fd", "half splits")))

    @cached_property
    def moments_real(self) -> Moments:
        """Mean and covariance of S."""
        if self._moments is not None:
            return self._moments
        return pooled(*self._halves) if self._halves_serve else moments(self.real)

    @property
    def _halves_serve(self) -> bool:
        return self._real is not None and len(self._real) // 2 > self.dim

    @cached_property
    def floor(self) -> Floor | None:
        """The Fréchet distance of real data to real data: of two random halves of S, averaged over a few splits.

        Where these have no more vectors than features, S is compared with as many random vectors of T; None where
        these are too few as well.
        """
        if self._halves_serve:
            rng = np.random.default_rng(seed_for("fd", "further splits"))
            further = SPLITS - 1 if len(self.real) * self.dim**2 <= CHEAP else 0
            pairs = [self._halves, *(halves(self.real, rng) for _ in range(further))]
            return Floor(float(np.mean([frechet_distance(*pair) for pair in pairs])), len(self.real) // 2)
        if self._real is None or self.train is None or not self.dim < len(self.real) <= len(self.train):
            return None
        order = np.random.default_rng(seed_for("fd", "floor")).permutation(len(self.train))
        fresh = moments(self.train, order[: len(self.real)])
        return Floor(frechet_distance(self.moments_real, fresh), len(self.real))

    @cached_property
    def moments_train(self) -> Moments:
        """Mean and covariance of T.

        Raises:
            Unavailable: there is no T.
        """
        return moments(self.train_cloud.x)

    @cached_property
    def train_of_real(self) -> Nearest:
        """The two training vectors nearest to each real one, [N, 2].

        Raises:
            Unavailable: there is no T.
        """
        return self.nearest(self.real_cloud, self.train_cloud, 2)

    @cached_property
    def train_within(self) -> Nearest:
        """The other training vector nearest to each training vector, [K, 1]; rows that repeat count once.

        Raises:
            Unavailable: there is no T.
        """
        first, which = distinct(self.train_cloud.x)
        once = self.train_cloud if len(first) == len(which) else self.cloud(self.train_cloud.x[first])
        found = Neighbours(once, once, 1)
        sweep_within(once, [found], self.product, self.block)
        squared, indices = found.nearest()
        return Nearest(squared[which], first[indices][which])

    def nearest(self, rows_of: Cloud, columns_of: Cloud, k: int) -> Nearest:
        """The k vectors of one cloud that are nearest to each of another, from a sweep of their own, [N, k]."""
        found = Neighbours(rows_of, columns_of, k)
        sweep_across(rows_of, columns_of, [found], self.product, self.block)
        return Nearest(*found.nearest())

    def within(self, own: Cloud, subsets: Vectors) -> Within:
        """The reduced pairs of a cloud with itself, with the kernel sums of `subsets`, [B, N] indicators."""
        neighbours, kernel = Neighbours(own, own, NEAREST), KernelSums(own, own, subsets, subsets)
        sweep_within(own, [neighbours, kernel], self.product, self.block)
        return Within(*neighbours.nearest(), kernel)

    def within_real(self, generated: int, subsets: Vectors) -> Within:
        """The reduced pairs of S with S; `subsets` are those that are drawn beside `generated` vectors."""
        if generated not in self._within_real:
            self._within_real[generated] = self.within(self.real_cloud, subsets)
        return self._within_real[generated]
