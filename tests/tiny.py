"""A suite that takes seconds, and the call that runs models of loose files under it."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.files.atomic import cache_folder
from genbench.protocol.stages.stage import Step
from genbench.records.record import Candidate, Record
from genbench.records.status import Status
from genbench.runs import session
from genbench.runs.conductor import BOUNDS, Bounds
from genbench.runs.estimate import Forecast
from genbench.runs.finished import Finished
from genbench.runs.options import Options
from genbench.runs.plan import Plan
from genbench.store import run_folder
from genbench.store.stage_folder import Result

SUITE = """
name = "tiny"
dataset = "{dataset}"
images = 500
batch = 50
seeds = 1
extractor = "pixels"
latency_seconds = {latency}
run_seconds = {run}

[tasks.generate]
count = {count}
scores = ["{quality}", "{coverage}", {scores}]

[tasks.generate.axes]
quality = "{quality}"
coverage = "{coverage}"
speed = "throughput"

[limits]
fit = {limit}
sample = {limit}
audit = {limit}
stream = {limit}
verify = {limit}
density = {limit}
score = 60
"""
ORDINARY = {
    "coverage": "parameters",
    "latency": 0.02,
    "run": 0.0,
    "count": 100,
    "scores": '"bits-per-dim", "throughput", "latency"',
}  # what most runs here are content with
CLOCKS = ("throughput", "latency", "fit-time")  # the scores that a clock makes: no two runs agree on them
SECRET = "0123456789abcdef" * 4  # of every run here, so that two of them draw the same samples
SLEEPY = '''
import time
import genbench


class Sleepy(genbench.Model):
    """Never ends."""

    name = "sleepy"
    family = genbench.Family.BASELINE
    source = "none"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()

    def fit(self, data: genbench.TrainingData) -> None:
        open("started", "w").close()
        time.sleep(600)

    def sample(self, n, *, labels=None):
        raise RuntimeError


@genbench.hookimpl
def genbench_models():
    return [Sleepy]
'''  # a plugin whose fit never ends, and says that it has begun


def write_suite(
    folder: Path, dataset: str = "digits", limit: float = 60, quality: str = "fit-time", **other: Any
) -> Path:
    """The tiny suite's file: wall limits of `limit` seconds for plugin code, and scores that cost nothing."""
    path = folder / "tiny.toml"
    path.write_text(SUITE.format(**{**ORDINARY, "dataset": dataset, "limit": limit, "quality": quality, **other}))
    return path


@dataclass
class Heard:
    """A listener that remembers how each step ended."""

    results: dict[str, Result[object]] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)
    lacked: dict[str, str] = field(default_factory=dict)

    def lacks(self, extractor: str, reason: str) -> None:
        self.lacked[extractor] = reason

    def planned(self, plan: Plan, jobs: int, forecast: Forecast) -> None:
        self.awaited = {"/".join(step.key) for step in plan.steps if step.key in forecast.waiting}

    def progress(self, step: Step, images: int, share: float) -> None: ...

    def ended(self, step: Step, result: Result[object]) -> None:
        self.results[f"{step.trial.slug}/{step.name}"] = result

    @property
    def ran(self) -> set[str]:
        """The steps that ran now, as TRIAL/STEP."""
        return {name for name, result in self.results.items() if not result.reused and result.status != Status.SKIPPED}


@dataclass(frozen=True)
class Run:
    """A finished run, and what was heard of it."""

    finished: Finished
    heard: Heard
    root: Path

    def record(self, reference: str) -> Record:
        """The record of a model."""
        return next(record for record in self.finished.records if record.model.reference == reference)

    def candidate(self, name: str, task: str = "generate") -> Candidate:
        """The candidate of that name in a task: `model`, `model[setting=value]` or `model/sampler`."""
        found = [candidate for record in self.finished.records for candidate in record.candidates]
        return next(candidate for candidate in found if (candidate.name, candidate.task) == (name, task))

    def files(self) -> dict[str, bytes]:
        """The bytes of every record on disk, by trial."""
        return {path.parent.name: path.read_bytes() for path in sorted(self.root.glob("*/record.json"))}


def run(
    supervisor: Supervisor,
    out: Path,
    plugins: Sequence[Path],
    models: Sequence[str],
    suite: Path,
    afresh: bool = False,
    bounds: Bounds = BOUNDS,
    **options: Any,
) -> Run:
    """Run models of loose plugin files under a suite file, with children of a shared supervisor.

    Args:
        afresh: run the controls as well; else their results are those of the first run here under such a suite, or
            of any other where they are the same.
        bounds: how much the run bears.
        options: as `genbench.runs.options.Options` has them.
    """
    chosen = Options(models=models, plugin=[str(path) for path in plugins], suite=str(suite), out=out, **options)
    plan = session.plan_of(chosen, session.catalogue_of(chosen, supervisor))
    root, heard = session.run_folder(chosen, plan), Heard()
    keep_secret(root)
    controls = [trial.slug for trial in plan.trials if trial.listing.control is not None]
    kept = cache_folder("controls") / hashlib.sha256(suite.read_bytes()).hexdigest()
    if afresh:
        shutil.rmtree(cache_folder("stages"))
    for slug in () if afresh else controls:
        if (kept / slug).exists() and not (root / slug).exists():
            shutil.copytree(kept / slug, root / slug)
    finished = session.execute(plan, chosen, supervisor, heard, bounds=bounds)
    for slug in controls:
        if not (kept / slug).exists():
            shutil.copytree(root / slug, kept / slug)
    return Run(finished, heard, root)


def keep_secret(root: Path) -> None:
    """Give the folder of a run the secret of all runs here, unless it has one."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / run_folder.SECRET
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(SECRET)


def without_clocks(candidate: Candidate) -> str:
    """All that is known of a candidate, apart from what a clock measured; equal texts are equal to the bit."""
    scores = {name: score for name, score in candidate.scores.items() if name not in CLOCKS}
    return json.dumps(codec.encoded(replace(candidate, scores=scores, elapsed=None, timing=None)), sort_keys=True)
