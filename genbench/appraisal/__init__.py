"""Appraisal: scores of samples that somebody already has, without any training: what `genbench score` prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench.appraisal.listener import AppraisalListener, Silence
from genbench.appraisal.samples import read as read_samples, read_features
from genbench.catalogue.parts import data_root_of, metrics as metric_classes
from genbench.catalogue.plugins import PARTS, installed
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric
from genbench.errors import GenbenchError, unknown
from genbench.execution.device import resolved_device
from genbench.files.codec import encoded
from genbench.files.plain import Json
from genbench.records.gates import CopyVerdict, GateStatus
from genbench.records.score import Missing, MissingKind, ScoreRecord
from genbench.scoring.novelty.gate import copy_verdict
from genbench.scoring.samples import Samples, Source
from genbench.scoring.scores import scored
from genbench.scoring.yardstick import OfDataset, OfFeatures, OfSamples, Tools, Yardstick
from genbench.version import VERSION

MEMORISATION = "memorisation"  # among the names of scores: the verdict
REQUESTED = ("samples", "features", "dataset", "reference", "train", "extractor", "extractor_weights")


@dataclass(frozen=True)
class Request:
    """What is to be scored against what; the command line's options, by the same names.

    Args:
        samples: a folder of images, an array file or an array; or `features` instead.
        dataset: NAME or NAME:ARGUMENT, whose test split is the reference.
        reference: samples, or features, to compare with; instead of a dataset.
        features: feature vectors of samples, [N, d]; the reference and the training data are features then, too.
        train: what the samples' model was trained on, beside a reference; a dataset brings its own.
        extractor: "": digits-net for digits, inception-v3-compat for images of 256 levels, else pixels.
        extractor_weights: NAME=FILE, or FILE, where the weights are not in the cache.
        scores: names, "memorisation" among them, as a list or with commas; empty: the core of those that apply.
        all_scores: all that apply, those beyond the core as well.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        data_root: the folder with copies of datasets; "": what GENBENCH_DATA says, and the cache.
        name: of what is scored; "": the last part of its path.
    """

    samples: Source | None = None
    dataset: str = ""
    reference: Source | None = None
    features: Source | None = None
    train: Source | None = None
    extractor: str = ""
    extractor_weights: Sequence[str] = ()
    scores: str | Sequence[str] = ()
    all_scores: bool = False
    device: str = "auto"
    data_root: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        has = {name for name in REQUESTED if getattr(self, name) is not None and not _is_empty(getattr(self, name))}
        if ("samples" in has) == ("features" in has):
            raise GenbenchError("one of SAMPLES and --features says what is scored, and only one of them")
        if "features" in has and ("reference" not in has or has & {"dataset", "extractor", "extractor_weights"}):
            raise GenbenchError("--features goes with --reference, which are features as well, and with no extractor")
        if ("dataset" in has) == ("reference" in has):
            raise GenbenchError("one of --dataset NAME and --reference OTHER says what to compare with, and only one")
        if self.all_scores and not _is_empty(self.scores):
            raise GenbenchError("--all-scores gives all of them, and --scores those that it names; choose one")
        if "train" in has and "reference" not in has:
            raise GenbenchError("--train goes with --reference; a dataset brings its own training split")


def _is_empty(value: object) -> bool:
    return isinstance(value, str | list | tuple) and not value


@dataclass(frozen=True)
class Identity:
    """What an appraisal was computed from. Rows are named by the SHA-256 of their shape, type and bytes."""

    n: int
    """Samples that were scored."""
    samples: str
    """Where they come from."""
    samples_sha256: str
    """Of their rows."""
    extractor: str | None
    """The identity of what made the features; null for features that were given."""
    reference: str
    """The real data: where they come from."""
    reference_n: int
    """Their number."""
    reference_sha256: str
    """Of their rows."""
    train: str | None
    """The training data: where they come from; null: there are none, or no score needs them."""
    train_n: int | None
    """Their number."""
    train_sha256: str | None
    """Of their rows."""
    device: str
    """Where features were extracted."""
    genbench: str
    """The version that scored."""


@dataclass(frozen=True)
class Appraisal:
    """The scores of some samples, with what they were computed from.

    Args:
        name: of what was scored.
        scores: by name.
        missing: by name, why there is no such score.
        memorisation: the verdict; None where no training data are known, or none was asked for.
        identity: what was compared with what, and by what.
        warnings: what moves the scores and may not be meant.
    """

    name: str
    scores: Mapping[str, ScoreRecord]
    missing: Mapping[str, Missing]
    memorisation: CopyVerdict | None
    identity: Identity
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Plain JSON: the identity's entries stand beside the scores."""
        found = {"scores": self.scores, "missing": self.missing, "memorisation": self.memorisation}
        plain: dict[str, Json] = encoded({"name": self.name, **found, **vars(self.identity), "warnings": self.warnings})
        return plain


