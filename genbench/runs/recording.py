"""Recording: a trial's record, made of how its steps ended, and kept as it was where nothing has changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError
from genbench.protocol.stages import evidence_step
from genbench.protocol.stages.density import DENSITY
from genbench.protocol.stages.fit import FIT, FitFacts, curve_of
from genbench.protocol.stages.score import SCORE, CandidateScores, ScoreFacts
from genbench.protocol.stages.stage import CHECKPOINT, Ground
from genbench.protocol.stages.stream import STREAM
from genbench.protocol.task import Answerer, Asked, answerers, inability
from genbench.protocol.trial import Trial
from genbench.records.files import read, undated, write
from genbench.records.machine import Machine
from genbench.records.record import FORMAT, Candidate, ModelFacts, Record, StageFacts
from genbench.records.score import failed, not_applicable
from genbench.records.status import Status
from genbench.records.timing import told
from genbench.scoring.audits.facts import HALVES
from genbench.store.stage_folder import Result, log_tail

OF_DENSITY = "bits-per-dim"  # the score that is missing where a density failed
RECORD = "record.json"
AND = " and "  # between the names of several kinds of hardware
Results = Mapping[str, Result[Any]]


@dataclass(frozen=True)
class Recorded:
    """A trial's record, and what was damaged of the one that lay there; "" for nothing."""

    record: Record
    damage: str = ""


