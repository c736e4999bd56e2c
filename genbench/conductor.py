"""The conductor: turns the steps of a plan into jobs with keys, keeps their results, and writes each trial's record."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from genbench import record
from genbench.assets import Asset
from genbench.clock import Clock
from genbench.errors import GenbenchError
from genbench.files import digest, read_json, write_json
from genbench.job import Job
from genbench.plan import Plan, Step
from genbench.store import FORMAT, Result, StageFolder
from genbench.supervisor import Outcome, Supervisor
from genbench.trial import Trial

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "fit": ("checkpoint.safetensors", "check.safetensors", "curve.json"),
    "sample": ("samples.safetensors",),
    "density": ("nats.safetensors",),
    "score": (),
}
OWN = ("fit", "warm-up", "run", "latency", "density", "score")  # sections that are the stage's own work
FREE_SPACE = 256 * 2**20  # bytes that a run wants to find on its disk
EXISTING = ("reuse", "retry-failed", "force")


class Interrupted(GenbenchError):
    """The run was stopped; what has finished is kept."""


@dataclass
class Conductor:
    """Executes the steps of one run.

    Args:
        plan: what to run.
        root: the run's folder, one folder a trial below it.
        supervisor: runs the jobs.
        data: facts of the `data` stage.
        environment: facts of the `probe` stage.
        existing: "reuse" every result whose key and files verify, "retry-failed", or "force" everything anew.
        progress: called with (step, images done, share of the step).
        ended: called with (step, result) at the end of each step.
        recorded: called with each trial's record once it is written.
    """

    plan: Plan
    root: Path
    supervisor: Supervisor
    data: Mapping[str, Any]
    environment: Mapping[str, Any]
    existing: str
    progress: Callable[[Step, int, float], None]
    ended: Callable[[Step, Result], None]
    recorded: Callable[[Mapping[str, Any]], None]

    def __post_init__(self) -> None:
        self.results: dict[tuple[str, str], Result] = {}
        self.records: list[dict[str, Any]] = []
        self._verified: set[Asset] = set()
        self._fetching = Lock()

    def execute(self, step: Step) -> None:
        """Run a step, or find that it has been run; after the last step of a trial, write its record.

        Raises:
            Interrupted: the run was stopped.
        """
        result = self._skipped(step) or self._result(step)
        self.results[step.trial.slug, step.name] = result
        self.ended(step, result)
        if step.stage == "score":
            self._record(step.trial)

    def of(self, trial: Trial, name: str) -> Result | None:
        """The result of a trial's step, if it has ended."""
        return self.results.get((trial.slug, name))

    def folder(self, trial: Trial, name: str = "") -> Path:
        """The folder of a trial, or of one of its steps."""
        return self.root / trial.slug / name

    def _skipped(self, step: Step) -> Result | None:
        """The result of a step that cannot run, because what it needs has failed."""
        fit = self.of(step.trial, "fit")
        if step.stage != "fit" and fit is not None and not fit.ok:
            return Result("skipped", f"fit: {fit.status}")
        if step.stage == "score" and not self._sampled(step.trial):
            return Result("skipped", "no sampler left samples")
        return None

    def _sampled(self, trial: Trial) -> list[str]:
        results = {sampler: self.of(trial, f"sample/{sampler}") for sampler in trial.samplers}
        return [sampler for sampler, result in results.items() if result is not None and result.ok]

    def _result(self, step: Step) -> Result:
        stage = StageFolder(self.folder(step.trial, step.name))
        inputs, arguments = self._inputs(step), self._arguments(step)
        key = digest({"format": FORMAT, "stage": step.name, **inputs})
        found = stage.found(key) if self.existing != "force" else None
        if found is not None and (found.ok or self.existing == "reuse"):
            return found
        stage.empty()
        suite, refused = self.plan.suite, self._refused(step, stage)
        if refused is not None:
            return refused  # not kept: it is the machine's trouble, and the next run looks again
        job = Job(step.stage, stage.path, arguments, stage.path / "log.txt", suite.limits[step.stage], suite.threads)
        outcome = self.supervisor.run(job, lambda images, share: self.progress(step, images, share))
        if outcome.status == "interrupted":
            raise Interrupted("interrupted")
        return stage.keep(key, self._judged(step, stage, outcome), OUTPUTS[step.stage])

    def _refused(self, step: Step, stage: StageFolder) -> Result | None:
        """Why a step cannot start on this machine now."""
        if shutil.disk_usage(stage.path).free < FREE_SPACE:
            return Result("disk-full", f"less than {FREE_SPACE >> 20} MiB free at {self.root}")
        fault = self._asset_fault(step.trial) if step.stage != "score" else None
        return Result("error", fault) if fault is not None else None

    def _asset_fault(self, trial: Trial) -> str | None:
        """Fetch and verify the files that a model needs from outside; what is wrong with them, in words."""
        with self._fetching:
            for asset in set(trial.model.assets) - self._verified:
                try:
                    asset.fetched()
                except GenbenchError as error:
                    return str(error)
                self._verified.add(asset)
        return None

    def _judged(self, step: Step, stage: StageFolder, outcome: Outcome) -> Result:
        missing = stage.missing(OUTPUTS[step.stage]) if outcome.ok else []
        status, reason = outcome.status, outcome.reason
        if missing:
            status, reason = "no-evidence", f"{step.stage} said that it was done and left no {', '.join(missing)}"
        own = sum(outcome.clock.seconds(section) for section in OWN)
        timing = self._timing(step, outcome) if step.stage == "sample" else {}
        timing = timing | {"own_seconds": outcome.clock.seconds("fit")} if step.stage == "fit" else timing
        return Result(status, reason, outcome.seconds, own, outcome.facts, timing)

    def _timing(self, step: Step, outcome: Outcome) -> dict[str, Any]:
        """The fields of `metric.Timing`, and beside them what was subtracted and what came before."""
        clock: Clock = outcome.clock
        null, batches = clock.null_call(), clock.laps("run")
        on_cpu = self.environment["device"] == "cpu"
        return {
            "images": self.plan.suite.count,
            "seconds": max(clock.seconds("run") - null * (1 + len(batches)), 1e-9),
            "batches": [max(seconds - null, 1e-9) for seconds in batches],
            "latencies": [max(seconds - null, 1e-9) for seconds in clock.laps("latency")],
            "nfe": outcome.facts.get("nfe"),
            "flops": outcome.facts.get("flops"),
            "memory": outcome.memory if on_cpu else outcome.facts.get("device_memory"),
            "null_seconds": null,
            "warm_up_seconds": clock.seconds("warm-up"),
        }

    def _inputs(self, step: Step) -> dict[str, Any]:
        """What the step's result depends on, by value: files and code by their hashes."""
        trial, suite = step.trial, self.plan.suite
        machine = {"device": self.environment["device"], "threads": suite.threads}
        fit = {
            "code": trial.model.plugin.code,
            "settings": dict(trial.settings),
            "seed": trial.seed,
            "model": trial.model.name,
            "dataset": self.data["sha256"],
            "images": suite.images,
            **machine,
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
        paths = ("samples", "nats")  # their hashes stand beside them
        told = {name: self._evidence_of(trial, name) for name in self._sampled(trial)}
        evidence = {name: {k: v for k, v in fields.items() if k not in paths} for name, fields in told.items()}
        return {
            "candidates": evidence,
            "scores": list(suite.scores),
            "dataset": self.data["sha256"],
            "parts": [plugin.code for plugin in self.plan.catalogue.parts],
        }

    def _hash(self, trial: Trial, name: str, file: str) -> str | None:
        result = self.of(trial, name)
        return result.outputs.get(file) if result is not None else None

    def _latency_seconds(self, trial: Trial) -> float:
        return self.plan.suite.latency_seconds if trial.seed == 0 else 0.0

    def _arguments(self, step: Step) -> dict[str, Any]:
        trial, suite = step.trial, self.plan.suite
        if step.stage == "score":
            return {
                "plugins": [plugin.to_json() for plugin in self.plan.catalogue.parts],
                "data": self.data["path"],
                "device": self.environment["device"],
                "scores": list(suite.scores),
                "candidates": [self._evidence_of(trial, sampler) for sampler in self._sampled(trial)],
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
            "latency_seconds": self._latency_seconds(trial),
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
            "likelihood": density.facts["likelihood"] if density is not None and has_nats else None,
            "timing": {name: timing.get(name) for name in record.TIMING},
            "parameters": fit.facts.get("parameters") if fit is not None else None,
            "fit_seconds": fit.timing.get("own_seconds") if fit is not None else None,
        }

    def _record(self, trial: Trial) -> None:
        """Write the trial's record, and tell who listens."""
        results = {name: result for (slug, name), result in self.results.items() if slug == trial.slug}
        curve = self.folder(trial, "fit") / "curve.json"
        value = record.of_trial(
            trial,
            self.plan.suite,
            self.data,
            self.environment,
            results,
            read_json(curve) if results["fit"].ok else [],
            self.folder(trial),
        )
        path = self.folder(trial) / "record.json"
        kept = read_json(path) if path.exists() else {}
        if kept | {"finished": None} == value | {"finished": None}:
            value = kept  # nothing has changed: the record stays as it was written
        else:
            write_json(path, value)
        self.records.append(value)
        self.recorded(value)
