"""Record: the immutable JSON result of a trial: identity, environment, evidence hashes, scores and status."""

from genbench.records.record import FORMAT

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError
from genbench.files.plain import digest, intact, read_json, sealed, write_json
from genbench.store.stage_folder import Result, log_tail
from genbench.protocol.suite import Suite
from genbench.protocol.trial import Trial

TIMING = ("images", "seconds", "batches", "latencies", "nfe", "flops", "memory")  # the fields of metric.Timing
NO_DENSITY = "bits-per-dim"
UNSHOWN = ("quick", "typical", "python")  # fields of a suite that no number depends on


def of_trial(
    trial: Trial,
    suite: Suite,
    data: Mapping[str, Any],
    environment: Mapping[str, Any],
    results: Mapping[str, Result],
    curve: list[dict[str, float]],
    folder: Path,
) -> dict[str, Any]:
    """The record of a trial whose steps have all ended.

    Args:
        data, environment: facts of the `data` and `probe` stages.
        results: by step name ("fit", "sample/ddim-25", "density", "score").
        curve: the training curve.
        folder: the trial's, where the logs lie.
    """
    return {
        "format": FORMAT,
        "protocol": digest(suite.protocol(data["sha256"])),
        "suite": {key: value for key, value in suite.to_json().items() if key not in UNSHOWN},
        "dataset": {key: data[key] for key in ("name", "sha256", "source", "license", "space", "rows")},
        "model": _model(trial, results["fit"]),
        "seed": trial.seed,
        "environment": {k: v for k, v in environment.items() if k != "device_free"} | {"threads": suite.threads},
        "stages": {name: {"status": r.status, "reason": r.reason, "seconds": r.seconds} for name, r in results.items()},
        "curve": curve,
        "candidates": [_candidate(trial, sampler, results, folder) for sampler in trial.samplers],
        "finished": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }








def _model(trial: Trial, fit: Result) -> dict[str, Any]:
    fields, plugin = trial.model.fields, trial.model.plugin
    return {
        **{key: fields[key] for key in ("name", "family", "source", "description", "capabilities")},
        "reference": trial.reference,
        "settings": dict(trial.settings),
        "distribution": plugin.distribution or Path(plugin.file).name or plugin.module,
        "version": plugin.version,
        "code": plugin.code,
        "control": trial.model.control,
        "parameters": fit.facts.get("parameters"),
        "needs": list(fields["needs"]),
        "pretrained_on": [asset.trained_on for asset in trial.model.assets],
    }


def _candidate(trial: Trial, sampler: str, results: Mapping[str, Result], folder: Path) -> dict[str, Any]:
    phase, failed = _failure(sampler, results)
    sampled = results.get(f"sample/{sampler}")
    scored = _scored(sampler, results)
    density = results.get("density") if sampler == trial.model.fields["described_sampler"] else None
    unavailable = dict(scored.get("unavailable", {}))
    if density is not None and not density.ok and failed is None:
        unavailable[NO_DENSITY] = f"failed: {density.reason}"
    elapsed = sum(results[name].seconds for name in ("fit", f"sample/{sampler}") if name in results)
    return {
        "sampler": sampler,
        "name": trial.candidate(sampler),
        "status": "ok" if failed is None else failed.status,
        "phase": phase,
        "reason": None if failed is None else failed.reason,
        "exit_code": None if failed is None else failed.exit_code,
        "elapsed": elapsed,
        "log": "" if phase is None else log_tail(folder / _log_of(phase, sampler)),
        "scores": scored.get("scores", {}),
        "unavailable": unavailable,
        "likelihood": density.facts.get("likelihood") if density is not None else None,
        "evidence": dict(sampled.outputs) if sampled is not None else {},
        "timing": dict(sampled.timing) if sampled is not None else {},
        "memorisation": scored.get("memorisation"),
        "audits": scored.get("audits"),
        "grid": scored.get("grid"),
    }


def _failure(sampler: str, results: Mapping[str, Result]) -> tuple[str | None, Result | None]:
    """The first phase of a candidate that failed, and how; (None, None) where none did."""
    for phase, name in (("fit", "fit"), ("sample", f"sample/{sampler}"), ("score", "score")):
        if not results[name].ok:
            return phase, results[name]
    scored = _scored(sampler, results)
    if scored.get("status") != "ok":
        return "score", Result(str(scored.get("status", "no-evidence")), scored.get("reason"))
    return None, None


def _scored(sampler: str, results: Mapping[str, Result]) -> Mapping[str, Any]:
    candidates = results["score"].facts.get("candidates", [])
    found: Mapping[str, Any] = next((c for c in candidates if c["sampler"] == sampler), {})
    return found


def _log_of(phase: str, sampler: str) -> str:
    return f"sample/{sampler}/log.txt" if phase == "sample" else f"{phase}/log.txt"
