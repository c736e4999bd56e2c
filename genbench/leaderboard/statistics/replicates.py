"""Seed-bootstrap replicates: how ranks and the Pareto front would vary if other seeds had been drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genbench.leaderboard.statistics.contest import Contest
from genbench.seeds import seed_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REPLICATES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Replicates:
    """What the replicates say.

    Args:
        ranks: by axis and candidate, the ends of the 95 % interval of its rank, 1 is the best.
        front: by candidate that stands on every axis, the share in [0, 1] of replicates that have it on the front.
    """

    ranks: Mapping[str, Mapping[str, tuple[int, int]]]
    front: Mapping[str, float]


def replicates(contest: Contest) -> Replicates:
    """Replicates of a contest that has a spread on every axis.

    Each candidate's mean is moved by the mean of as many deviations as it has seeds. Deviations are drawn from those of
    all seeds of all candidates, one seed's on all axes together, stretched by √(n / (n - 1)) for the mean that was
    taken out of them; a candidate that is apart from a pool draws from its own. (▸ Three seeds alone have ten different
    resamples, one ninth of them without any spread.)

    Source: Davison and Hinkley 1997, Bootstrap Methods and their Application, sec. 2.3 and 3.2
    """
    import numpy as np  # here, so that a leaderboard is read without NumPy

    names = list(contest.seeds)
    rng = np.random.default_rng(seed_for("replicates", *names))
    positions = [np.array(contest.seeds[name], float) for name in names]  # [seeds, axes], NaN where there is none
    apart = {name for pool in contest.pools.values() for name in pool.apart}
    own = [_deviations(rows) for rows in positions]
    shared = np.concatenate([rows for name, rows in zip(names, own, strict=True) if name not in apart])
    drawn = np.empty((REPLICATES, len(names), len(contest.axes)))
    for place, name in enumerate(names):
        source, count = own[place] if name in apart else shared, len(positions[place])
        moved = source[rng.integers(len(source), size=(REPLICATES, count))].mean(1)
        drawn[:, place] = _means(positions[place]) + moved
    ranks = {axis: _ranks(drawn[:, :, place], names) for place, axis in enumerate(contest.axes)}
    return Replicates(ranks, _front(drawn, names))


def _means(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The mean over seeds of each axis, [axes]; NaN where no seed has one."""
    import numpy as np

    known = ~np.isnan(rows)
    counts = known.sum(0)
    totals = np.where(known, rows, 0).sum(0)
    return np.asarray(np.where(counts, totals / np.maximum(counts, 1), np.nan))


def _deviations(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """What each seed adds to the mean, stretched, [seeds, axes]; no rows where one seed is all there is."""
    import numpy as np

    if len(rows) < 2:
        return rows[:0]
    stretch = (len(rows) / (len(rows) - 1)) ** 0.5
    return np.asarray(np.nan_to_num((rows - _means(rows)) * stretch))


def _ranks(drawn: "NDArray[np.float64]", names: list[str]) -> dict[str, tuple[int, int]]:
    """Rank intervals of those that stand on one axis; `drawn` [replicates, candidates]."""
    import numpy as np

    on = ~np.isnan(drawn[0])
    values = drawn[:, on]
    ranks = 1 + (values[:, None, :] > values[:, :, None]).sum(2)  # [replicates, candidates on the axis]
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(ranks, tails, axis=0, method="nearest") if on.any() else ((), ())
    kept = [name for name, is_on in zip(names, on, strict=True) if is_on]
    return {name: (int(a), int(b)) for name, a, b in zip(kept, low, high, strict=True)}


def _front(drawn: "NDArray[np.float64]", names: list[str]) -> dict[str, float]:
    """How often each candidate on every axis is on the front; `drawn` [replicates, candidates, axes]."""
    import numpy as np

    on = np.isfinite(drawn[0].sum(1))
    values = drawn[:, on]
    as_good = np.all(values[:, None] >= values[:, :, None], axis=3)  # [replicates, candidate, other]
    better = np.any(values[:, None] > values[:, :, None], axis=3)
    shares = (~np.any(as_good & better, axis=2)).mean(0) if on.any() else ()
    kept = [name for name, is_on in zip(names, on, strict=True) if is_on]
    return {name: float(share) for name, share in zip(kept, shares, strict=True)}
