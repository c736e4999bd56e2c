"""Bits per token, from the log-likelihood of the real test sequences."""

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


class BitsPerToken(Metric):
    """Bits that the model spends on a token of a real test sequence, its end counted, and what pads it not.

    All bits over all tokens, r = Σ bᵢ / Σ tᵢ, so that a long sequence counts for more than a short one. The interval is
    that of a ratio of means: r ± 1.96 s(bᵢ - r tᵢ) / (√N mean t). Detail: `tokens`, the mean of a sequence.
    """

    name = "bits-per-token"
    title = "Bits/token"
    axis = Axis.DENSITY
    direction = Direction.LOWER
    unit = "bits"
    source = (
        "Shannon 1951, Prediction and entropy of printed English, https://doi.org/10.1002/j.1538-7305.1951.tb01366.x"
    )
    version = "1"
    sequences = True
    shown: ClassVar[Mapping[str, str]] = {"tokens": "tokens"}

    def score(self, evidence: Evidence) -> Score:
        """Bits a token over the test set.

        Raises:
            Unavailable: no likelihood, no sequences, or a test sequence that has no probability.
        """
        said, space = evidence.likelihood, evidence.space
        if said is None:
            raise Unavailable("the model gives no likelihood of its samples")
        if said.tokens is None or space.levels is None or len(space.shape) != 1:
            raise Unavailable(f"needs sequences of tokens, got {space}; bits-per-dim is for other integers")
        if not np.isfinite(said.nats).all():
            count = np.count_nonzero(~np.isfinite(said.nats))
            raise Unavailable(f"{count} of {len(said.nats)} test samples have no finite nats")
        bits, tokens = -said.nats / math.log(2), said.tokens.astype(np.float64)
        value, mean = float(bits.sum() / tokens.sum()), float(tokens.mean())
        if len(bits) < 2:
            return Score(value, details={"tokens": mean})
        margin = 1.96 * float((bits - value * tokens).std(ddof=1)) / (math.sqrt(len(bits)) * mean)
        return Score(value, value - margin, value + margin, {"tokens": mean})
