"""Memorisation: a gate, not a score. Do samples lie nearer to training or test data than fresh real data do?

Two tests against each set, with a split of fresh real data as the control:

    tail        the share of samples that come as near to the set, in features, as the nearest 1 % of the control
    one-third   the share whose nearest row is, in pixels, at less than a third of the distance of the second nearest

The control is the split held, which no plugin ever sees. A clear verdict is no promise of privacy: it says that no
more was copied than these tests can see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable
from genbench.geometry.cloud import LARGEST, Indices, Vectors, cloud
from genbench.geometry.neighbours import Nearest, Neighbours
from genbench.geometry.sweep import Product, sweep_across
from genbench.geometry.tail import SIGNIFICANT, exceeds, fisher, tail
from genbench.records.gates import WORDS, CopyFinding, CopyPair, CopyVerdict, GateStatus

FEWEST = 5  # samples that break the one-third rule, before anybody is flagged for it
PAIRS = 8  # pairs that are kept and shown


@dataclass(frozen=True)
class Bars:
    """What is flagged.

    Args:
        ratio: of the distances to the nearest and to the second nearest row, below which a sample is a near copy.
        significance: the p below which a share is larger than chance makes it.
    """

    ratio: float = 1 / 3
    significance: float = SIGNIFICANT


BARS = Bars()


@dataclass(frozen=True)
class Distances:
    """How near the samples G and the control come to one set.

    Args:
        generated, control: in features, the two nearest rows of the set, [N, 2].
        generated_pixels, control_pixels: in pixels, the two nearest of the set's distinct rows, [N, 2]; None: there
            are only features, and the one-third test is left out.
    """

    generated: Nearest
    control: Nearest
    generated_pixels: Nearest | None = None
    control_pixels: Nearest | None = None


def judged(found: Mapping[str, Distances], extractor: str, bars: Bars = BARS) -> CopyVerdict:
    """The verdict on the distances to each set, without a picture.

    Args:
        found: by set, "train" and "test".
        extractor: the identity of what made the features.
        bars: what is flagged.
    """
    tests: list[CopyFinding] = []
    detectable: dict[str, float | None] = {}
    for against, distances in found.items():
        in_tail = tail(distances.generated, distances.control, bars.significance)
        detectable[against] = in_tail.detectable
        tests.append(CopyFinding(against, "tail", in_tail.share, in_tail.control, in_tail.p, in_tail.flagged))
        if distances.generated_pixels is not None:
            tests.append(one_third(against, distances, bars))
    suspicious = nearest_pairs({against: distances.generated for against, distances in found.items()})
    status, reason = _status(tests, detectable)
    return CopyVerdict(status, reason, tuple(tests), detectable, tuple(suspicious), extractor=extractor)


def _status(tests: Sequence[CopyFinding], detectable: Mapping[str, float | None]) -> tuple[GateStatus, str | None]:
    flagged = [str(test) for test in tests if test.flagged]
    if flagged:
        return GateStatus.FLAGGED, "; ".join(flagged)
    blind = " and ".join(WORDS[against] for against, share in detectable.items() if share is None)
    if blind:
        return GateStatus.UNAVAILABLE, f"too few samples to see copies of {blind} data, however many there are"
    return GateStatus.CLEAR, None


def one_third(against: str, distances: Distances, bars: Bars = BARS) -> CopyFinding:
    """The share with d₁ < d₂/3: nearest and second nearest distinct row of the set, in pixels.

    Fresh images break this rule next to never, so that an excess of one point says enough where it is of 5 samples at
    least. In few dimensions fresh data break it by chance (about 3^-D of them): there it has to be significant as well.

    Source: Yoon et al. 2023, Diffusion probabilistic models generalize when they fail to memorize,
        https://openreview.net/forum?id=shciCbSk9h
    """
    if distances.generated_pixels is None or distances.control_pixels is None:
        raise ValueError("the one-third test looks at pixels, and there are none")
    broken, by_chance = (
        nearest.squared[:, 0] < bars.ratio**2 * nearest.squared[:, 1]
        for nearest in (distances.generated_pixels, distances.control_pixels)
    )
    share, control, count = float(broken.mean()), float(by_chance.mean()), int(broken.sum())
    p = fisher(count, len(broken), int(by_chance.sum()), len(by_chance)) if control else None
    flagged = exceeds(share, control) and count >= FEWEST and (p is None or p < bars.significance)
    return CopyFinding(against, "one-third", share, control, p, flagged)


def nearest_pairs(found: Mapping[str, Nearest], most: int = PAIRS) -> list[CopyPair]:
    """The pairs at the smallest distances over all sets, nearest first; each row of a set comes with one sample."""
    pairs: list[CopyPair] = []
    for against, nearest in found.items():
        order = np.argsort(nearest.squared[:, 0], kind="stable")
        rows, first = np.unique(nearest.indices[order, 0], return_index=True)
        samples = order[first]
        for row, sample in zip(rows, samples, strict=True):
            pairs.append(CopyPair(int(sample), against, int(row), float(np.sqrt(nearest.squared[sample, 0]))))
    return sorted(pairs, key=lambda pair: pair.distance)[:most]


def nearest(x: Vectors, known: Vectors, product: Product) -> Nearest:
    """The two nearest rows of a set to each vector.

    Args:
        x, known: [N, d] and [M, d] float32; N vectors and the M rows of the set.
        product: multiplies blocks.
    Raises:
        Unavailable: the set has fewer than two rows, or values are too large or not finite.
    """
    if len(known) < 2:
        raise Unavailable("needs at least two distinct rows of real data")
    if not max(np.abs(x).max(), np.abs(known).max()) <= LARGEST:  # NaN fails as well
        raise Unavailable(f"values are not all finite, or exceed {LARGEST:g}")
    rows_of, columns_of = cloud(x, known), cloud(known, known)
    neighbours = Neighbours(rows_of, columns_of, 2)
    sweep_across(rows_of, columns_of, [neighbours], product)
    return Nearest(*neighbours.nearest())


def flat(x: NDArray[Any]) -> Vectors:
    """Samples as vectors [N, D] float32: their entries as they are, without any extractor."""
    return x.reshape(len(x), -1).astype(np.float32)


def distinct(x: NDArray[Any]) -> Indices:
    """The first row of each distinct sample, [M] ascending."""
    first: dict[bytes, int] = {}
    for row, sample in enumerate(x):
        first.setdefault(sample.tobytes(), row)
    return np.array(list(first.values()), np.intp)
