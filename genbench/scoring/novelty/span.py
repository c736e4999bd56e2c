"""Span: what is left of a sample outside the span of the rows nearest to it, and of a constant image."""

import numpy as np

from genbench.geometry.cloud import Indices, Reals, Vectors

ROWS = 4  # nearest rows that a mixture is sought of
CHUNK = 256  # samples at a time
RANK = 1e-6  # of the largest singular value: directions below it are rounding


def residuals(x: Vectors, known: Vectors, nearest: Indices) -> Reals:
    """The distance of each sample to the span of its nearest rows and a constant, as a share of its own length.

    A mixture of two to four real images, or one made brighter or darker, leaves next to nothing.

    Args:
        x: [N, D] samples, in levels.
        known: [M, D] distinct rows of a set.
        nearest: [N, k] the rows of the set that are nearest to each sample; k ≤ 4 are used.
    Returns:
        [N] float64 in [0, 1]; 1 for a sample that is constant: nothing of it is anybody's.
    """
    if not len(x):
        return np.empty(0)
    chunks = [slice(start, start + CHUNK) for start in range(0, len(x), CHUNK)]
    return np.concatenate([_residuals(x[chunk], known, nearest[chunk]) for chunk in chunks])


def _residuals(x: Vectors, known: Vectors, nearest: Indices) -> Reals:
    # Without their means, the constant is spanned already.
    rows = known[nearest[:, :ROWS]].astype(np.float64)  # [n, k, D]
    rows -= rows.mean(2, keepdims=True)
    sample = x.astype(np.float64)
    sample -= sample.mean(1, keepdims=True)
    _, strengths, basis = np.linalg.svd(rows, full_matrices=False)  # [n, k], [n, k, D]
    kept = strengths > RANK * np.maximum(strengths[:, :1], 1.0)
    along = np.einsum("nkd,nd->nk", basis, sample) * kept
    length = np.linalg.norm(sample, axis=1)
    left = np.linalg.norm(sample - np.einsum("nk,nkd->nd", along, basis), axis=1)
    share: Reals = np.divide(left, length, out=np.ones_like(left), where=length > 0)
    return share
