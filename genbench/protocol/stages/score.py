"""The `score` stage: a clean process scores what the candidates of a trial left in one task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from genbench.catalogue.plugins import Plugin
from genbench.files.codec import Meta
from genbench.protocol.inputs import Kept, PartChoice, SplitFiles
from genbench.protocol.stages import evidence_step
from genbench.protocol.stages.audit import AUDIT, AUDIT_FILE, AuditFacts
from genbench.protocol.stages.density import DENSITY, NATS
from genbench.protocol.stages.fit import EVERYTHING, FIT
from genbench.protocol.stages.sample import DRAWN, SAMPLE
from genbench.protocol.stages.stage import Given, Lacking, Stage, Step
from genbench.protocol.stages.stream import BY_ENTRY, STREAM
from genbench.protocol.stages.verify import LOG_WEIGHTS, VERIFY, VerifyFacts
from genbench.protocol.task import Answerer, Asked, answerers
from genbench.protocol.trial import Trial
from genbench.records.audits import AuditVerdict
from genbench.records.gates import CopyVerdict
from genbench.records.kinds import Likelihood
from genbench.records.record import Exhibit
from genbench.records.score import Missing, ScoreRecord
from genbench.records.status import Status
from genbench.records.timing import Timing
from genbench.scoring.audits.facts import HALVES, KEY, QUESTIONS
from genbench.store.stage_folder import Result


@dataclass(frozen=True)
class EntriesEvidence:
    """What a model said of test rows, entry by entry."""

    stream: tuple[Kept, ...]
    """The questions of both halves, and their key, which says which rows these are."""
    answers: Kept
    """What the model answered."""
    committed: str
    """The digest of what it committed to in the course of that, as the parent heard it."""


@dataclass(frozen=True)
class DensityEvidence:
    """What a candidate's density left."""

    stream: tuple[Kept, ...]
    """The questions of both halves, and their key; empty where there is none."""
    nats: tuple[Kept, ...]
    """Of both halves; empty where a stage failed."""
    kinds: tuple[Likelihood, ...]
    """What the model said in these stages that they are."""
    audit: Kept | None
    """What the audits judge; null where the stage failed."""
    audit_facts: AuditFacts | None
    """Likewise."""
    unaudited: str = ""
    """Why there is no audit."""
    entries: EntriesEvidence | None = None
    """What it said entry by entry; null where it did not."""
    unverified: str = ""
    """Why it was not asked, or did not answer."""


@dataclass(frozen=True)
class RunEvidence:
    """What the first batches of a timed run drew."""

    rows: Kept
    """Of each, scored or not."""
    committed: str
    """The digest of what it committed to in the course of that, as the parent heard it."""


@dataclass(frozen=True)
class CandidateEvidence:
    """What the scorer is told of one candidate."""

    sampler: str
    """The sampler, or the solver."""
    answers: Kept
    """Its samples, or its answers."""
    timing: Timing | None
    """The clock of its run; null where there was none: there are samples alone, without labels."""
    parameters: Annotated[int, Meta(ge=0)] | None
    """Of the model; null likewise."""
    fit_seconds: float | None
    """Wall seconds of the fit, those of an earlier process that was killed included; null likewise."""
    density: DensityEvidence | None = None
    """Null where the model is no Density of this sampler."""
    run: RunEvidence | None = None
    """Null where it answers questions."""
    entries: EntriesEvidence | None = None
    """Null where no solver makes its answers of the law of each entry, or its model was not asked for that."""


@dataclass(frozen=True)
class ScoreInputs:
    """What the scorer is given."""

    parts: tuple[Plugin, ...]
    """The part plugins."""
    data: SplitFiles
    """All of it."""
    device: str
    """Where features are computed."""
    task: PartChoice
    """What was asked."""
    asked: str
    """The suite's name for it."""
    count: int
    """Questions."""
    scores: tuple[str, ...]
    """Names, in order."""
    extractor: str
    """Of the gate."""
    weights: Mapping[str, Kept]
    """Extractor → its weights file."""
    shows_held: bool
    """Whether the model is a control of the harness, which may show rows that no plugin sees."""
    candidates: tuple[CandidateEvidence, ...]
    """Those that left something to score."""
    questions: Kept | None = None
    """Of the exam; null where the task poses none."""
    key: Kept | None = None
    """What only the scorer reads."""


