"""Judgement: the key of a step, and its result, its process's word held against its form and the parent's clock."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from genbench.contracts.job import Outcome, Timeline
from genbench.errors import GenbenchError, plain
from genbench.files import codec
from genbench.files.plain import digest
from genbench.protocol.inputs import identity_of
from genbench.protocol.stages.stage import Stage
from genbench.records.effort import Effort
from genbench.records.status import Status
from genbench.store.commitment import chained
from genbench.store.stage_folder import FORMAT, Result


def key_of(name: str, inputs: object) -> str:
    """SHA-256 of all that the result of a stage of that name depends on."""
    return digest({"format": FORMAT, "stage": name, "inputs": identity_of(inputs)})


def judged(stage: Stage[Any], inputs: object, outcome: Outcome, folder: Path, missing: Sequence[str]) -> Result[Any]:
    """The result of a stage, its process's word held against the form of such a word and the parent's clock.

    A plugin shares its process with the lines that write facts, so that it can write anything in their place.

    Args:
        missing: the outputs that are not there.
    """
    timeline = outcome.timeline
    if not outcome.ok:
        return Result(outcome.status, outcome.reason, seconds=outcome.seconds, exit_code=outcome.exit_code)
    fault = _fault(stage, inputs, outcome, folder, missing)
    facts = None
    if fault is None:
        try:
            facts = codec.decoded(stage.facts, outcome.facts, f"{stage.name} says facts")
        except GenbenchError as error:
            fault = Status.INVALID_EVIDENCE, plain(str(error))
    if fault is not None:
        return Result(*fault, seconds=outcome.seconds, exit_code=outcome.exit_code)
    excess = stage.overdrawn(inputs, facts, outcome)
    if excess is not None:
        return Result(Status.INVALID_EVIDENCE, excess, seconds=outcome.seconds, exit_code=outcome.exit_code)
    own = sum(timeline.seconds(section) for section in stage.own)
    timing = None if stage.timing is None else stage.timing(inputs, facts, outcome)
    worked = timeline.seconds(stage.timed) + getattr(facts, "seconds_before", 0.0)
    found = Result(Status.OK, None, facts, outcome.seconds, own, worked, timing, exit_code=outcome.exit_code)
    return replace(found, committed=_committed(stage, inputs, timeline), effort=_effort(stage, facts, outcome))


def _committed(stage: Stage[Any], inputs: object, timeline: Timeline) -> str:
    """The digest of what a stage committed to lap by lap, as far as it is held to it afterwards; "": to nothing."""
    if stage.telling is None and stage.kept_laps is None:
        return ""
    digests = timeline.sections[stage.timed][0].digests
    return chained(digests if stage.kept_laps is None else digests[: stage.kept_laps(inputs)])


def _effort(stage: Stage[Any], facts: Any, outcome: Outcome) -> Effort:
    """What a stage's processes took; of an earlier one that was killed, what it says itself."""
    timeline = outcome.timeline
    named = [timeline.cpu(section) for section in (*stage.before, stage.timed)]
    known = [cpu for cpu in named if cpu is not None]
    beside = max(0.0, outcome.cpu - sum(known)) if outcome.cpu is not None and len(known) == len(named) else None
    cpu = None if outcome.cpu is None else outcome.cpu + getattr(facts, "cpu_before", 0.0)
    seconds = max(0.0, outcome.seconds - outcome.waited) + getattr(facts, "seconds_before", 0.0)
    return Effort(cpu, seconds, beside, outcome.hides_children)


def _fault(
    stage: Stage[Any], inputs: object, outcome: Outcome, folder: Path, missing: Sequence[str]
) -> tuple[Status, str] | None:
    if missing:
        return Status.NO_EVIDENCE, f"{stage.name} said that it was done and left no {', '.join(missing)}"
    if stage.timed and not outcome.timeline.ran_once(stage.timed):
        words = f"{stage.name} said that it was done, and its work did not begin and end once on the clock"
        return Status.NO_EVIDENCE, words
    laps = len(outcome.timeline.laps(stage.timed))
    scored = sum(place < laps for place in outcome.places)
    if stage.pace is not None and scored != (wanted := stage.pace(inputs).scored):
        return Status.NO_EVIDENCE, f"{stage.name} did {scored} scored batches on the clock, expected {wanted}"
    words_of_file = stage.fault(folder)
    return None if words_of_file is None else (Status.INVALID_EVIDENCE, plain(words_of_file))