def score(samples: Source | None = None, *, listener: AppraisalListener | None = None, **options: Any) -> Appraisal:
    """Score samples that you already have: what `genbench score` does, from Python.

        genbench.score("samples/", dataset="digits").scores["fd"].value
        genbench.score(generated, reference=real, extractor="pixels")
        genbench.score(features=f_generated, reference=f_real)

    Args:
        samples: a folder of images, an array file or a NumPy array.
        listener: is told how it goes.
        options: see `genbench.appraisal.Request`.
    Raises:
        GenbenchError: what the command line would refuse with exit code 2.
    """
    return appraised(Request(samples, **options), listener or Silence())


def appraised(request: Request, listener: AppraisalListener) -> Appraisal:
    """Read both sides, compare their features, and compute every score that this gives.

    Raises:
        GenbenchError: something cannot be read or compared, or no score can be computed.
    """
    device, plugins = resolved_device(request.device), installed(PARTS)
    metrics, wants_verdict = _chosen(request, metric_classes(plugins).classes)
    with_train = wants_verdict or any(cls.needs_train for cls in metrics.values())
    tools = Tools(plugins, request.extractor, request.extractor_weights, device, listener.extracted)
    generated, yardstick, warnings = _sides(request, with_train, tools)
    identity = _identity(generated, yardstick, str(device))
    listener.started(_sentence(identity))
    measured = yardstick.measured(generated.x)
    found = scored(metrics, metrics, Evidence(yardstick.space, generated.x), lambda extractor: measured.compared)
    missing = {name: reason for name, reason in found.missing.items() if request.scores or _told(metrics[name], reason)}
    verdict = copy_verdict(measured.verdict, yardstick.extractor) if wants_verdict and measured.verdict else None
    if not found.scores and (verdict is None or verdict.status is GateStatus.UNAVAILABLE):
        reasons = "; ".join(f"{name}: {_short(reason)}" for name, reason in missing.items())
        raise GenbenchError(f"nothing can be computed: {reasons or (verdict and verdict.reason)}")
    name = request.name or Path(generated.name).name
    return Appraisal(name, found.scores, missing, verdict, identity, warnings)


def _chosen(request: Request, known: Mapping[str, type[Metric]]) -> tuple[dict[str, type[Metric]], bool]:
    """Name → class of the scores that were asked for, or of the core, or of all; and whether the verdict was."""
    asked = request.scores.split(",") if isinstance(request.scores, str) else list(request.scores)
    names = [name.strip() for name in asked if name.strip()]
    for name in names:
        if name not in known and name != MEMORISATION:
            raise unknown("score", name, [*known, MEMORISATION])
    usual = [name for name, cls in known.items() if request.all_scores or not cls.further]
    chosen = {name: known[name] for name in names or usual if name != MEMORISATION}
    return chosen, MEMORISATION in names or not names


def _told(cls: type[Metric], missing: Missing) -> bool:
    """Whether it is spoken of unasked: that samples alone have no speed goes without saying."""
    return cls.uses_features or missing.kind is MissingKind.FAILED


def _short(missing: Missing) -> str:
    return missing.reason if missing.kind is MissingKind.NOT_APPLICABLE else str(missing)


def _sides(request: Request, with_train: bool, tools: Tools) -> tuple[Samples, Yardstick, tuple[str, ...]]:
    """What is scored, what it is compared with, and the warnings of both."""
    yardstick: Yardstick
    if request.dataset:
        yardstick = OfDataset(request.dataset, data_root_of(request.data_root), with_train, tools)
        generated = read_samples(_there(request.samples), yardstick.space)
        return generated, yardstick, generated.warnings
    read = read_samples if request.features is None else read_features
    reference = read(_there(request.reference))
    if request.features is not None:
        generated, train = read(request.features), None if request.train is None else read(request.train)
        yardstick = OfFeatures(reference, train)
        yardstick.check(generated)
    else:
        generated = read_samples(_there(request.samples), reference.space)
        train = None if request.train is None else read_samples(request.train, reference.space)
        yardstick = OfSamples(reference, train, tools)
    return generated, yardstick, tuple(w for of in (generated, reference, train) if of for w in of.warnings)


def _there(source: Source | None) -> Source:
    if source is None:
        raise ValueError("a request without samples or reference")
    return source


def _identity(generated: Samples, yardstick: Yardstick, device: str) -> Identity:
    reference, train = yardstick.reference, yardstick.train
    return Identity(
        n=len(generated.x),
        samples=generated.name,
        samples_sha256=generated.sha256,
        extractor=yardstick.extractor,
        reference=reference.name,
        reference_n=len(reference.x),
        reference_sha256=reference.sha256,
        train=train.name if train else None,
        train_n=len(train.x) if train else None,
        train_sha256=train.sha256 if train else None,
        device=device,
        genbench=VERSION,
    )


def _sentence(identity: Identity) -> str:
    return (
        f"scoring {identity.n} samples of {identity.samples} against {identity.reference_n} of "
        f"{identity.reference}, {identity.extractor or 'features as given'}, on {identity.device}"
    )