@dataclass(frozen=True)
class CandidateScores:
    """What the scorer found of one candidate."""

    sampler: str
    """The sampler, or the solver."""
    status: Status
    """OK, or INVALID_EVIDENCE."""
    reason: str | None = None
    """Why, in words."""
    scores: Mapping[str, ScoreRecord] = field(default_factory=dict)
    """By name."""
    missing: Mapping[str, Missing] = field(default_factory=dict)
    """Those that are not there."""
    memorisation: CopyVerdict | None = None
    """Of the gate against copies; null where the task has none."""
    audits: AuditVerdict | None = None
    """Of its density; null where it has none."""
    barred: Mapping[str, str] = field(default_factory=dict)
    """Further gates that it did not pass → why."""
    exhibits: Mapping[str, Exhibit] = field(default_factory=dict)
    """Name → base64 PNG."""


@dataclass(frozen=True)
class ScoreFacts:
    """What the scorer reports."""

    candidates: tuple[CandidateScores, ...]
    """In the order of its inputs."""
    damaged: tuple[str, ...] = ()
    """Cached files that were not as they were written, in words."""


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    return [Step(SCORE, trial, asked.name, asked=asked) for asked in tasks if answerers(trial, asked)]


def _inputs(given: Given) -> ScoreInputs:
    asked, ground = given.step.asked, given.ground
    if asked is None:
        raise ValueError("a score without a task")
    given.ended(FIT)
    candidates = [_evidence(given, answerer) for answerer in answerers(given.trial, asked)]
    found = tuple(candidate for candidate in candidates if candidate is not None)
    if not found:
        raise Lacking("nothing was left to score")
    exam = ground.exams.get(asked.name)
    return ScoreInputs(
        ground.parts,
        ground.rows(*EVERYTHING),
        ground.probe.machine.device,
        asked.choice,
        asked.name,
        asked.terms.count,
        asked.terms.scores,
        given.suite.extractor,
        dict(ground.data.weights),
        given.trial.listing.control is not None,
        found,
        None if exam is None else exam.questions,
        None if exam is None else exam.key,
    )


def _evidence(given: Given, answerer: Answerer) -> CandidateEvidence | None:
    step = evidence_step(given.trial, answerer)
    result, fit = given.results.get(step.name), given.ended(FIT)
    if result is None or not result.ok or result.timing is None or fit.facts is None:
        return None
    answers = given.kept(step.stage, step.label, step.stage.evidence)
    density = _density(given) if answerer.sampler == given.trial.listing.described_sampler != "" else None
    run = None
    if step.stage.kept_laps is not None:
        run = RunEvidence(given.kept(SAMPLE, step.label, DRAWN), result.committed)
    by_entry = answerer.solver is not None and BY_ENTRY in answerer.solver.lifts
    entries = _entries(given) if by_entry else None
    return CandidateEvidence(
        answerer.sampler, answers, result.timing, fit.facts.parameters, fit.worked, density, run, entries
    )


def _density(given: Given) -> DensityEvidence | None:
    """What the density and the audit of a trial left; None where its task asks for none."""
    stream, audit = given.result(STREAM), given.result(AUDIT)
    halves = [given.result(DENSITY, half) for half in HALVES]
    if audit is None or None in halves:
        return None
    asked = stream is not None and stream.ok
    said = all(half is not None and half.ok for half in halves)
    entries = _entries(given)
    return DensityEvidence(
        _stream(given) if asked else (),
        tuple(given.kept(DENSITY, half, NATS) for half in HALVES) if said else (),
        tuple(half.facts.likelihood for half in halves if half is not None and half.facts),
        given.kept(AUDIT, "", AUDIT_FILE) if audit.ok else None,
        audit.facts,
        "" if audit.ok else f"audit {audit.status.value}: {audit.reason}",
        entries,
        "" if entries is not None else _unverified(given.result(VERIFY)),
    )


def _entries(given: Given) -> EntriesEvidence | None:
    """What a trial's model said entry by entry; None where it did not."""
    verify = given.result(VERIFY)
    if verify is None or not verify.ok:
        return None
    return EntriesEvidence(_stream(given), given.kept(VERIFY, "", LOG_WEIGHTS), verify.committed)


def _stream(given: Given) -> tuple[Kept, ...]:
    return tuple(given.kept(STREAM, "", name) for name in (*QUESTIONS.values(), KEY))


def _unverified(verify: Result[VerifyFacts] | None) -> str:
    if verify is None:
        return "the model does not say the law of one entry given those before it"
    return verify.reason or verify.status.value


SCORE = Stage(
    name="score",
    runs="genbench.workers.trusted.score:score",
    steps=_steps,
    inputs=_inputs,
    facts=ScoreFacts,
    outputs=(),
    timed="score",
    own=("score",),
    share=1.0,
    after=(FIT.name, "sample", AUDIT.name, "answer", VERIFY.name, DENSITY.name),
    within_task=True,
    across_tasks=(VERIFY.name,),
    trusted=True,
)
