"""The conductor: turns the steps of a plan into jobs with keys, keeps their results, and writes each trial's record."""

import math
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from genbench.records import record as records
from genbench.runs import claims, recording
from genbench.contracts.assets import Asset
from genbench.runs.brief import Brief
from genbench.errors import GenbenchError, plain
from genbench.files.plain import digest, read_json
from genbench.runs.plan import Plan, Step
from genbench.execution.clock import Clock
from genbench.contracts.job import Job
from genbench.execution.outcome import REASON_LIMIT, Outcome
from genbench.execution.supervisor import Supervisor
from genbench.store.stage_folder import FORMAT, Damaged, Result, StageFolder
from genbench.protocol.trial import Trial

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "fit": ("checkpoint.safetensors", "check.safetensors", "curve.json"),
    "sample": ("samples.safetensors",),
    "audit": ("audit.safetensors",),
    "density": ("nats.safetensors",),
    "score": (),
}
OWN = ("fit", "warm-up", "run", "latency", "audit", "density", "score")  # sections that are the stage's own work
PATIENCE = 3  # fits of one plugin that may die in a row before the rest are skipped
FREE_SPACE = 256 * 2**20  # bytes that a run wants to find on its disk
UNREADABLE = (TypeError, KeyError, ValueError, AttributeError, ArithmeticError, RecursionError,
              PermissionError, IsADirectoryError, NotADirectoryError)  # fmt: skip
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
        self._brief = Brief(self.plan, self.root, self.data, self.environment, self.results)
        self.records: list[dict[str, Any]] = []
        self.damaged: list[str] = list(self.data.get("damaged", []))
        self._crashes: Counter[str] = Counter()
        self._verified: set[Asset] = set()
        self._fetching = Lock()

    def execute(self, step: Step) -> None:
        """Run a step, or find that it has been run; after the last step of a trial, write its record.

        Raises:
            Interrupted: the run was stopped.
        """
        try:
            result = self._skipped(step) or self._result(step)
        except UNREADABLE as error:  # whatever a plugin has found to leave behind costs its own step
            words = f"what {step.name} left cannot be taken: {type(error).__name__}: {error}"
            result = Result("invalid-evidence", plain(words)[:REASON_LIMIT])
        self.results[step.trial.slug, step.name] = result
        self._count_crash(step, result)
        self.ended(step, result)
        if step.stage == "score":
            self._record(step.trial)

    def _count_crash(self, step: Step, result: Result) -> None:
        """Count the fits in a row whose process died; an error that was raised and told costs no patience."""
        if step.stage == "fit" and result.status != "skipped":
            died = result.status.startswith(("crashed", "no-evidence", "timeout", "out-of-memory"))
            name = step.trial.model.plugin.name
            self._crashes[name] = self._crashes[name] + 1 if died else 0

    def _skipped(self, step: Step) -> Result | None:
        """The result of a step that cannot run, because what it needs has failed."""
        fit = self._brief.of(step.trial, "fit")
        if step.stage != "fit" and fit is not None and not fit.ok:
            return Result("skipped", f"fit: {fit.status}")
        if step.stage == "fit" and self._crashes[step.trial.model.plugin.name] >= PATIENCE:
            return Result("skipped", f"the last {PATIENCE} fits of plugin {step.trial.model.plugin.name} died")
        if step.stage == "score" and not self._brief.sampled(step.trial):
            return Result("skipped", "no sampler left samples")
        if step.stage == "audit" and self._brief.described(step.trial) not in self._brief.sampled(step.trial):
            return Result("skipped", f"sampler {self._brief.described(step.trial)} left no samples")
        return None

    def _result(self, step: Step) -> Result:
        stage = StageFolder(self._brief.folder(step.trial, step.name))
        inputs, arguments = self._brief.inputs(step), self._brief.arguments(step)
        key = digest({"format": FORMAT, "stage": step.name, **inputs})
        found = self._found(stage, key) if self.existing != "force" else None
        if found is not None and (found.ok or self.existing == "reuse"):
            return found
        stage.empty(key)
        suite, refused = self.plan.suite, self._refused(step, stage)
        if refused is not None:
            return refused  # not kept: it is the machine's trouble, and the next run looks again
        job = Job(
            step.stage,
            stage.path,
            arguments,
            stage.path / "log.txt",
            suite.limits[step.stage],
            suite.threads,
            suite.job_caps,
            self._brief.confinement(step),
            step.trial.model.plugin.python if step.stage != "score" else "",
            self.environment["device"],
            self.environment["device_free"],
        )
        outcome = self.supervisor.run(job, lambda images, share: self.progress(step, images, share))
        if outcome.status == "interrupted":
            raise Interrupted("interrupted")
        if step.stage == "score":
            self.damaged += outcome.facts.get("damaged", [])
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
                    if asset.fetched().resolve().is_relative_to(Path(self.data["path"]).parent.resolve()):
                        return f"asset {asset.location} lies among the data that models are held against"
                except GenbenchError as error:
                    return str(error)
                self._verified.add(asset)
        return None

    def _found(self, stage: StageFolder, key: str) -> Result | None:
        """A stored result of these inputs; what is damaged is set aside and named, and does not count."""
        try:
            return stage.found(key)
        except Damaged as damage:
            place = stage.quarantine()
            self.damaged.append(f"{stage.path / str(damage)} is not as it was written; set aside as {place.name}")
            return None

    def _judged(self, step: Step, stage: StageFolder, outcome: Outcome) -> Result:
        missing = stage.missing(OUTPUTS[step.stage]) if outcome.ok else []
        status, reason = outcome.status, outcome.reason
        if missing:
            status, reason = "no-evidence", f"{step.stage} said that it was done and left no {', '.join(missing)}"
        elif outcome.ok:
            suite = self.plan.suite
            laps = math.ceil(suite.count / suite.batch)
            status, reason = claims.fault(step.stage, outcome.facts, outcome.clock, laps, stage.path) or (
                status,
                reason,
            )
        if status != outcome.status:
            return Result(status, reason, outcome.seconds, exit_code=outcome.exit_code)
        own = sum(outcome.clock.seconds(section) for section in OWN)
        timing = self._timing(step, outcome) if step.stage == "sample" else {}
        if step.stage == "fit":
            timing = {"own_seconds": outcome.clock.seconds("fit") + outcome.facts.get("seconds_before", 0.0)}
        return Result(status, reason, outcome.seconds, own, outcome.facts, timing, exit_code=outcome.exit_code)

    def _timing(self, step: Step, outcome: Outcome) -> dict[str, Any]:
        """The fields of `metric.Timing`, and beside them what was subtracted and what came before."""
        clock: Clock = outcome.clock
        batches = clock.laps("run")
        on_cpu = self.environment["device"] == "cpu"
        return {
            "images": self.plan.suite.count,
            "seconds": clock.net(clock.seconds("run"), 1 + len(batches)),
            "batches": [clock.net(seconds) for seconds in batches],
            "latencies": [clock.net(seconds) for seconds in clock.laps("latency")],
            "nfe": outcome.facts.get("nfe"),
            "flops": outcome.facts.get("flops"),
            "memory": outcome.memory if on_cpu else outcome.facts.get("device_memory"),
            "null_seconds": clock.null_call(),
            "warm_up_seconds": clock.seconds("warm-up"),
        }

    def _record(self, trial: Trial) -> None:
        """Write the trial's record, and tell who listens."""
        results = {name: result for (slug, name), result in self.results.items() if slug == trial.slug}
        curve = self._brief.folder(trial, "fit") / "curve.json"
        value = recording.of_trial(
            trial,
            self.plan.suite,
            self.data,
            self.environment,
            results,
            read_json(curve) if results["fit"].ok else [],
            self._brief.folder(trial),
        )
        path = self._brief.folder(trial) / "record.json"
        kept: dict[str, Any] = {}
        if path.exists():
            try:
                kept = records.read(path)
            except GenbenchError as error:
                self.damaged.append(f"{error}; written again")
        if records.undated(kept) == records.undated(value):
            value = kept  # nothing has changed: the record stays as it was written
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            value = records.write(path, value)
        self.records.append(value)
        self.recorded(value)