def recorded(trial: Trial, ground: Ground, results: Results) -> Recorded:
    """The record of a trial whose steps have all ended, written unless it lies there already.

    Args:
        results: by step name ("fit", "sample/ddim-25", "score/generate").
    """
    record = _record(trial, ground, results)
    path, damage = ground.root / trial.slug / RECORD, ""
    if path.exists():
        try:
            kept = read(path)
        except GenbenchError as error:
            damage = f"{error}; written again"
        else:
            record = _with_others(record, kept)
            if undated(kept) == undated(record):
                return Recorded(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    return Recorded(write(path, record), damage)


def _with_others(record: Record, kept: Record) -> Record:
    """The record with what an earlier run asked of the same fit under tasks that this one left out."""
    others = {task: terms for task, terms in kept.suite.tasks.items() if task not in record.suite.tasks}
    if not others or not _same_fit(record, kept):
        return record
    base = record if FIT.name in record.stages else kept
    names = sorted({name for own in (kept, base) for name in own.machine.device_name.split(AND)})
    return replace(
        base,
        suite=replace(
            record.suite,
            tasks={**kept.suite.tasks, **record.suite.tasks},
            limits={**kept.suite.limits, **record.suite.limits},
        ),
        stages={**kept.stages, **record.stages},
        candidates=(*record.candidates, *(one for one in kept.candidates if one.task in others)),
        machine=replace(base.machine, device_name=AND.join(names)),
    )


def _same_fit(record: Record, kept: Record) -> bool:
    """Whether two records of a trial are of one fit; a model that was asked nothing this time was not fitted again."""
    if (record.protocol, record.secret, record.model.code) != (kept.protocol, kept.secret, kept.model.code):
        return False
    if FIT.name not in record.stages:
        return True
    return (record.model, record.stages[FIT.name]) == (kept.model, kept.stages.get(FIT.name))


def _record(trial: Trial, ground: Ground, results: Results) -> Record:
    suite, folder = ground.suite, ground.root / trial.slug
    fit = results.get(FIT.name)
    return Record(
        format=FORMAT,
        protocol=suite.protocol(ground.data.facts.sha256),
        suite=suite.terms,
        dataset=ground.data.facts,
        model=_model(trial, fit, folder / FIT.name / CHECKPOINT),
        seed=trial.seed,
        machine=_machine(results, ground.probe.threaded(suite.threads)),
        stages={name: _stage(result) for name, result in results.items()},
        candidates=tuple(_candidates(trial, ground, results)),
        curve=curve_of(folder / FIT.name) if fit is not None and fit.ok else (),
        secret=ground.secrets[trial.slug],
        finished=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def _machine(results: Results, drove: Machine) -> Machine:
    """Where what was timed ran: the fit and the scored runs; hardware of several kinds is named with all its names."""
    timed = [result for name, result in results.items() if name == FIT.name or result.timing is not None]
    found = [result.machine or drove for result in timed if result.status is not Status.SKIPPED]
    names = sorted({machine.device_name for machine in found})
    return replace(found[-1], device_name=AND.join(names)) if found else drove


def _stage(result: Result[Any]) -> StageFacts:
    return StageFacts(result.status, result.reason, result.seconds, result.exit_code, result.measured)


def _model(trial: Trial, fit: Result[FitFacts] | None, checkpoint: Path) -> ModelFacts:
    listing, plugin = trial.listing, trial.model.plugin
    return ModelFacts(
        name=listing.name,
        reference=trial.reference,
        family=listing.family,
        source=listing.source,
        description=listing.description,
        capabilities=listing.capabilities,
        settings=dict(trial.settings),
        distribution=plugin.home,
        version=plugin.version,
        code=plugin.code,
        control=listing.control,
        parameters=fit.facts.parameters if fit is not None and fit.facts else None,
        images=fit.facts.images if fit is not None and fit.facts else None,
        checkpoint_bytes=checkpoint.stat().st_size if fit is not None and fit.ok and checkpoint.is_file() else None,
        fit=fit.effort if fit is not None else None,
        needs=listing.needs,
        pretrained_on=tuple(asset.trained_on for asset in listing.assets),
    )


def _candidates(trial: Trial, ground: Ground, results: Results) -> Iterator[Candidate]:
    folder = ground.root / trial.slug
    for asked in ground.asked:
        reason = inability(trial, asked)
        if reason is not None:
            yield Candidate(asked.name, trial.reference, "", Status.SKIPPED, reason=reason)
        for answerer in answerers(trial, asked):
            yield _candidate(trial, answerer, results, folder)


def _candidate(trial: Trial, answerer: Answerer, results: Results, folder: Path) -> Candidate:
    step = evidence_step(trial, answerer)
    scored = _scored(answerer, results)
    failure = _failure(step.name, answerer.asked, scored, results)
    ran = [results[name] for name in (FIT.name, step.name) if name in results]
    left = results.get(step.name)
    density = _density(results) if answerer.sampler == trial.listing.described_sampler != "" else None
    missing = dict(scored.missing) if scored else {}
    if density is not None and not density.ok and failure is None:
        lacking = not_applicable if density.status is Status.SKIPPED else failed
        missing[OF_DENSITY] = lacking(density.reason or density.status.value)
    name, ending = failure or ("", Result(Status.OK))
    return Candidate(
        task=answerer.asked.name,
        name=trial.candidate(answerer.sampler),
        sampler=answerer.sampler,
        status=ending.status,
        stage=name.partition("/")[0] or None,
        reason=ending.reason,
        exit_code=ending.exit_code,
        elapsed=sum(result.seconds for result in ran),
        log=log_tail(folder / name / "log.txt") if name else "",
        scores=scored.scores if scored else {},
        missing=missing,
        likelihood=density.facts.likelihood if density is not None and density.facts else None,
        evidence=dict(left.outputs) if left is not None else {},
        timing=told(left.timing) if left is not None and left.timing is not None else None,
        memorisation=scored.memorisation if scored else None,
        audits=scored.audits if scored else None,
        barred=scored.barred if scored else {},
        exhibits=scored.exhibits if scored else {},
    )


def _density(results: Results) -> Result[Any] | None:
    """How the density ended: the first of its steps that failed, else the first one."""
    found = [results[name] for name in (STREAM.name, *(f"{DENSITY.name}/{half}" for half in HALVES)) if name in results]
    failed = [result for result in found if not result.ok]
    return next(iter(failed or found[1:]), None)


def _failure(
    step: str, asked: Asked, scored: CandidateScores | None, results: Results
) -> tuple[str, Result[Any]] | None:
    """The first step of a candidate that failed, and how; None where none did."""
    score = f"{SCORE.name}/{asked.name}"
    for name in (FIT.name, step, score):
        if name not in results or not results[name].ok:
            return name, results.get(name, Result(Status.NO_EVIDENCE, "did not run"))
    if scored is None or scored.status is not Status.OK:
        words = Result[Any](Status.NO_EVIDENCE) if scored is None else Result[Any](scored.status, scored.reason)
        return score, words
    return None


def _scored(answerer: Answerer, results: Results) -> CandidateScores | None:
    score = results.get(f"{SCORE.name}/{answerer.asked.name}")
    facts: ScoreFacts | None = None if score is None else score.facts
    candidates = facts.candidates if facts is not None else ()
    return next((found for found in candidates if found.sampler == answerer.sampler), None)
