"""Speed: what the parent's clock and the forward hooks say of the scored sampling run."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction, Scale
from genbench.records.timing import Timing

BLOCKS = 20  # blocks of consecutive batches whose rates are compared
SOURCE = "Reddi et al. 2020, MLPerf Inference, https://arxiv.org/abs/1911.02549"


def timed(evidence: Evidence) -> Timing:
    """The timing of the evidence.

    Raises:
        Unavailable: the samples came without a model.
    """
    if evidence.timing is None:
        raise Unavailable("the samples came without a model that could be timed")
    return evidence.timing


def block_rates(images: int, batches: Sequence[float]) -> NDArray[np.float64]:
    """Images per second of up to 20 blocks of consecutive batches, [B] float64.

    Args:
        images: of all batches together; all batches but the last are of equal size.
        batches: seconds of each batch, at least one.
    """
    size = -(-images // len(batches))
    sizes = np.minimum(size, images - size * np.arange(len(batches)))
    blocks = np.array_split(np.arange(len(batches)), min(BLOCKS, len(batches)))
    return np.array([sizes[block].sum() / np.asarray(batches)[block].sum() for block in blocks])


class Throughput(Metric):
    """Images a second over the whole scored run. Details: `median`, `q25`, `q75` over up to 20 blocks of batches."""

    name = "throughput"
    title = "Images/s"
    axis = Axis.SPEED
    direction = Direction.HIGHER
    unit = "images/s"
    source = SOURCE
    version = "1"
    tie = 1.25
    scale = Scale.SPEED

    def score(self, evidence: Evidence) -> Score:
        """Images per second."""
        timing = timed(evidence)
        details = {}
        if timing.batches:
            quartiles = np.quantile(block_rates(timing.images, timing.batches), [0.25, 0.5, 0.75])
            details = dict(zip(("q25", "median", "q75"), quartiles.tolist(), strict=True))
        return Score(timing.images / timing.seconds, details=details)


class Latency(Metric):
    """Median seconds of a call for one sample. Detail: `p90`, the 90 % quantile."""

    name = "latency"
    title = "Latency"
    axis = Axis.SPEED
    direction = Direction.LOWER
    unit = "s"
    source = SOURCE
    version = "1"
    scale = Scale.SPEED

    def score(self, evidence: Evidence) -> Score:
        """Median seconds per call."""
        latencies = timed(evidence).latencies
        if not latencies:
            raise Unavailable("no calls for one sample were timed")
        median, p90 = np.quantile(latencies, [0.5, 0.9]).tolist()
        return Score(median, details={"p90": p90})


class FunctionEvaluations(Metric):
    """Forward calls of the model's most-called submodule in one `sample` call: the steps of an iterative sampler."""

    name = "nfe"
    title = "NFE"
    axis = Axis.SPEED
    direction = Direction.LOWER
    unit = "calls"
    source = "Karras et al. 2022, https://arxiv.org/abs/2206.00364"
    version = "1"
    scale = Scale.SPEED

    def score(self, evidence: Evidence) -> Score:
        """Calls per sample."""
        nfe = timed(evidence).nfe
        if nfe is None:
            raise Unavailable("the model calls no submodule with parameters")
        return Score(float(nfe))
