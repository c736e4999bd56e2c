"""Samples: the record of a candidate without a model, scored as a run scores what its own candidates drew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from genbench.catalogue import Catalogue
from genbench.catalogue.plugins import Plugin
from genbench.errors import GenbenchError, unknown
from genbench.execution.supervisor import Supervisor
from genbench.protocol.inputs import Kept, SplitFiles
from genbench.protocol.stages.fit import EVERYTHING
from genbench.protocol.stages.score import SCORE, CandidateEvidence, CandidateScores, ScoreFacts, ScoreInputs
from genbench.protocol.stages.services import LaidData, Probe
from genbench.protocol.suite import Suite
from genbench.protocol.task import SAMPLES, Asked
from genbench.records.record import FORMAT, Candidate, ModelFacts, Record, StageFacts
from genbench.records.score import Missing, MissingKind, not_applicable
from genbench.records.status import Status
from genbench.runs.options import Options
from genbench.runs.plan import asked_of, find_suite
from genbench.runs.preparation import data_inputs, laid_down, prepared, probed

WORDS = "samples only"  # before the reason of a score that they cannot give
DESCRIPTION = "Samples that somebody brought; no model was run here."


@dataclass(frozen=True)
class Terms:
    """A board that samples may stand on."""

    suite: Suite
    """Whose board it is."""
    asked: Asked
    """The task, whose answers are samples."""
    parts: tuple[Plugin, ...]
    """The part plugins."""

    def check(self, count: int) -> None:
        """Refuse another number of samples than the board's candidates have.

        Raises:
            GenbenchError: it is another one.
        """
        wanted = self.asked.terms.count
        if count != wanted:
            board = f"board {self.suite.name}/{self.asked.name}"
            raise GenbenchError(f"{board} is of {wanted:,} samples a candidate, got {count:,}; bring as many")


@dataclass(frozen=True)
class Place:
    """Where samples are scored: a board's data, and this machine."""

    terms: Terms
    """The board."""
    data: LaidData
    """The suite's data."""
    probe: Probe
    """This machine."""


@dataclass(frozen=True)
class Brought:
    """Samples that somebody brought."""

    name: str
    """The candidate's."""
    seed: int
    """Of the training that they came from, as whoever brought them says."""
    file: Kept
    """Them, as the scorer reads them."""
    sha256: str
    """Of their rows: shape, dtype and bytes."""


def terms_of(options: Options, task: str, catalogue: Catalogue) -> Terms:
    """The board of a suite's task; by default of its first one whose answers are samples.

    Raises:
        GenbenchError: no such suite or task, or one whose answers are none.
    """
    suite = find_suite(options.suite, catalogue).suite
    known = {asked.name: asked for asked in asked_of(suite, catalogue)}
    if task and task not in known:
        raise unknown("task", task, known)
    drawn = [name for name, asked in known.items() if asked.listing.needs == SAMPLES]
    if not drawn or (task and task not in drawn):
        fitting = f"take {' or '.join(drawn)}" if drawn else "take another suite"
        raise GenbenchError(f"{task or suite.name} asks questions, which samples do not answer; {fitting}")
    return Terms(suite, known[task or drawn[0]], tuple(catalogue.part_plugins))


def place_of(terms: Terms, options: Options, supervisor: Supervisor) -> Place:
    """The data and the machine.

    Raises:
        GenbenchError: the data, or the weights of the suite's extractor, are not there.
    """
    suite, root, given = terms.suite, options.data_root, options.extractor_weights
    further = [score.partition("@")[2] for score in terms.asked.terms.scores]
    data = laid_down(data_inputs(suite.dataset, suite.extractor, terms.parts, root, given, further), supervisor)
    return Place(terms, data, probed(options.device, options.isolation, supervisor))


def recorded(brought: Brought, place: Place, supervisor: Supervisor) -> Record:
    """The record of samples, scored in a process of its own by what scores a run's candidates.

    Raises:
        GenbenchError: they are not what the board's task asks for.
    """
    inputs = _inputs(brought, place)
    facts = prepared(SCORE.name, SCORE.runs, inputs, ScoreFacts, supervisor, place.terms.suite.threads)
    (found,) = facts.candidates
    if found.status is not Status.OK:
        raise GenbenchError(f"these samples cannot stand on the board: {found.reason}")
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    suite, asked, data = place.terms.suite, place.terms.asked, place.data
    return Record(
        format=FORMAT,
        protocol=suite.protocol(data.facts.sha256),
        suite=suite.terms,
        dataset=data.facts,
        model=_model(brought.name),
        seed=brought.seed,
        machine=place.probe.threaded(suite.threads),
        stages={f"{SCORE.name}/{asked.name}": StageFacts(Status.OK, measured=now)},
        candidates=(_candidate(brought, asked.name, found),),
        finished=now,
    )


def _inputs(brought: Brought, place: Place) -> ScoreInputs:
    terms, data = place.terms, place.data
    return ScoreInputs(
        parts=terms.parts,
        data=SplitFiles(data.path, data.facts.sha256, EVERYTHING),
        device=place.probe.machine.device,
        task=terms.asked.choice,
        asked=terms.asked.name,
        count=terms.asked.terms.count,
        scores=terms.asked.terms.scores,
        extractor=terms.suite.extractor,
        weights=dict(data.weights),
        shows_held=False,
        candidates=(CandidateEvidence("", brought.file, None, None, None),),
    )


def _model(name: str) -> ModelFacts:
    return ModelFacts(
        name=name,
        reference=name,
        family=None,
        source="",
        description=DESCRIPTION,
        capabilities=(),
        settings={},
        distribution="",
        version="",
        code="",
        samples_only=True,
    )


def _candidate(brought: Brought, task: str, found: CandidateScores) -> Candidate:
    return Candidate(
        task=task,
        name=brought.name,
        sampler="",
        status=Status.OK,
        scores=found.scores,
        missing=_explained(found.missing),
        evidence={"samples": brought.sha256},
        memorisation=found.memorisation,
        barred=found.barred,
        exhibits=found.exhibits,
    )


def _explained(missing: Mapping[str, Missing]) -> dict[str, Missing]:
    """Why scores are not there; of those that samples alone cannot give, that there are only samples."""
    return {
        name: not_applicable(f"{WORDS}: {own.reason}") if own.kind is MissingKind.NOT_APPLICABLE else own
        for name, own in missing.items()
    }
