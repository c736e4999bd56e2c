"""genbench: a benchmark harness for deep generative models. What a plugin author imports, `run` and `score`.

Names are loaded when they are first used, so that `import genbench` and the command line need no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from genbench.version import VERSION as __version__  # noqa: N811  # as Python's packages say it

if TYPE_CHECKING:
    from genbench.appraisal.session import score as score
    from genbench.appraisal.stream import Stream as Stream
    from genbench.contracts.assets import Asset as Asset, Weights as Weights
    from genbench.contracts.captioned import Captioned as Captioned, Guided as Guided
    from genbench.contracts.dataset import Dataset as Dataset, Examples as Examples, Splits as Splits
    from genbench.contracts.evidence import Evidence as Evidence
    from genbench.contracts.extractor import ClassExtractor as ClassExtractor, Extractor as Extractor
    from genbench.contracts.hooks import hookimpl as hookimpl
    from genbench.contracts.metric import Metric as Metric, Score as Score
    from genbench.contracts.model import (
        Classifier as Classifier,
        Conditional as Conditional,
        ConditionalDenoiser as ConditionalDenoiser,
        ConditionalDensity as ConditionalDensity,
        Decoder as Decoder,
        Denoiser as Denoiser,
        Density as Density,
        Encoder as Encoder,
        Interpolator as Interpolator,
        Latent as Latent,
        Learner as Learner,
        Model as Model,
        Restorer as Restorer,
        Sequential as Sequential,
    )
    from genbench.contracts.operator import LinearOperator as LinearOperator, Operator as Operator
    from genbench.contracts.settings import Choice as Choice, Range as Range
    from genbench.contracts.task import Exam as Exam, Solver as Solver, Task as Task
    from genbench.contracts.tracking import (
        CurvePoint as CurvePoint,
        RunDone as RunDone,
        RunStarted as RunStarted,
        StageEnded as StageEnded,
    )
    from genbench.contracts.training import BestWeights as BestWeights, Split as Split, TrainingData as TrainingData
    from genbench.errors import (
        GenbenchError as GenbenchError,
        InvalidEvidence as InvalidEvidence,
        Unavailable as Unavailable,
        Unsuitable as Unsuitable,
    )
    from genbench.records.kinds import (
        Axis as Axis,
        Direction as Direction,
        Family as Family,
        Likelihood as Likelihood,
        Scale as Scale,
    )
    from genbench.records.space import Space as Space
    from genbench.runs.session import run as run

_HOMES = {
    "appraisal.session": ["score"],
    "appraisal.stream": ["Stream"],
    "contracts.assets": ["Asset", "Weights"],
    "contracts.captioned": ["Captioned", "Guided"],
    "contracts.dataset": ["Dataset", "Examples", "Splits"],
    "contracts.evidence": ["Evidence"],
    "contracts.extractor": ["ClassExtractor", "Extractor"],
    "contracts.hooks": ["hookimpl"],
    "contracts.metric": ["Metric", "Score"],
    "contracts.model": [
        "Classifier",
        "Conditional",
        "ConditionalDenoiser",
        "ConditionalDensity",
        "Decoder",
        "Denoiser",
        "Density",
        "Encoder",
        "Interpolator",
        "Latent",
        "Learner",
        "Model",
        "Restorer",
        "Sequential",
    ],
    "contracts.operator": ["LinearOperator", "Operator"],
    "contracts.settings": ["Choice", "Range"],
    "contracts.task": ["Exam", "Solver", "Task"],
    "contracts.tracking": ["CurvePoint", "RunDone", "RunStarted", "StageEnded"],
    "contracts.training": ["BestWeights", "Split", "TrainingData"],
    "errors": ["GenbenchError", "InvalidEvidence", "Unavailable", "Unsuitable"],
    "records.kinds": ["Axis", "Direction", "Family", "Likelihood", "Scale"],
    "records.space": ["Space"],
    "runs.session": ["run"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'genbench' has no attribute {name!r}")
    return getattr(import_module(f"genbench.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
