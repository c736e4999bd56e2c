"""The `score` stage: reads and validates a trial's evidence and computes its scores. Imports no model plugin."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.catalogue.parts import parts
from genbench.catalogue.plugins import Plugin
from genbench.contracts.evidence import Evidence, LogLikelihood, Timing
from genbench.contracts.metric import Metric
from genbench.errors import GenbenchError, InvalidEvidence, Unavailable, Unsuitable
from genbench.execution.channel import Markers
from genbench.files.picture import grid
from genbench.geometry.comparison import Comparison
from genbench.records.gates import unavailable as unjudged
from genbench.records.space import Space
from genbench.scoring.audits.candidate import audited
from genbench.scoring.copies import Gate
from genbench.scoring.features import Features
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
        device, weights = torch.device(arguments["device"]), arguments.get("weights", {})
        features = Features(home, parts("extractors", plugins), device, weights)
        metrics = parts("metrics", plugins)
        gate = Gate(features, arguments["extractor"], home)
        done = []
        for index, candidate in enumerate(arguments["candidates"], 1):
            done.append(_scored(candidate, arguments["scores"], metrics, features, gate, home))
            markers.progress(index, index / len(arguments["candidates"]))
    return {"candidates": done, "damaged": features.damaged}


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
    features: "Features",
    gate: Gate,
    home: Path,
) -> dict[str, Any]:
    try:
        evidence = _evidence(candidate, features.space, len(datasets.read(home, "test")))
    except InvalidEvidence as error:
        return {"sampler": candidate["sampler"], "status": "invalid-evidence", "reason": str(error)}
    scores: dict[str, Any] = {}
    unavailable: dict[str, str] = {}
    for name in names:
        metric_name, _, extractor = name.partition("@")
        metric = metrics[metric_name]()
        try:
            compared = features.comparison(extractor, evidence.samples) if extractor else None
            result = metric.score(_with(evidence, compared))
            scores[name] = result.to_json() | _identity(metric, features.identity(extractor), evidence, features)
        except (Unavailable, Unsuitable) as error:
            unavailable[name] = str(error)
        except Exception as error:  # noqa: BLE001  # a metric that fails costs its own cell
            traceback.print_exc()
            unavailable[name] = f"failed: {type(error).__name__}: {error}"
    return {
        "sampler": candidate["sampler"],
        "status": "ok",
        "reason": None,
        "scores": scores,
        "unavailable": unavailable,
        "memorisation": _memorisation(gate, evidence.samples),
        "audits": audited(candidate, evidence.samples, evidence.likelihood.nats if evidence.likelihood else None, home),
        "grid": grid(evidence.samples, evidence.space.levels),
    }


def _memorisation(gate: Gate, samples: NDArray[Any]) -> dict[str, Any]:
    """The gate's verdict as JSON; a gate that fails costs itself alone."""
    try:
        return gate.verdict(samples).to_json()
    except (Unavailable, Unsuitable) as error:
        return unjudged(str(error)).to_json()
    except Exception as error:  # noqa: BLE001  # an extractor is a part's code
        traceback.print_exc()
        return unjudged(f"failed: {type(error).__name__}: {error}").to_json()


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
        likelihood = LogLikelihood(nats, candidate["likelihood"])
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in candidate["timing"].items()}
    timing = Timing(**fields)
    return Evidence(space, samples, labels, timing, likelihood, candidate["parameters"], candidate["fit_seconds"])


def _with(evidence: Evidence, features: Comparison | None) -> Evidence:
    fields = {name: getattr(evidence, name) for name in Evidence.__dataclass_fields__}
    return Evidence(**(fields | {"features": features}))


def _identity(metric: Metric, extractor: str | None, evidence: Evidence, features: "Features") -> dict[str, Any]:
    return {
        **metric.declaration(),
        "extractor": extractor,
        "reference": features.reference if extractor else None,
        "n": len(evidence.samples),
    }
