"""Stages: one file each, whose value has the file's name in capitals. A trial goes through those its tasks list."""

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from genbench.errors import GenbenchError, unknown
from genbench.protocol.stages.stage import Stage, Step
from genbench.protocol.task import Answerer, Asked
from genbench.protocol.trial import Trial


def named(name: str) -> Stage[Any]:
    """The stage of a name.

    Raises:
        GenbenchError: there is none.
    """
    found = _held_by(name) if name in _files() else None
    if found is None:
        raise unknown("stage", name, [file for file in _files() if _held_by(file)])
    return found


def _files() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(__path__)]


def _held_by(file: str) -> Stage[Any] | None:
    """The stage of a file; None: it holds something else."""
    found = getattr(import_module(f"{__name__}.{file}"), file.upper(), None)
    return found if isinstance(found, Stage) else None


def stages_of(tasks: Sequence[Asked]) -> list[Stage[Any]]:
    """The stages that tasks list, each after those that it waits for.

    Raises:
        GenbenchError: a task lists a stage that is not there, or stages wait for each other in a circle.
    """
    waiting = [named(name) for name in dict.fromkeys(name for asked in tasks for name in asked.listing.stages)]
    found: list[Stage[Any]] = []
    while waiting:
        names = {stage.name for stage in waiting}
        free = [stage for stage in waiting if not names & set(stage.after)]
        if not free:
            waits = "; ".join(f"{stage.name} after {', '.join(stage.after)}" for stage in waiting)
            raise GenbenchError(f"these stages wait for each other, so that none can be the first: {waits}")
        found.append(free[0])
        waiting.remove(free[0])
    return found


def steps_of(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    """All steps of a trial, each after those that it waits for."""
    return [step for stage in stages_of(tasks) for step in stage.steps(trial, tasks)]


def evidence_step(trial: Trial, answerer: Answerer) -> Step:
    """The step that leaves a candidate's evidence."""
    steps = steps_of(trial, [answerer.asked])
    return next(step for step in steps if step.stage.evidence and step.answerer == answerer)
