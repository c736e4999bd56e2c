"""The `score` stage: reads and validates a trial's evidence and computes its scores. Imports no model plugin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.catalogue.parts import parts
from genbench.catalogue.plugins import Plugin
from genbench.contracts.evidence import Evidence, LogLikelihood
from genbench.contracts.metric import Metric
from genbench.errors import GenbenchError, InvalidEvidence
from genbench.execution.channel import Markers
from genbench.files.codec import decoded, encoded
from genbench.records.audits import AuditVerdict, unaudited
from genbench.records.kinds import Likelihood
from genbench.records.score import Missing, MissingKind
from genbench.records.space import Space
from genbench.records.timing import Timing
from genbench.scoring.audits.candidate import audited, invalid
from genbench.scoring.audits.facts import AuditEvidence, AuditFacts
from genbench.scoring.copies import CopyGate, copy_verdict
from genbench.scoring.features import Features
from genbench.scoring.picture import grid
from genbench.scoring.scores import scored
from genbench.store import datasets
from genbench.store.tensors import MOST_NATS, read_arrays, read_samples

DEFAULTS = {
    "default dtype": "torch.float32",
    "default device": "cpu",
    "gradients": True,
    "matmul precision": "highest",
}


def score(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Facts: {"candidates": [{"sampler", "status", "reason", "scores", "unavailable", "grid", and the gates}, …],
    "damaged": [words]}.

    The gates are "memorisation", and "audits", which is None where there is no density.

    Raises:
        GenbenchError: this process, the reference data or a candidate's files are not as they should be.
    """
    plugins = [Plugin(**plugin) for plugin in arguments["plugins"]]
    home = Path(arguments["data"])
    _assert_defaults()
    with markers.timed("score"):
        datasets.verify(home)
        device = torch.device(arguments["device"])
        files = {name: Path(path) for name, path in arguments.get("weights", {}).items()}
        features = Features(home, parts("extractors", plugins), device, files)
        metrics = parts("metrics", plugins)
        gate = CopyGate(features, arguments["extractor"])
        done = []
        for index, candidate in enumerate(arguments["candidates"], 1):
            done.append(_scored(candidate, arguments["scores"], metrics, features, gate))
            markers.progress(index, index / len(arguments["candidates"]))
    return {"candidates": done, "damaged": list(features.damaged)}


def _assert_defaults() -> None:
    """Refuse to score in a process whose torch has been changed: numbers would depend on who did it."""
    found = {
        "default dtype": str(torch.get_default_dtype()),
        "default device": str(torch.get_default_device()),
        "gradients": torch.is_grad_enabled(),
        "matmul precision": torch.get_float32_matmul_precision(),
    }
    changed = [f"{name} {value}" for name, value in found.items() if value != DEFAULTS[name]]
    if changed:
        raise GenbenchError(f"torch is not as it is when it starts: {', '.join(changed)}; scores need a fresh process")


def _scored(
    candidate: Mapping[str, Any],
    names: list[str],
    metrics: Mapping[str, type[Metric]],
    features: Features,
    gate: CopyGate,
) -> dict[str, Any]:
    try:
        evidence = _evidence(candidate, features.space, len(datasets.read(features.home, "test")))
    except InvalidEvidence as error:
        return {"sampler": candidate["sampler"], "status": "invalid-evidence", "reason": str(error)}
    own = features.of(evidence.samples)
    found = scored(names, metrics, evidence, own.compared)
    nats = evidence.likelihood.nats if evidence.likelihood else None
    return {
        "sampler": candidate["sampler"],
        "status": "ok",
        "reason": None,
        "scores": {name: encoded(score) for name, score in found.scores.items()},
        "unavailable": {name: _words(missing) for name, missing in found.missing.items()},
        "memorisation": encoded(copy_verdict(lambda: gate.verdict(own))),
        "audits": encoded(_audits(candidate, evidence.samples, nats, features.home)),
        "grid": grid(evidence.samples, evidence.space),
    }


def _words(missing: Missing) -> str:
    return missing.reason if missing.kind is MissingKind.NOT_APPLICABLE else str(missing)


def _audits(
    candidate: Mapping[str, Any], samples: NDArray[Any], test: NDArray[np.float64] | None, home: Path
) -> AuditVerdict | None:
    """None where the candidate's sampler has no density."""
    facts = candidate["audit_facts"]
    if facts is None:
        return None
    if not candidate["audit"]:
        return unaudited(str(facts["reason"]))
    try:
        left = AuditEvidence(Path(candidate["audit"]), decoded(AuditFacts, facts, "facts"))
    except GenbenchError as error:
        return invalid(str(error))
    return audited(left, samples, test, home)


def _evidence(candidate: Mapping[str, Any], space: Space, rows: int) -> Evidence:
    """A candidate's evidence, validated; `rows` are those of the test split."""
    samples, labels = read_samples(Path(candidate["samples"]), space, candidate["count"])
    likelihood = None
    if candidate["nats"]:
        nats = read_arrays(Path(candidate["nats"]), {"test"})["test"]
        if nats.dtype != np.float64 or nats.shape != (rows,) or not np.isfinite(nats).all():
            raise InvalidEvidence(f"nats are {nats.dtype} {nats.shape}, expected finite float64 [{rows}]")
        if space.levels is not None and nats.max() > MOST_NATS:
            raise InvalidEvidence(f"nats reach {nats.max():.4g}, a probability above 1")
        likelihood = LogLikelihood(nats, Likelihood(candidate["likelihood"]))
    timing = decoded(Timing, candidate["timing"], "timing")
    return Evidence(space, samples, labels, timing, likelihood, candidate["parameters"], candidate["fit_seconds"])
