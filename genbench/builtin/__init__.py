"""genbench's own parts, offered through the same hooks as anyone else's."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.contracts.hooks import hookimpl

if TYPE_CHECKING:
    from genbench.contracts.dataset import Dataset
    from genbench.contracts.executor import Executor
    from genbench.contracts.extractor import Extractor
    from genbench.contracts.metric import Metric
    from genbench.contracts.model import Learner
    from genbench.contracts.task import Solver, Task


@hookimpl
def genbench_models() -> "list[type[Learner]]":
    """The control models."""
    from genbench.builtin.controls import CONTROLS

    return list(CONTROLS)


@hookimpl
def genbench_datasets() -> "list[type[Dataset]]":
    """Digits, grey, tinted, captioned; three classics that are downloaded; words, tunes, days; two domains; more."""
    from genbench.builtin.datasets.cifar10 import Cifar10
    from genbench.builtin.datasets.digits import Digits
    from genbench.builtin.datasets.digits_captions import DigitsCaptions
    from genbench.builtin.datasets.folder import ImageFolder
    from genbench.builtin.datasets.italy_power_demand import ItalyPowerDemand
    from genbench.builtin.datasets.mnist import FashionMnist, Mnist
    from genbench.builtin.datasets.styles import DigitsStyles, FashionEdges
    from genbench.builtin.datasets.tinted_digits import TintedDigits
    from genbench.builtin.datasets.tunes import Tunes
    from genbench.builtin.datasets.words import Words

    images = [Digits, TintedDigits, DigitsCaptions, Mnist, FashionMnist, Cifar10, ImageFolder]
    return [*images, Words, Tunes, ItalyPowerDemand, DigitsStyles, FashionEdges]


@hookimpl
def genbench_extractors() -> "list[type[Extractor]]":
    """Pixels for every Space, random convolutions, runs of tokens, networks of digits, of words, of torch-fidelity."""
    from genbench.builtin.extractors.clean import InceptionV3Clean
    from genbench.builtin.extractors.clip import ClipVitB32
    from genbench.builtin.extractors.digits_net import DigitsNet
    from genbench.builtin.extractors.dinov2 import DinoV2VitL14
    from genbench.builtin.extractors.inception import LAYERS
    from genbench.builtin.extractors.ngrams import Ngrams
    from genbench.builtin.extractors.pixels import Pixels
    from genbench.builtin.extractors.random_net import RandomNet
    from genbench.builtin.extractors.vgg16 import Vgg16
    from genbench.builtin.extractors.words_gru import WordsGru

    own: list[type[Extractor]] = [DigitsNet, WordsGru, Pixels, RandomNet, Ngrams]
    return [*own, *LAYERS, InceptionV3Clean, DinoV2VitL14, Vgg16, ClipVitB32]


@hookimpl
def genbench_metrics() -> "list[type[Metric]]":
    """The scores of METRICS."""
    return list(import_module("genbench.builtin.metrics").METRICS)


@hookimpl
def genbench_tasks() -> "list[type[Task]]":
    """Samples of the law, paths between two rows, what is missing of one, classes, another domain, what a text says."""
    from genbench.builtin.tasks.caption import Caption
    from genbench.builtin.tasks.classify import Classify
    from genbench.builtin.tasks.generate import Generate
    from genbench.builtin.tasks.interpolate import Interpolate
    from genbench.builtin.tasks.restore import Restore
    from genbench.builtin.tasks.translate import Translate

    return [Generate, Interpolate, Restore, Classify, Translate, Caption]


@hookimpl
def genbench_solvers() -> "list[type[Solver]]":
    """Interpolation by latent vectors and denoisers; restoration by these, laws of entries and any samples; classes;
    translation by latent vectors and denoisers; weights of captions.
    """
    from genbench.builtin.solvers.ancestral import Ancestral
    from genbench.builtin.solvers.bayes import Bayes
    from genbench.builtin.solvers.ddim_slerp import DdimSlerp
    from genbench.builtin.solvers.ddnm import Ddnm
    from genbench.builtin.solvers.diffusion_classifier import DiffusionClassifier
    from genbench.builtin.solvers.guidance import Guidance
    from genbench.builtin.solvers.ho_t import HoT
    from genbench.builtin.solvers.importance import Importance
    from genbench.builtin.solvers.inversion import Inversion
    from genbench.builtin.solvers.latent_shift import LatentShift
    from genbench.builtin.solvers.sdedit import SdEdit
    from genbench.builtin.solvers.slerp import Slerp

    return [
        Slerp,
        DdimSlerp,
        HoT,
        Ddnm,
        Inversion,
        Ancestral,
        Importance,
        Bayes,
        DiffusionClassifier,
        LatentShift,
        SdEdit,
        Guidance,
    ]


@hookimpl
def genbench_suites() -> list[Path]:
    """The suite files in the package."""
    return sorted((Path(__file__).parent / "suites").glob("*.toml"))


@hookimpl
def genbench_executors() -> "list[type[Executor]]":
    """Child processes of this machine, the nodes of a Ray cluster, Slurm's queue."""
    from genbench.builtin.executors.ray_cluster import RayExecutor
    from genbench.builtin.executors.slurm import SlurmExecutor
    from genbench.execution.local import LocalExecutor

    return [LocalExecutor, RayExecutor, SlurmExecutor]
