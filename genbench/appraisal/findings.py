"""Findings: the scores that a request asks for, of two sides, with their identity and what came true of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from genbench.appraisal.conditions import parsed
from genbench.appraisal.listener import AppraisalListener
from genbench.appraisal.outcome import Identity
from genbench.appraisal.request import MEMORISATION, Request
from genbench.appraisal.sides import Sides
from genbench.catalogue.parts import metrics as metric_classes
from genbench.catalogue.plugins import PARTS, installed
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric
from genbench.errors import GenbenchError, unknown
from genbench.execution.device import AUTO, CPU, resolved_device
from genbench.records.gates import CopyVerdict, GateStatus
from genbench.records.score import Missing, MissingKind, ScoreRecord
from genbench.scoring.scores import Compared, scored
from genbench.scoring.tools import Tools
from genbench.version import VERSION

Metrics = Mapping[str, type[Metric]]


@dataclass(frozen=True)
class Found:
    """What was computed.

    Args:
        scores: by name.
        missing: by name, why there is no such score.
        come_true: the conditions on scores that were met, or cannot be told, in words.
    """

    scores: Mapping[str, ScoreRecord]
    missing: Mapping[str, Missing]
    come_true: tuple[str, ...]

    def or_refused(self, verdict: CopyVerdict | None = None) -> "Found":
        """Itself.

        Raises:
            GenbenchError: there is no score, and no verdict either.
        """
        if self.scores or (verdict is not None and verdict.status is not GateStatus.UNAVAILABLE):
            return self
        reasons = "; ".join(f"{name}: {_short(reason)}" for name, reason in self.missing.items())
        raise GenbenchError(f"nothing can be computed: {reasons or (verdict and verdict.reason)}")


def tools_of(request: Request, listener: AppraisalListener) -> Tools:
    """What features are made with. Given ones stay on the CPU, unless another device is named to compare them on.

    Raises:
        GenbenchError: no such device.
    """
    given = request.features is not None and request.device == AUTO
    device = CPU if given else resolved_device(request.device)
    return Tools(
        installed(PARTS), request.extractor, request.extractor_weights, device, listener.extracted, listener.read
    )


def chosen(request: Request, tools: Tools) -> tuple[Metrics, bool]:
    """Name → class of the scores that were asked for, or of the core, or of all; and whether the verdict was.

    Raises:
        GenbenchError: a score that is none.
    """
    known = metric_classes(tools.plugins).classes
    for name in (*request.names, *request.conditioned):
        if name not in known and name != MEMORISATION:
            raise unknown("score", name, [*known, MEMORISATION])
    if request.names:
        return {name: known[name] for name in request.names if name != MEMORISATION}, MEMORISATION in request.names
    usual = [
        name for name, cls in known.items() if request.all_scores or not cls.further or name in request.conditioned
    ]
    of_train = request.against == "train"  # such scores then say nothing, and so does the verdict
    return {name: known[name] for name in usual if not (of_train and known[name].needs_train)}, not of_train


def found_of(request: Request, metrics: Metrics, evidence: Evidence, compared: Compared, tools: Tools) -> Found:
    """Every score that two sides give.

    Args:
        request: what is meant.
        metrics: name → class.
        evidence: of the samples.
        compared: of both sides.
        tools: what features were made with.
    """
    found = scored(metrics, metrics, evidence, lambda extractor: compared)
    missing = {name: reason for name, reason in found.missing.items() if request.names or _told(metrics[name], reason)}
    if "fd" in missing and compared.identity is not None:
        missing["fd"] = _with_way_out(missing["fd"], evidence, compared, tools)
    told = [parsed(text).told(found.scores, missing) for text in request.fail_if]
    return Found(found.scores, missing, tuple(filter(None, told)))


def _told(cls: type[Metric], missing: Missing) -> bool:
    """Whether it is spoken of unasked: that samples alone have no speed goes without saying."""
    return cls.uses_features or missing.kind is MissingKind.FAILED


def _short(missing: Missing) -> str:
    return missing.reason if missing.kind is MissingKind.NOT_APPLICABLE else str(missing)


def _with_way_out(missing: Missing, evidence: Evidence, compared: Compared, tools: Tools) -> Missing:
    """Why there is no FD, with an extractor that has few enough features where too many are the reason."""
    comparison = compared.comparison
    if missing.kind is not MissingKind.NOT_APPLICABLE or not comparison.reference.has_vectors:
        return missing
    n, name = min(len(comparison.real), len(comparison.generated)), (compared.identity or "").partition("/")[0]
    return (
        replace(missing, reason=missing.reason + tools.fitting(name, evidence.space, n))
        if n <= comparison.dim
        else missing
    )


def identity_of(sides: Sides, request: Request, tools: Tools) -> Identity:
    """What is computed from what. Reads all of both sides."""
    generated, yardstick = sides.generated, sides.yardstick
    reference, train = yardstick.reference, yardstick.train
    return Identity(
        n=len(generated.x),
        samples=generated.name,
        samples_sha256=generated.sha256,
        extractor=f"{yardstick.extractor}+{sides.resize}" if sides.resize else yardstick.extractor,
        reference=reference.name,
        reference_n=reference.n,
        reference_sha256=reference.sha256,
        train=train.name if train else None,
        train_n=train.n if train else None,
        train_sha256=train.sha256 if train else None,
        device=tools.device,
        genbench=VERSION,
        protocol=request.protocol or None,
        resize=sides.resize,
    )
