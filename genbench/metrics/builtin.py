"""The metrics that genbench brings along."""

from genbench.metric import Metric
from genbench.metrics.authenticity import Authenticity
from genbench.metrics.class_tv import ClassTotalVariation
from genbench.metrics.clipped import ClippedCoverage, ClippedDensity
from genbench.metrics.copy_auc import CopyAuc
from genbench.metrics.copy_rate import CopyRate
from genbench.metrics.cost import FitTime, Flops, Parameters, PeakMemory
from genbench.metrics.density_coverage import Coverage, Density
from genbench.metrics.fd import FrechetDistance
from genbench.metrics.fd_infinity import FrechetInfinity
from genbench.metrics.fld import FeatureLikelihoodDivergence
from genbench.metrics.kid import KernelInceptionDistance
from genbench.metrics.likelihood import BitsPerDim
from genbench.metrics.mind import MongeInceptionDistance
from genbench.metrics.precision_recall import Precision, Recall
from genbench.metrics.speed import FunctionEvaluations, Latency, Throughput

METRICS: tuple[type[Metric], ...] = (
    FrechetDistance,
    FrechetInfinity,
    KernelInceptionDistance,
    MongeInceptionDistance,
    FeatureLikelihoodDivergence,
    Precision,
    Recall,
    Density,
    Coverage,
    ClippedDensity,
    ClippedCoverage,
    ClassTotalVariation,
    CopyRate,
    Authenticity,
    CopyAuc,
    BitsPerDim,
    Throughput,
    Latency,
    FunctionEvaluations,
    PeakMemory,
    Parameters,
    FitTime,
    Flops,
)
