"""Seed-bootstrap replicates: how ranks and the Pareto front would vary if other seeds had been drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genbench.leaderboard.statistics.contest import Contest
from genbench.leaderboard.statistics.front import fronts
from genbench.leaderboard.statistics.procedure import LEAST
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
    all candidates, in units of each one's own spread, one seed's on all axes together, stretched by √(n / (n - 1)) for
    the mean that was taken out of them; they are moved by the spread that tests compare the candidate with. (▸ Three
    seeds alone have ten different resamples, one ninth of them without any spread.)

    Source: Davison and Hinkley 1997, Bootstrap Methods and their Application, sec. 2.3 and 3.2
    """
    import numpy as np  # here, so that a leaderboard is read without NumPy

    names = list(contest.seeds)
    rng = np.random.default_rng(seed_for("replicates", *names))
    positions = [np.array(contest.seeds[name], float) for name in names]  # [seeds, axes], NaN where there is none
    source = _deviations(positions)
    drawn = np.empty((REPLICATES, len(names), len(contest.axes)))
    for place, name in enumerate(names):
        deviation = [known.of(name).variance ** 0.5 for known in contest.spreads.values()]
        moved = source[rng.integers(len(source), size=(REPLICATES, len(positions[place])))].mean(1)
        drawn[:, place] = _means(positions[place]) + moved * np.array(deviation)
    ranks = {axis: _ranks(drawn[:, :, place], names) for place, axis in enumerate(contest.axes)}
    return Replicates(ranks, _front(drawn, names))


def _means(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The mean over seeds of each axis, [axes]; NaN where no seed has one."""
    import numpy as np

    known = ~np.isnan(rows)
    counts = known.sum(0)
    totals = np.where(known, rows, 0).sum(0)
    return np.asarray(np.where(counts, totals / np.maximum(counts, 1), np.nan))


def _deviations(candidates: "Sequence[NDArray[np.float64]]") -> "NDArray[np.float64]":
    """What each seed adds to the mean in units of its candidate's spread, stretched, [seeds of all, axes].

    Of those that scatter on every axis, or where nobody does, of all.
    """
    import numpy as np

    known = [rows for rows in candidates if len(rows) >= LEAST]
    scattered = [rows for rows in known if (rows.std(0) > 0).all()] or known
    return np.concatenate([_standard(rows) for rows in scattered])


def _standard(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np

    off = np.nan_to_num(rows - _means(rows))
    deviation = off.std(0)  # with n in the denominator, which is the stretching
    return np.asarray(np.divide(off, deviation, out=np.zeros_like(off), where=deviation > 0))


def _ranks(drawn: "NDArray[np.float64]", names: list[str]) -> dict[str, tuple[int, int]]:
    """Rank intervals of those that stand on one axis; `drawn` [replicates, candidates]."""
    import numpy as np

    on = ~np.isnan(drawn[0])
    ranks = _ranked(drawn[:, on])
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(ranks, tails, axis=0, method="nearest") if on.any() else ((), ())
    kept = [name for name, is_on in zip(names, on, strict=True) if is_on]
    return {name: (int(a), int(b)) for name, a, b in zip(kept, low, high, strict=True)}


def _ranked(values: "NDArray[np.float64]") -> "NDArray[np.intp]":
    """The rank of each in its row of `values` [rows, N]: one more than there are larger ones."""
    import numpy as np

    order = np.argsort(-values, axis=1, kind="stable")
    falling = np.take_along_axis(values, order, axis=1)
    begins = np.ones(order.shape, bool)  # where a value is another than the one before it
    begins[:, 1:] = falling[:, 1:] != falling[:, :-1]
    ranks = np.empty_like(order)
    firsts = np.where(begins, np.arange(1, 1 + values.shape[1]), 0)
    np.put_along_axis(ranks, order, np.maximum.accumulate(firsts, axis=1), axis=1)
    return ranks


def _front(drawn: "NDArray[np.float64]", names: list[str]) -> dict[str, float]:
    """How often each candidate on every axis is on the front; `drawn` [replicates, candidates, axes]."""
    import numpy as np

    on = np.isfinite(drawn[0].sum(1))
    shares = fronts(drawn[:, on]).mean(0) if on.any() else ()
    kept = [name for name, is_on in zip(names, on, strict=True) if is_on]
    return {name: float(share) for name, share in zip(kept, shares, strict=True)}
