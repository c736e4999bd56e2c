"""A suite that takes seconds, and the call that runs models of loose files under it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genbench import catalogue
from genbench.execution.supervisor import Supervisor
from genbench.runs import session
from genbench.runs.plan import Plan, Step
from genbench.runs.session import Finished, Options
from genbench.store.stage_folder import Result

SUITE = """
name = "tiny"
dataset = "{dataset}"
images = 500
count = 100
batch = 50
seeds = 1
extractor = "pixels"
scores = ["{quality}", "{coverage}", "bits-per-dim", "throughput", "latency"]
latency_seconds = 0.02

[axes]
quality = "{quality}"
coverage = "{coverage}"
speed = "throughput"

[limits]
fit = {limit}
sample = {limit}
audit = {limit}
density = {limit}
score = 60
"""
CLOCKS = ("throughput", "latency", "fit-time")  # the scores that a clock makes: no two runs agree on them


def write_suite(
    folder: Path, dataset: str = "digits", limit: float = 60, quality: str = "fit-time", coverage: str = "parameters"
) -> Path:
    """The tiny suite's file: wall limits of `limit` seconds for plugin code, and scores that cost nothing."""
    path = folder / "tiny.toml"
    path.write_text(SUITE.format(dataset=dataset, limit=limit, quality=quality, coverage=coverage))
    return path


@dataclass
class Heard:
    """A listener that remembers how each step ended."""

    results: dict[str, Result] = field(default_factory=dict)

    def planned(self, plan: Plan, jobs: int) -> None: ...

    def progress(self, step: Step, images: int, share: float) -> None: ...

    def ended(self, step: Step, result: Result) -> None:
        self.results[f"{step.trial.slug}/{step.name}"] = result

    @property
    def ran(self) -> set[str]:
        """The steps that ran now, as TRIAL/STEP."""
        return {name for name, result in self.results.items() if not result.reused and result.status != "skipped"}


@dataclass(frozen=True)
class Run:
    """A finished run, and what was heard of it."""

    finished: Finished
    heard: Heard
    root: Path

    def record(self, reference: str) -> dict[str, Any]:
        """The record of a model."""
        return next(record for record in self.finished.records if record["model"]["reference"] == reference)

    def candidate(self, name: str) -> dict[str, Any]:
        """The candidate of that name: `model`, `model[setting=value]` or `model/sampler`."""
        return next(c for record in self.finished.records for c in record["candidates"] if c["name"] == name)

    def files(self) -> dict[str, bytes]:
        """The bytes of every record on disk, by trial."""
        return {path.parent.name: path.read_bytes() for path in sorted(self.root.glob("*/record.json"))}


def run(
    supervisor: Supervisor, out: Path, plugins: Sequence[Path], models: Sequence[str], suite: Path, **options: Any
) -> Run:
    """Run models of loose plugin files under a suite file, with children of a shared supervisor."""
    chosen = Options(models=models, plugin=[str(path) for path in plugins], suite=str(suite), out=out, **options)
    plan = session.plan_of(chosen, catalogue.read(supervisor, chosen.plugin))
    heard = Heard()
    finished = session.execute(plan, chosen, supervisor, heard)
    return Run(finished, heard, session.run_folder(chosen, plan))


def without_clocks(candidate: dict[str, Any]) -> str:
    """What a candidate's bytes and scores are, apart from what a clock measured; equal texts are equal to the bit."""
    scores = {name: score for name, score in candidate["scores"].items() if name not in CLOCKS}
    kept = {name: candidate[name] for name in ("status", "unavailable", "likelihood", "evidence", "grid")}
    return json.dumps({**kept, "scores": scores}, sort_keys=True)
