"""The metrics that genbench brings along."""

from genbench.metric import Metric
from genbench.metrics.clipped import ClippedCoverage, ClippedDensity
from genbench.metrics.cost import FitTime, Flops, Parameters, PeakMemory
from genbench.metrics.density_coverage import Coverage, Density
from genbench.metrics.frechet import FrechetDistance
from genbench.metrics.kid import KernelInceptionDistance
from genbench.metrics.likelihood import BitsPerDim
from genbench.metrics.precision_recall import Precision, Recall
from genbench.metrics.speed import FunctionEvaluations, Latency, Throughput

METRICS: tuple[type[Metric], ...] = (
    FrechetDistance,
    KernelInceptionDistance,
    Precision,
    Recall,
    Density,
    Coverage,
    ClippedDensity,
    ClippedCoverage,
    BitsPerDim,
    Throughput,
    Latency,
    FunctionEvaluations,
    PeakMemory,
    Parameters,
    FitTime,
    Flops,
)
