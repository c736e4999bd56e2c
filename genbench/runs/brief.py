"""Brief: what each step's process is told and may touch, and what its result depends on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench.runs import recording
from genbench.runs.plan import Plan, Step
from genbench.contracts.job import Confinement
from genbench.store.stage_folder import Result
from genbench.protocol.trial import Trial


@dataclass
class Brief:
    """Briefs the steps of one run.

    Args:
        plan: what runs.
        root: the run's folder.
        data: facts of the `data` stage.
        environment: facts of the `probe` stage.
        results: of the steps that have ended, by (trial's slug, step's name).
    """

    plan: Plan
    root: Path
    data: Mapping[str, Any]
    environment: Mapping[str, Any]
    results: dict[tuple[str, str], Result]

    def of(self, trial: Trial, name: str) -> Result | None:
        """The result of a trial's step, if it has ended."""
        return self.results.get((trial.slug, name))

    def folder(self, trial: Trial, name: str = "") -> Path:
        """The folder of a trial, or of one of its steps."""
        return self.root / trial.slug / name

    def sampled(self, trial: Trial) -> list[str]:
        """The samplers of a trial that have left samples."""
        results = {sampler: self.of(trial, f"sample/{sampler}") for sampler in trial.samplers}
        return [sampler for sampler, result in results.items() if result is not None and result.ok]

    def inputs(self, step: Step) -> dict[str, Any]:
        """What the step's result depends on, by value: files and code by their hashes."""
        trial, suite = step.trial, self.plan.suite
        fit = {
            "code": trial.model.plugin.code,
            "settings": dict(trial.settings),
            "seed": trial.seed,
            "model": trial.model.name,
            "dataset": self.data["sha256"],
            "images": suite.images,
            "device": self.environment["device"],
            "threads": suite.threads,
            "assets": [asset.sha256 for asset in trial.model.assets],
        }
        if step.stage == "fit":
            return fit
        fitted = {"fit": fit, "checkpoint": self._hash(trial, "fit", "checkpoint.safetensors")}
        if step.stage == "sample":
            return {
                **fitted,
                "count": suite.count,
                "batch": suite.batch,
                "latency": self._latency_seconds(trial),
                "hardware": self.environment["device_name"],
            }
        if step.stage == "density":
            return {**fitted, "batch": suite.batch}
        if step.stage == "audit":
            return {**fitted, "samples": self._drawn(trial), "batch": suite.batch}
        paths = ("samples", "nats", "audit")  # their hashes stand beside them
        told = {name: self._evidence_of(trial, name) for name in self.sampled(trial)}
        evidence = {name: {k: v for k, v in fields.items() if k not in paths} for name, fields in told.items()}
        return {
            "candidates": evidence,
            "scores": list(suite.scores),
            "extractor": suite.extractor,
            "dataset": self.data["sha256"],
            "weights": {name: weights["sha256"] for name, weights in self.data["weights"].items()},
            "parts": [plugin.code for plugin in self.plan.catalogue.parts],
        }

    def _drawn(self, trial: Trial) -> str | None:
        return self._hash(trial, f"sample/{self.described(trial)}", "samples.safetensors")

    def _hash(self, trial: Trial, name: str, file: str) -> str | None:
        result = self.of(trial, name)
        return result.outputs.get(file) if result is not None else None

    @staticmethod
    def described(trial: Trial) -> str:
        """The sampler whose law the model's density is; "" for no density."""
        return str(trial.model.fields["described_sampler"])

    def _latency_seconds(self, trial: Trial) -> float:
        return self.plan.suite.latency_seconds if trial.seed == 0 else 0.0

    def arguments(self, step: Step) -> dict[str, Any]:
        """What the step's process is told."""
        trial, suite = step.trial, self.plan.suite
        if step.stage == "score":
            return {
                "plugins": [plugin.to_json() for plugin in self.plan.catalogue.parts],
                "data": self.data["path"],
                "device": self.environment["device"],
                "scores": list(suite.scores),
                "extractor": suite.extractor,
                "weights": {name: weights["path"] for name, weights in self.data["weights"].items()},
                "candidates": [self._evidence_of(trial, sampler) for sampler in self.sampled(trial)],
            }
        return {
            "plugin": trial.model.plugin.to_json(),
            "model": trial.model.name,
            "reference": trial.reference,
            "settings": dict(trial.settings),
            "seed": trial.seed,
            "sampler": step.sampler,
            "dataset": suite.dataset,
            "data": self.data["path"],
            "device": self.environment["device"],
            "images": suite.images,
            "count": suite.count,
            "batch": suite.batch,
            "fit": str(self.folder(trial, "fit")),
            "samples": str(self.folder(trial, f"sample/{self.described(trial)}") / "samples.safetensors"),
            "latency_seconds": self._latency_seconds(trial),
            "checkpoint_seconds": suite.checkpoint_seconds,
        }

    def _evidence_of(self, trial: Trial, sampler: str) -> dict[str, Any]:
        """What the scorer is told of one candidate."""
        sampled, fit = self.of(trial, f"sample/{sampler}"), self.of(trial, "fit")
        density = self.of(trial, "density") if sampler == trial.model.fields["described_sampler"] else None
        has_nats = density is not None and density.ok
        timing = dict(sampled.timing) if sampled is not None else {}
        return {
            "sampler": sampler,
            "samples": str(self.folder(trial, f"sample/{sampler}") / "samples.safetensors"),
            "sha256": self._hash(trial, f"sample/{sampler}", "samples.safetensors"),
            "count": self.plan.suite.count,
            "nats": str(self.folder(trial, "density") / "nats.safetensors") if has_nats else None,
            "nats_sha256": self._hash(trial, "density", "nats.safetensors") if has_nats else None,
            **self._audit_of(trial, sampler),
            "likelihood": density.facts["likelihood"] if density is not None and has_nats else None,
            "timing": {name: timing.get(name) for name in recording.TIMING},
            "parameters": fit.facts.get("parameters") if fit is not None else None,
            "fit_seconds": fit.timing.get("own_seconds") if fit is not None else None,
        }

    def _audit_of(self, trial: Trial, sampler: str) -> dict[str, Any]:
        """What the scorer is told of a candidate's audit; no facts where its sampler has no density."""
        result = self.of(trial, "audit") if sampler == self.described(trial) else None
        if result is None:
            return {"audit": None, "audit_sha256": None, "audit_facts": None}
        path = str(self.folder(trial, "audit") / "audit.safetensors") if result.ok else None
        facts = dict(result.facts) if result.ok else {"reason": f"audit {result.status}: {result.reason}"}
        return {"audit": path, "audit_sha256": self._hash(trial, "audit", "audit.safetensors"), "audit_facts": facts}

    def confinement(self, step: Step) -> Confinement | None:
        """What a step that runs a plugin's code may read: the test split in its density stage alone."""
        if step.stage == "score":
            return None
        if self.environment["isolation"] == "process":
            return Confinement(enforced=False)
        model, home = step.trial.model, Path(self.data["path"])
        may_see_test = step.stage == "density" or model.control
        return Confinement(
            reads=(
                *model.plugin.places,
                *(str(path) for path in home.iterdir() if may_see_test or not path.name.startswith("test.")),
                *(str(self.folder(step.trial, before.name)) for before in step.after),
                *(str(asset.path) for asset in model.assets),
            ),
            network="network" in model.fields["needs"],
            everything="files" in model.fields["needs"],
        )
