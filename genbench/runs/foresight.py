"""Foresight: which steps of a run need not run again, told before it starts by the manifests alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from genbench.protocol.stages.judgement import key_of
from genbench.protocol.stages.stage import Given, Ground, Lacking, Step
from genbench.records.status import Status
from genbench.runs.schedule import Key
from genbench.store.shelf import Shelf
from genbench.store.stage_folder import Result, StageFolder


def finished_steps(ground: Ground, steps: Sequence[Step], existing: str, shelf: Shelf | None = None) -> set[Key]:
    """Keys of the steps whose results will be found; whether files are as they were written is not looked at.

    Args:
        existing: "reuse", "retry-failed" or "force", as a run has it.
        shelf: where the harness's own models have stages of other runs.
    """
    found: dict[str, dict[str, Result[Any]]] = {}
    trials: dict[str, list[Step]] = {}
    for step in steps if existing != "force" else ():
        own, before = found.setdefault(step.trial.slug, {}), trials.setdefault(step.trial.slug, [])
        if all(other.name in own for other in before if step.waits_for(other)):
            result = _told(ground, step, own, shelf if step.trial.model.plugin.is_builtin else None)
            if result is not None and (existing == "reuse" or not result.status.failed):
                own[step.name] = result
        before.append(step)
    return {(slug, name) for slug, own in found.items() for name in own}


def _told(ground: Ground, step: Step, own: Mapping[str, Result[Any]], shelf: Shelf | None) -> Result[Any] | None:
    try:
        inputs = step.stage.inputs(Given(ground, step, own))
    except Lacking as lack:
        return Result(Status.SKIPPED, str(lack))
    key = key_of(step.name, inputs)
    places = [ground.root / step.trial.slug / step.name, *([shelf.place(key)] if shelf is not None else [])]
    found = (StageFolder[Any](place, step.stage.facts).told(key) for place in places)
    return next((result for result in found if result is not None), None)
