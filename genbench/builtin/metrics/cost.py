"""Cost: what stands beside a result."""

from genbench.builtin.metrics.speed import timed
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction

SOURCE = "Schwartz et al. 2020, Green AI, https://arxiv.org/abs/1907.10597"


class PeakMemory(Metric):
    """Peak memory of the scored sampling run above the idle process, on its device."""

    name = "peak-memory"
    title = "Peak memory"
    axis = Axis.COST
    direction = Direction.LOWER
    unit = "MiB"
    source = SOURCE
    version = "1"

    def score(self, evidence: Evidence) -> Score:
        """Mebibytes."""
        memory = timed(evidence).memory
        if memory is None:
            raise Unavailable("the peak memory was not measured")
        return Score(memory / 2**20)


class Parameters(Metric):
    """How many parameters the model has."""

    name = "parameters"
    title = "Parameters"
    axis = Axis.COST
    direction = Direction.LOWER
    unit = ""
    source = SOURCE
    version = "1"

    def score(self, evidence: Evidence) -> Score:
        """A count."""
        if evidence.parameters is None:
            raise Unavailable("the samples came without a model")
        return Score(float(evidence.parameters))


class FitTime(Metric):
    """Wall seconds of `fit`."""

    name = "fit-time"
    title = "Fit time"
    axis = Axis.COST
    direction = Direction.LOWER
    unit = "s"
    source = SOURCE
    version = "1"

    def score(self, evidence: Evidence) -> Score:
        """Seconds."""
        if evidence.fit_seconds is None:
            raise Unavailable("the samples came without a model that was fitted")
        return Score(evidence.fit_seconds)


class Flops(Metric):
    """Floating-point operations for one sample."""

    name = "flops"
    title = "FLOPs"
    axis = Axis.COST
    direction = Direction.LOWER
    unit = "FLOP"
    source = SOURCE
    version = "1"

    def score(self, evidence: Evidence) -> Score:
        """Operations per sample."""
        flops = timed(evidence).flops
        if flops is None:
            raise Unavailable("the floating-point operations were not counted")
        return Score(float(flops))
