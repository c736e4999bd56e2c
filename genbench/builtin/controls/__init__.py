"""Control models: they make every column readable, and prove that the gates work."""

from genbench.builtin.controls.averages import LocalMeans, Smote
from genbench.builtin.controls.captions import (
    CaptionCopycat,
    DeafNoise,
    OnePerCaption,
    RealCaptioned,
    ShuffledCaptions,
)
from genbench.builtin.controls.classes import (
    ClassFrequencies,
    LogisticRegression,
    NearestRow,
    TestTable,
    TrueClass,
)
from genbench.builtin.controls.copies import Copycat, CopycatNoise, CopycatOfTest, CopycatOfValid, PartialCopycat
from genbench.builtin.controls.data import ControlData as ControlData
from genbench.builtin.controls.densities import IndependentPixels, Noise
from genbench.builtin.controls.paths import Blend, Jump
from genbench.builtin.controls.real import HeldOut, MeanImage, ModeDropper
from genbench.builtin.controls.restorers import (
    NearestTrain,
    NeighbourBlend,
    NeighbourMean,
    ProjectedNoise,
    PseudoInverse,
    Truth,
)
from genbench.builtin.controls.translators import Identity, NearestTarget, PairTable, TruePair
from genbench.contracts.model import Learner

CONTROLS: tuple[type[Learner], ...] = (
    HeldOut,
    Copycat,
    CopycatNoise,
    PartialCopycat,
    CopycatOfValid,
    CopycatOfTest,
    Smote,
    LocalMeans,
    ModeDropper,
    IndependentPixels,
    Noise,
    MeanImage,
    Blend,
    Jump,
    Truth,
    NearestTrain,
    NeighbourBlend,
    NeighbourMean,
    ProjectedNoise,
    PseudoInverse,
    TrueClass,
    TestTable,
    LogisticRegression,
    NearestRow,
    ClassFrequencies,
    TruePair,
    PairTable,
    NearestTarget,
    Identity,
    RealCaptioned,
    OnePerCaption,
    CaptionCopycat,
    ShuffledCaptions,
    DeafNoise,
)
