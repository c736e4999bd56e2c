"""Everything that a plugin can add to genbench, one hook each.

A distribution offers model plugins through the entry-point group `genbench.models` (imported only in worker
processes) and everything else through `genbench.parts` (trusted code, imported by the harness and named on the board).
Built-in parts come through the same hooks.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from genbench.contracts.dataset import Dataset
    from genbench.contracts.executor import Executor
    from genbench.contracts.extractor import Extractor
    from genbench.contracts.metric import Metric
    from genbench.contracts.model import Learner
    from genbench.contracts.task import Solver, Task
    from genbench.contracts.tracking import CurvePoint, RunDone, RunStarted, StageEnded
    from genbench.records.record import Record

PROJECT = "genbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

MODEL_HOOKS = frozenset({"genbench_models"})
TRACKING_HOOKS = frozenset(  # return nothing, and are told of a run
    f"genbench_{event}" for event in ("run_started", "stage_ended", "curve_point", "trial_done", "run_done")
)


@hookspec
def genbench_models() -> "list[type[Learner]]":  # type: ignore[empty-body]
    """Model classes. Group `genbench.models`; the module is imported only in worker processes."""


@hookspec
def genbench_datasets() -> "list[type[Dataset]]":  # type: ignore[empty-body]
    """Dataset classes. Group `genbench.parts`."""


@hookspec
def genbench_extractors() -> "list[type[Extractor]]":  # type: ignore[empty-body]
    """Extractor classes. Group `genbench.parts`."""


@hookspec
def genbench_metrics() -> "list[type[Metric]]":  # type: ignore[empty-body]
    """Metric classes. Group `genbench.parts`."""


@hookspec
def genbench_tasks() -> "list[type[Task]]":  # type: ignore[empty-body]
    """Task classes: what suites can ask of models. Group `genbench.parts`."""


@hookspec
def genbench_solvers() -> "list[type[Solver]]":  # type: ignore[empty-body]
    """Solver classes: how a model that lacks a capability may answer with another one. Group `genbench.parts`."""


@hookspec
def genbench_suites() -> list[Path]:  # type: ignore[empty-body]
    """Paths of suite files (TOML). Group `genbench.parts`."""


@hookspec
def genbench_executors() -> "list[type[Executor]]":  # type: ignore[empty-body]
    """Executor classes: where the stages of trials run. Group `genbench.parts`."""


@hookspec
def genbench_run_started(run: "RunStarted") -> None:
    """Called in the harness process once a run's plan is fixed and its data are there. Group `genbench.parts`.

    What raises in this hook or in one of the following is told once, and its part hears no more of the run.
    """


@hookspec
def genbench_stage_ended(stage: "StageEnded") -> None:
    """Called in the harness process when a stage has ended, or was found finished. Group `genbench.parts`."""


@hookspec
def genbench_curve_point(point: "CurvePoint") -> None:
    """Called in the harness process with each point of a training curve, in order. Group `genbench.parts`.

    All points of a fit come when it has ended well, before its `genbench_stage_ended`: while it runs, the harness reads
    nothing of what an untrusted process writes. A fit that was found finished gives none; its record has them.
    """


@hookspec
def genbench_trial_done(record: "Record") -> None:
    """Called in the harness process with each record once it is written. Group `genbench.parts`."""


@hookspec
def genbench_run_done(run: "RunDone") -> None:
    """Called in the harness process when a run has ended, also where it was stopped. Group `genbench.parts`."""
