"""The `fit` stage: a model is trained; it leaves its checkpoint, its curve, and a check of the reloaded one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.contracts.dataset import SPLITS
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.codec import Count, Number, Seconds
from genbench.protocol.inputs import SplitFiles, Subject, Unkeyed
from genbench.protocol.stages.stage import CHECKPOINT, Given, Stage, Step
from genbench.protocol.task import Asked, answerers
from genbench.protocol.trial import Trial

CHECK = "check.safetensors"  # a few samples and nats that the reloaded model has to give again
CURVE = "curve.json"
CURVE_LIMIT = 8 * 2**20  # bytes
SEEN = ("train", "valid")  # splits that a model is fitted on
EVERYTHING = SPLITS  # what the harness shows its own controls


@dataclass(frozen=True)
class FitInputs:
    """What a fit is given."""

    subject: Subject
    """The model."""
    data: SplitFiles
    """What it is trained on."""
    images: int
    """The budget: training images, repeats included."""
    checkpoint_seconds: Unkeyed
    """How often it keeps what a killed one goes on from."""


@dataclass(frozen=True)
class FitFacts:
    """What a fit reports."""

    images: Count
    """Training images that it took."""
    seconds_before: Seconds
    """Of an earlier process that was killed."""
    parameters: Count
    """How many numbers the model learnt."""


@dataclass(frozen=True)
class CurveFile:
    """The training curve as a stage leaves it."""

    points: tuple[Mapping[str, Number], ...] = ()
    """Named numbers at counts of images and seconds."""


def curve_of(folder: Path) -> tuple[Mapping[str, float], ...]:
    """The training curve that lies in a fit's folder.

    Raises:
        GenbenchError: it is something else than a list of points, each of names and finite numbers.
    """
    return codec.read(CurveFile, folder / CURVE, CURVE_LIMIT).points


def _fault(folder: Path) -> str | None:
    try:
        curve_of(folder)
    except GenbenchError as error:
        return f"the training curve is a list of points, each of names and finite numbers: {error}"
    return None


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    return [Step(FIT, trial)] if any(answerers(trial, asked) for asked in tasks) else []


def _inputs(given: Given) -> FitInputs:
    splits = SEEN if given.trial.listing.control is None else EVERYTHING
    suite = given.suite
    return FitInputs(given.subject, given.ground.rows(*splits), suite.images, suite.checkpoint_seconds)


FIT = Stage(
    name="fit",
    runs="genbench.workers.untrusted.fit:fit",
    steps=_steps,
    inputs=_inputs,
    facts=FitFacts,
    outputs=(CHECKPOINT, CHECK, CURVE),
    timed="fit",
    own=("fit",),
    share=20.0,
    fault=_fault,
)
