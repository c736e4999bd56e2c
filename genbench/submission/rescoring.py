"""Rescoring: the steps that trusted code does are done again, from what the others left, by what conducts a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genbench.catalogue import Catalogue
from genbench.contracts.executor import Workplace
from genbench.execution.local import LocalExecutor
from genbench.execution.supervisor import Supervisor
from genbench.files.signatures import NOBODY, Keys
from genbench.protocol.stages import steps_of
from genbench.protocol.stages.fit import EVERYTHING
from genbench.protocol.stages.services import LaidData
from genbench.protocol.stages.stage import Ground
from genbench.protocol.trial import Trial
from genbench.records.record import Record
from genbench.runs.conductor import Conductor
from genbench.runs.preparation import data_inputs, laid_down, posed, probed
from genbench.runs.schedule import Schedule
from genbench.submission.bundle import EVIDENCE, Bundle
from genbench.submission.evidence import Left
from genbench.submission.terms import Terms

EXAMS = "posed"  # in the copy of a bundle


@dataclass(frozen=True)
class Sources:
    """Where a maintainer has what verifying needs.

    Args:
        suite: its name or file; "": the suite is installed under the bundle's name for it.
        data_root: copies of datasets; "": the cache.
        weights: NAME=FILE of extractors whose weights are not in the cache.
        keys: those whose owners he knows.
        rerun: whether the models are trained and drawn from again, by the plugins that are installed here.
    """

    suite: str = ""
    data_root: str = ""
    weights: Sequence[str] = ()
    keys: Keys = NOBODY
    rerun: bool = False


def data_of(terms: Terms, catalogue: Catalogue, sources: Sources, supervisor: Supervisor) -> LaidData:
    """The suite's data and the weights of its extractors, as this installation has them.

    Raises:
        GenbenchError: they are not here; says how to get them.
    """
    suite = terms.suite
    further = [score.partition("@")[2] for own in suite.tasks.values() for score in own.scores]
    inputs = data_inputs(
        suite.dataset, suite.extractor, catalogue.part_plugins, sources.data_root, sources.weights, further
    )
    return laid_down(inputs, supervisor)


def ground_of(
    terms: Terms, data: LaidData, catalogue: Catalogue, device: str, folder: Path, supervisor: Supervisor
) -> Ground:
    """What scoring stands on here; exams and secrets are still to come.

    Args:
        device: where features are computed.
        folder: the bundle's own copy.
    """
    probe = probed(device, "auto", supervisor)
    return Ground(terms.suite, terms.asked, data, probe, tuple(catalogue.part_plugins), folder / EVIDENCE)


def with_exams(ground: Ground, bundle: Bundle, folder: Path, supervisor: Supervisor) -> Ground:
    """The ground with the questions that the bundle's candidates were asked, drawn again."""
    rows = ground.rows(*EVERYTHING)
    exams = {
        asked.name: posed(asked, rows, folder / EXAMS, bundle.exams[asked.name], supervisor)
        for asked in ground.asked
        if asked.name in bundle.exams
    }
    return replace(ground, exams={name: exam for name, exam in exams.items() if exam is not None})


def rescored(
    trials: Sequence[Trial], ground: Ground, left: Mapping[str, Left], supervisor: Supervisor
) -> dict[str, Record]:
    """The record of each trial as it comes out here, by its slug.

    Args:
        left: by slug.
    """
    steps = [step for trial in trials for step in steps_of(trial, ground.asked) if step.name in left[trial.slug].again]
    for trial in trials:
        (ground.root / trial.slug).mkdir(parents=True, exist_ok=True)
    executor = LocalExecutor(Workplace(1, ground.root.parent / ".jobs", supervisor.run, lambda *_: None))
    known = {slug: own.known for slug, own in left.items()}
    found: dict[str, Record] = {}
    conductor = Conductor(ground, executor, "force", lambda step, result: None, lambda record: None, known=known)
    try:
        conductor.conduct(tuple(trials), Schedule(steps, 1), steps)
    finally:
        executor.close()
    by_trial = {(record.model.reference, record.seed): record for record in conductor.records}
    for trial in trials:
        found[trial.slug] = by_trial[trial.reference, trial.seed]
    return found
