"""Rows: which vectors of a set repeat, and whether float32 still tells them apart."""

import numpy as np

from genbench.geometry.cloud import Features, Indices
from genbench.seeds import seed_for

GROUPS = 20  # of equally many rows, by the size of a feature: modes that hold as many are seen
LOSS = 1e-4  # of the width of the narrowest group: what rounding a feature may move it by


def distinct(x: Features) -> tuple[Indices, Indices]:
    """The first row of each distinct vector, [M] ascending, and which of these each row repeats, [N].

    Args:
        x: [N, d].
    """
    rows = np.ascontiguousarray(x + x.dtype.type(0))  # -0.0 and 0.0 are the same number
    whole = rows.view(np.dtype((np.void, rows.strides[0]))).ravel()
    _, first, which = np.unique(whole, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[which]


def drawn(of: int, count: int, name: str) -> Indices:
    """Which of so many rows are drawn without replacement, [count] ascending: the same ones at every call.

    Args:
        name: of the set; sets of other names are drawn independently.
    """
    rows = np.random.default_rng(seed_for("equal sets", name, of, count)).permutation(of)[:count]
    return np.sort(rows)


def cut_loses(x: Features) -> bool:
    """Whether float32 would round some feature by more than 1e-4 of the scale on which its values lie.

    The scale is the narrowest width that a twentieth of the rows takes: far from the origin, or in modes that are far
    from each other, it is small beside the values.

    Args:
        x: [N, d] finite, of any floating-point type.
    """
    if np.can_cast(x.dtype, np.float32):
        return False
    loss = np.abs(x - x.astype(np.float32)).max(axis=0)  # [d]
    if not loss.any():
        return False
    widths = np.diff(np.quantile(x[:, loss > 0], np.linspace(0, 1, GROUPS + 1), axis=0), axis=0)
    narrowest = np.where(widths > 0, widths, np.inf).min(axis=0)  # infinite: the feature does not vary
    return bool((np.isinf(narrowest) | (loss[loss > 0] > LOSS * narrowest)).any())
