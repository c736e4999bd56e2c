"""The metrics that genbench brings along."""

from genbench.builtin.metrics.accuracy import Accuracy
from genbench.builtin.metrics.acf_error import AutocorrelationError
from genbench.builtin.metrics.alignment import Alignment, HeldOutAlignment
from genbench.builtin.metrics.authenticity import Authenticity
from genbench.builtin.metrics.bar_validity import BarValidity
from genbench.builtin.metrics.bits_per_token import BitsPerToken
from genbench.builtin.metrics.brier import Brier
from genbench.builtin.metrics.c2st import TwoSampleAccuracy
from genbench.builtin.metrics.cas import ClassificationAccuracy
from genbench.builtin.metrics.class_kept import ClassKept
from genbench.builtin.metrics.class_tv import ClassTotalVariation
from genbench.builtin.metrics.clipped import ClippedCoverage, ClippedDensity
from genbench.builtin.metrics.consistency import Consistency
from genbench.builtin.metrics.copy_auc import CopyAuc
from genbench.builtin.metrics.copy_rate import CopyRate
from genbench.builtin.metrics.cost import FitTime, Flops, Parameters, PeakMemory
from genbench.builtin.metrics.crps import RankedProbability
from genbench.builtin.metrics.density_coverage import Coverage, Density
from genbench.builtin.metrics.ece import CalibrationError
from genbench.builtin.metrics.end_rmse import EndError
from genbench.builtin.metrics.energy import Energy
from genbench.builtin.metrics.fd import FrechetDistance
from genbench.builtin.metrics.fd_infinity import FrechetInfinity
from genbench.builtin.metrics.fld import FeatureLikelihoodDivergence
from genbench.builtin.metrics.kid import KernelInceptionDistance
from genbench.builtin.metrics.likelihood import BitsPerDim
from genbench.builtin.metrics.mind import MongeInceptionDistance
from genbench.builtin.metrics.nll import NegativeLogLikelihood
from genbench.builtin.metrics.novelty import HitRatio, Novelty
from genbench.builtin.metrics.pair_rmse import PairError
from genbench.builtin.metrics.path_energy import PathEnergy
from genbench.builtin.metrics.pitch_tv import PitchDistance
from genbench.builtin.metrics.posterior_ratio import PosteriorRatio
from genbench.builtin.metrics.precision_recall import Precision, Recall
from genbench.builtin.metrics.psnr import DrawRatio, MeanRatio
from genbench.builtin.metrics.rank_distance import RankDistance
from genbench.builtin.metrics.shares import ClippedRecall, CoverageShare, QualityShare
from genbench.builtin.metrics.speed import FunctionEvaluations, Latency, Throughput
from genbench.builtin.metrics.ssim import StructuralSimilarity
from genbench.builtin.metrics.suffix_nats import SuffixNats
from genbench.builtin.metrics.target_kid import TargetKid
from genbench.builtin.metrics.target_share import TargetShare
from genbench.builtin.metrics.transition_tv import TransitionDistance
from genbench.contracts.metric import Metric

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
    ClippedRecall,
    QualityShare,
    CoverageShare,
    TwoSampleAccuracy,
    ClassTotalVariation,
    ClassificationAccuracy,
    CopyRate,
    Authenticity,
    CopyAuc,
    PathEnergy,
    EndError,
    Energy,
    RankedProbability,
    SuffixNats,
    Consistency,
    PosteriorRatio,
    RankDistance,
    DrawRatio,
    MeanRatio,
    StructuralSimilarity,
    Accuracy,
    NegativeLogLikelihood,
    Brier,
    CalibrationError,
    ClassKept,
    TargetKid,
    TargetShare,
    PairError,
    Alignment,
    HeldOutAlignment,
    BitsPerDim,
    BitsPerToken,
    Novelty,
    HitRatio,
    BarValidity,
    PitchDistance,
    TransitionDistance,
    AutocorrelationError,
    Throughput,
    Latency,
    FunctionEvaluations,
    PeakMemory,
    Parameters,
    FitTime,
    Flops,
)
