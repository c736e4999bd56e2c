"""The `fit` stage: a model is trained; it leaves its checkpoint, its curve, and a check of the reloaded one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.contracts.dataset import SPLITS
from genbench.contracts.job import Outcome
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.codec import Count, Number, Positive, Seconds
from genbench.protocol.inputs import SplitFiles, Subject, Unkeyed
from genbench.protocol.stages.stage import CHECKPOINT, Given, Stage, Step
from genbench.protocol.task import Asked, answerers
from genbench.protocol.trial import Trial

CHECK = "check.safetensors"  # a few samples and nats that the reloaded model has to give again
CURVE = "curve.json"
CURVE_LIMIT = 8 * 2**20  # bytes
SEEN = ("train", "valid")  # splits that a model is fitted on
EVERYTHING = SPLITS  # what the harness shows its own controls
SLACK_SHARE, SLACK_SECONDS = 0.1, 10.0  # of a budget in CPU seconds, and beyond: to end a batch, to save and to check


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
    seconds_cpu: Positive | None = None
    """The budget in CPU seconds; null: there is none."""


@dataclass(frozen=True)
class FitFacts:
    """What a fit reports."""

    images: Count
    """Training images that it took."""
    seconds_before: Seconds
    """Of an earlier process that was killed."""
    parameters: Count
    """How many numbers the model learnt."""
    cpu_before: Seconds = 0.0
    """CPU seconds of an earlier process that was killed."""


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
    rows, seconds = given.ground.rows(*splits), suite.budget.seconds_cpu if suite.budget else None
    return FitInputs(given.subject, rows, suite.images, suite.checkpoint_seconds, seconds)


def overdrawn(inputs: FitInputs, facts: FitFacts, outcome: Outcome) -> str | None:
    """What a fit took beyond its budget, in words; None where it kept to it.

    The images are as its process says. The CPU seconds are those of its whole process tree as the kernel tells the
    parent, from the import of the plugin to its end.
    """
    if facts.images > inputs.images:
        return f"fit was handed {facts.images:,} images, its budget is {inputs.images:,}"
    if inputs.seconds_cpu is None:
        return None
    if outcome.cpu is None or outcome.hides_children:
        return "fit has a budget in CPU seconds, and the kernel does not tell what all of its processes took"
    spent, most = outcome.cpu + facts.cpu_before, inputs.seconds_cpu * (1 + SLACK_SHARE) + SLACK_SECONDS
    if spent <= most:
        return None
    return f"fit took {spent:.1f} CPU seconds, its budget is {inputs.seconds_cpu:g}, and {most:.1f} with its slack"


FIT = Stage(
    name="fit",
    runs="genbench.workers.untrusted.fit:fit",
    steps=_steps,
    inputs=_inputs,
    facts=FitFacts,
    outputs=(CHECKPOINT, CHECK, CURVE),
    timed="fit",
    own=("fit",),
    overdrawn=overdrawn,
    share=20.0,
    before=("load",),
    fault=_fault,
)
