"""Appraisal: scores of samples that somebody already has, without any training: what `genbench score` prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from genbench.appraisal.samples import read as read_samples, read_features
from genbench.catalogue import plugins
from genbench.catalogue.parts import data_root_of, parts as part_classes
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric
from genbench.errors import GenbenchError, Unavailable, Unsuitable, unknown
from genbench.execution.device import resolved_device
from genbench.records.gates import Verdict, unavailable
from genbench.scoring.samples import Samples, Source
from genbench.scoring.yardstick import FOR_IMAGES, OfDataset, OfFeatures, OfSamples, Tools, Yardstick
from genbench.version import VERSION

MEMORISATION = "memorisation"  # among the names of scores: the verdict
WITHOUT_TRAIN = frozenset(  # scores for which features of training data need not be computed
    ["fd", "kid", "mind", "precision", "recall", "density", "coverage", "clipped-density", "clipped-coverage", "vendi"]
)
REQUESTED = ("samples", "features", "dataset", "reference", "train", "extractor", "extractor_weights")


class Listener(Protocol):
    """Who is told how an appraisal goes."""

    def started(self, what: str) -> None:
        """The input is in order and the work begins; what it is, in one line."""

    def extracted(self, what: str, done: int, total: int) -> None:
        """The features of so many rows of `what` are done."""


class Silence:
    """A listener that does nothing."""

    def started(self, what: str) -> None:
        """Nothing."""

    def extracted(self, what: str, done: int, total: int) -> None:
        """Nothing."""


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
        scores: names, "memorisation" among them, as a list or with commas; empty: all that apply.
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
        if "train" in has and "reference" not in has:
            raise GenbenchError("--train goes with --reference; a dataset brings its own training split")


def _is_empty(value: object) -> bool:
    return isinstance(value, str | list | tuple) and not value


@dataclass(frozen=True)
class Appraisal:
    """The scores of some samples, with what they were computed from.

    Args:
        name: of what was scored.
        scores: name → value, low, high, details, title, unit, axis, direction, version, source.
        unavailable: name → why there is no such score.
        memorisation: the verdict; None where no training data are known, or none was asked for.
        identity: extractor, reference, numbers of rows, SHA-256 of rows, device, version of genbench.
        warnings: what moves the scores and may not be meant.
    """

    name: str
    scores: Mapping[str, Mapping[str, Any]]
    unavailable: Mapping[str, str]
    memorisation: Verdict | None
    identity: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: the identity's entries stand beside the scores."""
        return {
            "name": self.name,
            "scores": {name: dict(score) for name, score in self.scores.items()},
            "unavailable": dict(self.unavailable),
            "memorisation": self.memorisation.to_json() if self.memorisation else None,
            **self.identity,
            "warnings": list(self.warnings),
        }


def score(samples: Source | None = None, *, listener: Listener | None = None, **options: Any) -> Appraisal:
    """Score samples that you already have: what `genbench score` does, from Python.

        genbench.score("samples/", dataset="digits").scores["fd"]["value"]
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


def appraised(request: Request, listener: Listener) -> Appraisal:
    """Read both sides, compare their features, and compute every score that this gives.

    Raises:
        GenbenchError: something cannot be read or compared, or no score can be computed.
    """
    device, parts = resolved_device(request.device), plugins.installed(plugins.PARTS)
    metrics = _chosen(request, part_classes("metrics", parts))
    wants_verdict = MEMORISATION in metrics
    with_train = wants_verdict or not set(metrics) <= WITHOUT_TRAIN
    tools = Tools(parts, request.extractor, request.extractor_weights, device, listener.extracted)
    generated, yardstick, warnings = _sides(request, with_train, tools)
    identity = {
        "n": len(generated.x),
        "samples": generated.name,
        "samples_sha256": generated.sha256,
        **yardstick.identity(),
        "device": str(device),
        "genbench": VERSION,
    }
    listener.started(_sentence(identity))
    evidence = Evidence(yardstick.space, generated.x, features=yardstick.comparison(generated.x))
    scores, missing = _scored(metrics, evidence, yardstick, silent=not request.scores)
    verdict = _verdict(yardstick, generated) if wants_verdict else None
    if not scores and (verdict is None or verdict.status == "unavailable"):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
        raise GenbenchError(f"nothing can be computed: {reasons or (verdict and verdict.reason)}")
    name = request.name or Path(generated.name).name
    return Appraisal(name, scores, missing, verdict, identity, warnings)


def _chosen(request: Request, known: Mapping[str, type[Metric]]) -> dict[str, type[Metric] | None]:
    """Name → class of the scores that were asked for, or of all; the verdict has no class."""
    asked = request.scores.split(",") if isinstance(request.scores, str) else list(request.scores)
    names = [name.strip() for name in asked if name.strip()]
    offered: dict[str, type[Metric] | None] = {**known, MEMORISATION: None}
    for name in names:
        if name not in offered:
            raise unknown("score", name, offered)
    return {name: offered[name] for name in names or offered}


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


def _scored(
    metrics: Mapping[str, type[Metric] | None], evidence: Evidence, yardstick: Yardstick, silent: bool
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The scores, and why others are missing; `silent`: nothing is said of those that need more than samples."""
    scores: dict[str, dict[str, Any]] = {}
    missing: dict[str, str] = {}
    for name, cls in metrics.items():
        if cls is None:
            continue
        try:
            scores[name] = cls().score(evidence).to_json() | _declared(cls, yardstick)
        except (Unavailable, Unsuitable) as error:
            if cls.uses_features or not silent:
                missing[name] = str(error)
        except Exception as error:  # noqa: BLE001  # a metric that fails costs its own line
            missing[name] = f"failed: {type(error).__name__}: {error}"
    return scores, missing


def _declared(cls: type[Metric], yardstick: Yardstick) -> dict[str, str]:
    """What a metric says of itself; FD has the title FID with the one extractor that gives it a right to."""
    is_fid = cls.name == "fd" and (yardstick.extractor or "").partition("/")[0] == FOR_IMAGES
    return cls.declaration() | ({"title": "FID"} if is_fid else {})


def _verdict(yardstick: Yardstick, generated: Samples) -> Verdict | None:
    try:
        return yardstick.verdict(generated.x)
    except (Unavailable, Unsuitable) as error:
        return unavailable(str(error), yardstick.extractor)


def _sentence(identity: Mapping[str, Any]) -> str:
    extractor = identity["extractor"] or "features as given"
    return (
        f"scoring {identity['n']} samples of {identity['samples']} against {identity['reference_n']} of "
        f"{identity['reference']}, {extractor}, on {identity['device']}"
    )
