"""genbench: a benchmark harness for deep generative models. What a plugin author imports, `run` and `score`.

Names are loaded when they are first used, so that `import genbench` and the command line need no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from genbench.appraisal import score as score
    from genbench.assets import Asset as Asset
    from genbench.dataset import Dataset as Dataset, Examples as Examples, Splits as Splits
    from genbench.errors import GenbenchError as GenbenchError, Unavailable as Unavailable, Unsuitable as Unsuitable
    from genbench.extractor import Classifier as Classifier, Extractor as Extractor
    from genbench.hookspecs import hookimpl as hookimpl
    from genbench.metric import (
        Axis as Axis,
        Direction as Direction,
        Evidence as Evidence,
        Metric as Metric,
        Score as Score,
    )
    from genbench.model import (
        Conditional as Conditional,
        Density as Density,
        Family as Family,
        Latent as Latent,
        Likelihood as Likelihood,
        Model as Model,
    )
    from genbench.session import run as run
    from genbench.settings import Choice as Choice, Range as Range
    from genbench.space import Space as Space
    from genbench.training import BestWeights as BestWeights, Split as Split, TrainingData as TrainingData
    from genbench.weights import Weights as Weights

_HOMES = {
    "appraisal": ["score"],
    "assets": ["Asset"],
    "dataset": ["Dataset", "Examples", "Splits"],
    "errors": ["GenbenchError", "Unavailable", "Unsuitable"],
    "extractor": ["Classifier", "Extractor"],
    "hookspecs": ["hookimpl"],
    "metric": ["Axis", "Direction", "Evidence", "Metric", "Score"],
    "session": ["run"],
    "model": ["Conditional", "Density", "Family", "Latent", "Likelihood", "Model"],
    "settings": ["Choice", "Range"],
    "space": ["Space"],
    "training": ["BestWeights", "Split", "TrainingData"],
    "weights": ["Weights"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'genbench' has no attribute {name!r}")
    return getattr(import_module(f"genbench.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
