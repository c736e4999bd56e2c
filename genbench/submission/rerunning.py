"""Rerunning: a bundle's models trained and drawn from again, as a run does it, and held against what was submitted.

With the record's own secret and seeds all is drawn as it was. On the same machine, from a model that repeats itself,
the scores are the same to the bit. Elsewhere training goes another way, and another run of the same model comes out: it
has to lie as near as the bundle's seeds lie to each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import stdev

from genbench.catalogue import Catalogue
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.protocol.stages import steps_of
from genbench.protocol.stages.stage import Ground
from genbench.protocol.trial import Trial, chosen
from genbench.records.kinds import Axis
from genbench.records.record import Candidate, Record
from genbench.records.score import ScoreRecord
from genbench.submission.bundle import EVIDENCE, RECORDS
from genbench.submission.evidence import Left
from genbench.submission.finding import Check, Finding, noted, refused
from genbench.submission.reading import Bundled
from genbench.submission.rescoring import EXAMS, rescored

RERUN = "rerun"  # in the copy of a bundle
SPREADS = 4 * sqrt(2)  # standard deviations over seeds, of a difference of two runs: chosen, not measured
ENOUGH = 3  # seeds that have a spread
NEAR, FLOOR = 0.25, 0.05  # of the larger value, and beside it, where there are fewer: chosen likewise
OF_CLOCKS = (Axis.SPEED, Axis.COST)
TIED = 1.25  # times another speed


def trials_again(records: Sequence[Bundled], catalogue: Catalogue) -> tuple[dict[str, Trial], list[Finding]]:
    """What can be run again, by slug, and what cannot, with the reason; controls and samples alone are left out."""
    found: dict[str, Trial] = {}
    faults = []
    for own in records:
        model = own.record.model
        if model.control is not None or model.samples_only:
            continue
        try:
            entry, settings = chosen(model.reference, catalogue)
        except GenbenchError as error:
            faults.append(refused(Check.RERUN, f"{own.trial} cannot be run again here: {error}"))
            continue
        trial = Trial(entry, settings, own.record.seed)
        if entry.plugin.code != model.code:
            words = f"its code was {model.code[:12]}…, and {entry.plugin.code[:12]}… is installed; install that version"
            faults.append(refused(Check.RERUN, f"{own.trial} cannot be run again here: {words}"))
        elif trial.slug != own.slug:
            faults.append(refused(Check.RERUN, f"{own.trial} is {trial.slug} here, and {own.slug} in the bundle"))
        else:
            found[own.slug] = trial
    return found, faults


def run_again(
    trials: Mapping[str, Trial], ground: Ground, folder: Path, hides: Sequence[str], supervisor: Supervisor
) -> dict[str, Record]:
    """The record of each trial as it comes out, by slug: its plugin is confined as in any run.

    Args:
        ground: with exams and the records' secrets.
        folder: the bundle's own copy, of which the plugin sees nothing.
        hides: what else it may not open.
    """
    hidden = (*hides, *(str((folder / name).absolute()) for name in (EVIDENCE, RECORDS, EXAMS)))
    own = replace(ground, root=folder / RERUN, hides=hidden)
    left = {slug: Left({}, tuple(step.name for step in steps_of(trial, own.asked))) for slug, trial in trials.items()}
    return rescored(list(trials.values()), own, left, supervisor)


def rerun_findings(records: Sequence[Bundled], again: Mapping[str, Record]) -> list[Finding]:
    """How far what came out agrees with what was submitted."""
    return [finding for own in records if own.slug in again for finding in _of_one(own, again[own.slug], records)]


def _of_one(own: Bundled, again: Record, records: Sequence[Bundled]) -> Iterator[Finding]:
    exact = True
    here = {(one.task, one.sampler): one for one in again.candidates}
    for said in (candidate for candidate in own.record.candidates if candidate.ok):
        who = f"{own.trial}, {said.task} {said.sampler}".rstrip()
        other = here.get((said.task, said.sampler))
        if other is None or not other.ok:
            ended = "nothing" if other is None else f"{other.status.value} ({other.reason})"
            yield refused(Check.RERUN, f"{who}: the record says ok, and the rerun gave {ended}")
            return
        for words in (*_gates(said, other), *_scores(own, said, other, records)):
            yield refused(Check.RERUN, f"{who}: {words}")
        exact &= all(score.value == other.scores[name].value for name, score in _judged(said) if name in other.scores)
        yield from (noted(Check.RERUN, f"{who}: {words}") for words in _speeds(said, other))
    yield noted(Check.RERUN, f"{own.trial}: run again, {'the same to the bit' if exact else 'as near as another seed'}")


def _judged(candidate: Candidate) -> Iterator[tuple[str, ScoreRecord]]:
    return ((name, score) for name, score in candidate.scores.items() if score.axis not in OF_CLOCKS)


def _gates(said: Candidate, other: Candidate) -> Iterator[str]:
    for gate in ("memorisation", "audits"):
        before, after = (getattr(one, gate) for one in (said, other))
        if (before and before.status) != (after and after.status):
            states = [one.status.value if one else "nothing" for one in (before, after)]
            yield f"{gate}: the record says {states[0]}, and the rerun gave {states[1]}"


def _scores(own: Bundled, said: Candidate, other: Candidate, records: Sequence[Bundled]) -> Iterator[str]:
    for name, score in _judged(said):
        if name not in other.scores:
            yield f"{name}: the record has it, and the rerun does not"
            continue
        value, here = score.value, other.scores[name].value
        spread = _spread(own, said, name, records)
        few = NEAR * max(abs(value), abs(here)) + FLOOR
        allowed = few if spread is None else max(SPREADS * spread, FLOOR * max(abs(value), abs(here)))
        if abs(value - here) > allowed:
            yield f"{name}: recorded {value:.6g}, run again {here:.6g}; expected a difference of {allowed:.3g} at most"


def _spread(own: Bundled, said: Candidate, name: str, records: Sequence[Bundled]) -> float | None:
    """The standard deviation of a score over the bundle's seeds of a candidate; None of too few."""
    values = [
        one.scores[name].value
        for other in records
        if other.record.model.reference == own.record.model.reference
        for one in other.record.candidates
        if (one.task, one.sampler) == (said.task, said.sampler) and name in one.scores
    ]
    return stdev(values) if len(values) >= ENOUGH else None


def _speeds(said: Candidate, other: Candidate) -> Iterator[str]:
    for name, score in said.scores.items():
        here = other.scores.get(name)
        if score.axis is Axis.SPEED and here and min(score.value, here.value) > 0:
            factor = max(score.value, here.value) / min(score.value, here.value)
            if factor > TIED:
                yield f"{name}: recorded {score.value:.4g}, {here.value:.4g} here"
