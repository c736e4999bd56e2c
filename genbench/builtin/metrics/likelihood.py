"""Bits per dimension, from the log-likelihood of the real test data."""

import math

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


def bits_per_dim(nats: NDArray[np.float64], dim: int) -> NDArray[np.float64]:
    """-log P / (D ln 2) of each sample, [N] float64 bits, for log-probabilities `nats` [N] of D integers each."""
    return -nats / (dim * math.log(2))


class BitsPerDim(Metric):
    """Bits that the model spends on one entry of a real test sample; D is the dataset's own dimension.

    The interval is that of the mean over test samples. Detail: `nats`, the mean log-probability of a test sample.
    """

    name = "bits-per-dim"
    title = "Bits/dim"
    axis = Axis.DENSITY
    direction = Direction.LOWER
    unit = "bits"
    source = "Theis, van den Oord, Bethge 2016, https://arxiv.org/abs/1511.01844"
    version = "1"

    def score(self, evidence: Evidence) -> Score:
        """Mean bits per dimension over the test set."""
        if evidence.likelihood is None:
            raise Unavailable("the model gives no likelihood of its samples")
        if evidence.space.levels is None:
            raise Unavailable("samples are real numbers: their density depends on the unit, bits per dimension do too")
        nats = evidence.likelihood.nats
        if not np.isfinite(nats).all():
            raise Unavailable(f"{np.count_nonzero(~np.isfinite(nats))} of {len(nats)} test samples have no finite nats")
        bits = bits_per_dim(nats, evidence.space.dim)
        value, details = float(bits.mean()), {"nats": float(nats.mean())}
        if len(bits) < 2:
            return Score(value, details=details)
        margin = 1.96 * float(bits.std(ddof=1)) / math.sqrt(len(bits))
        return Score(value, value - margin, value + margin, details)
