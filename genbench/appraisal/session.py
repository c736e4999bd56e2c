"""Session: samples and what they are held against are read, and every score that this gives is computed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genbench.appraisal.listener import AppraisalListener, Silence
from genbench.appraisal.outcome import Appraisal, Identity
from genbench.appraisal.request import Request
from genbench.appraisal.samples import read as read_samples, read_features
from genbench.catalogue.parts import data_root_of, metrics as metric_classes
from genbench.catalogue.plugins import PARTS, installed
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric
from genbench.errors import GenbenchError, unknown
from genbench.execution.device import resolved_device
from genbench.records.gates import GateStatus
from genbench.records.score import Missing, MissingKind
from genbench.scoring.novelty.gate import copy_verdict
from genbench.scoring.samples import Samples, Source
from genbench.scoring.scores import scored
from genbench.scoring.yardstick import OfDataset, OfFeatures, OfSamples, Tools, Yardstick
from genbench.version import VERSION

MEMORISATION = "memorisation"  # among the names of scores: the verdict


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
    """Name → class of the scores that were asked for, or of all; and whether the verdict was."""
    asked = request.scores.split(",") if isinstance(request.scores, str) else list(request.scores)
    names = [name.strip() for name in asked if name.strip()]
    for name in names:
        if name not in known and name != MEMORISATION:
            raise unknown("score", name, [*known, MEMORISATION])
    chosen = {name: known[name] for name in names or known if name != MEMORISATION}
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
