"""Speed: what the parent's clock and the forward hooks say of the scored sampling run."""

from typing import ClassVar

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction, Scale
from genbench.records.score import AT_LEAST
from genbench.records.timing import Timing

MOST = 1e5  # images a second, above which a CPU measures the harness
SOURCE = "Reddi et al. 2020, MLPerf Inference, https://arxiv.org/abs/1911.02549"


def timed(evidence: Evidence) -> Timing:
    """The timing of the evidence.

    Raises:
        Unavailable: the samples came without a model.
    """
    if evidence.timing is None:
        raise Unavailable("the samples came without a model that could be timed")
    return evidence.timing


class Throughput(Metric):
    """Images a CPU second of the whole process tree, over what the harness's own workload took in between.

    Of the repetitions the median; a second is one of a machine on which that workload takes a millisecond. On a GPU,
    and where the kernel does not tell CPU seconds, wall seconds. Above 100,000 a CPU measures the harness, and the
    value is a lower bound (`at least`). Details: `q25`, `q75` over the repetitions, `wall`, images a wall second.
    """

    name = "throughput"
    title = "Images/s"
    axis = Axis.SPEED
    direction = Direction.HIGHER
    unit = "images/s"
    source = SOURCE
    version = "2"
    scale = Scale.SPEED
    tie = 1.25
    shown: ClassVar = {"wall": "wall"}

    def score(self, evidence: Evidence) -> Score:
        """Images per second."""
        timing = timed(evidence)
        if timing.void:
            raise Unavailable(f"void: {timing.void}")
        details = {"wall": timing.images / timing.seconds}
        speeds = [repetition.speed for repetition in timing.repetitions]
        if not speeds:  # an older record
            return Score(details["wall"], details=details)
        q25, value, q75 = np.quantile(speeds, [0.25, 0.5, 0.75]).tolist()
        details |= {"q25": q25, "q75": q75}
        if value > MOST and timing.repetitions[0].yardstick is not None:
            return Score(MOST, details=details | {AT_LEAST: MOST})
        return Score(value, details=details)


class Latency(Metric):
    """Median seconds of a call for one sample. Detail: `p90`, the 90 % quantile.

    One of the calls is made again in a fresh process: it has to give the same sample, and to take at least half of the
    operations that a sample of a batch takes, or of the network evaluations where operations are not counted.
    """

    name = "latency"
    title = "Latency"
    axis = Axis.SPEED
    direction = Direction.LOWER
    unit = "s"
    source = SOURCE
    version = "2"
    scale = Scale.SPEED

    def score(self, evidence: Evidence) -> Score:
        """Median seconds per call."""
        timing = timed(evidence)
        if timing.void or timing.void_alone:
            raise Unavailable(f"void: {timing.void or timing.void_alone}")
        latencies = timing.latencies
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
            raise Unavailable("the model calls no submodule with parameters, or its calls could not be counted")
        return Score(float(nfe))
