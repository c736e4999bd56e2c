"""Plan: a suite and a choice of models become trials, and a trial becomes steps; nothing has run yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from genbench.catalogue import Catalogue
from genbench.contracts.settings import split_reference
from genbench.errors import GenbenchError
from genbench.protocol import suite_file as suites
from genbench.protocol.stages import stages_of, steps_of
from genbench.protocol.stages.stage import Step
from genbench.protocol.suite import Suite
from genbench.protocol.suite_file import SuiteFile
from genbench.protocol.task import Asked, answerers, asked_in
from genbench.protocol.trial import Trial, chosen
from genbench.records.kinds import Axis
from genbench.records.record import TaskTerms

DEFAULT_SUITE = "digits"
MOST = 10_000  # trials of a run
NO_MODEL = "pip install ./plugins/*/, or --plugin FILE"
SECOND = "pixels"  # the extractor that no published suite names as its own: who was tuned to the first meets it unasked
SECOND_LOOK = (Axis.QUALITY, Axis.COVERAGE)  # axes whose scores it gives too


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Args:
        suite: the protocol, its score names completed.
        asked: its tasks.
        trials: in the order in which they are run.
        notes: what the suite's author should write anew, one line each.
        watched: whether valid stands in the places of test and held, of which nothing is read.
    """

    suite: Suite
    asked: tuple[Asked, ...]
    catalogue: Catalogue
    trials: tuple[Trial, ...]
    notes: tuple[str, ...] = ()
    watched: bool = False

    @cached_property
    def steps(self) -> list[Step]:
        """All steps, trial by trial, each after those that it waits for."""
        return [step for trial in self.trials for step in steps_of(trial, self.asked)]


def find_suite(name: str, catalogue: Catalogue) -> SuiteFile:
    """The suite of that name, or of that TOML file, with its score names completed and checked.

    Raises:
        GenbenchError: no such suite, a fault in its file, or a part that it names is not there.
    """
    path = Path(name) if name.endswith(".toml") else Path(catalogue.suite(name).listing.path)
    found = suites.read(path)
    suite = replace(found.suite, dataset=catalogue.placed(found.suite.dataset, path.parent))
    catalogue.extractor(suite.extractor)
    tasks = {task: _completed(terms, suite, catalogue) for task, terms in suite.tasks.items()}
    return replace(found, suite=replace(suite, tasks=tasks))


def _completed(terms: TaskTerms, suite: Suite, catalogue: Catalogue) -> TaskTerms:
    """The terms with every score's full name, and the axes' scores of features by the second extractor as well."""
    scores = [full_name(score, suite, catalogue) for score in terms.scores]
    axes = {axis: full_name(score, suite, catalogue) for axis, score in terms.axes.items()}
    named = [score.partition("@")[0] for score in axes.values() if "@" in score]
    scores += [f"{name}@{SECOND}" for name in named if catalogue.metric(name).listing.axis in SECOND_LOOK]
    return replace(terms, scores=tuple(dict.fromkeys(scores)), axes=axes)


def full_name(score: str, suite: Suite, catalogue: Catalogue) -> str:
    """`fd` → `fd@digits-net`; a metric that uses no features takes no extractor.

    Raises:
        GenbenchError: no such metric or extractor, or an extractor for a metric that uses no features.
    """
    name, at, extractor = score.partition("@")
    metric = catalogue.metric(name)
    if not metric.listing.uses_features:
        if at:
            raise GenbenchError(f"suite {suite.name}: {name} uses no features, so {score} makes no sense; write {name}")
        return name
    return f"{name}@{catalogue.extractor(extractor or suite.extractor).name}"


def asked_of(suite: Suite, catalogue: Catalogue) -> tuple[Asked, ...]:
    """The tasks of a suite.

    Raises:
        GenbenchError: no such task or solver, a wrong setting or axis, or two tasks that ask for one stage.
    """
    tasks = tuple(asked_in(name, terms, catalogue) for name, terms in suite.tasks.items())
    stages = stages_of(tasks)
    for stage in stages:
        asking = [asked.name for asked in tasks if stage.name in asked.listing.stages]
        if stage.sole and len(asking) > 1:
            raise GenbenchError(
                f"suite {suite.name}: {' and '.join(asking)} both ask for the stage {stage.name}, of which a trial has "
                f"one; keep one of them"
            )
    known = sorted(stage.name for stage in stages)
    for name in (*suite.limits, *suite.typical):
        if name not in known:
            raise GenbenchError(
                f"suite {suite.name}: [limits] and [typical] name stages of its tasks ({', '.join(known)}), "
                f"got {name!r}"
            )
    return tasks


def form_of(suite: Suite, catalogue: Catalogue, quick: bool = False, tasks: Sequence[str] = ()) -> Suite:
    """The suite as a run asks it: some of its tasks, with the limits of those stages alone that these list.

    Args:
        quick: its quick form.
        tasks: names of those; none named: its default ones; "all": all of them.
    Raises:
        GenbenchError: the suite has no quick form or no such task, or a fault.
    """
    asked_of(suite, catalogue)  # its limits are read against all of its tasks
    form = (suite.quickened() if quick else suite).asking(tasks)
    own = tuple(asked_in(name, terms, catalogue) for name, terms in form.tasks.items())
    listed = {stage.name for stage in stages_of(own)}
    limits, typical = (
        {name: value for name, value in some.items() if name in listed} for some in (form.limits, form.typical)
    )
    return replace(form, limits=limits, typical=typical)


def core_of(suite: Suite, catalogue: Catalogue) -> tuple[str, ...]:
    """The models that a suite names as its core.

    Raises:
        GenbenchError: it names none, or one that is not installed.
    """
    if not suite.core:
        raise GenbenchError(f"suite {suite.name} names no core; say --all, or -m NAME once or more")
    known = catalogue.models
    if lacking := [text for text in suite.core if split_reference(text)[0] not in known]:
        words = f"{', '.join(lacking)} of the core of suite {suite.name}"
        raise GenbenchError(f"{words}: not installed ({NO_MODEL}); -m NAME runs what is (see genbench list models)")
    return suite.core


def planned(
    found: SuiteFile,
    catalogue: Catalogue,
    models: Sequence[str],
    everything: bool,
    seeds: int | None,
    first_seed: int = 0,
) -> Plan:
    """The trials of the chosen models under a suite, seed by seed; controls first, once each.

    Args:
        models: references such as `ddpm[steps=200]`.
        everything: take every discovered model as well.
        seeds: training seeds per model; None: the suite's.
        first_seed: of them.
    Raises:
        GenbenchError: no model is chosen, a reference is wrong, or there are more trials than any run could do.
    """
    suite = found.suite if seeds is None else replace(found.suite, seeds=seeds)
    asked = asked_of(suite, catalogue)
    entries = catalogue.models
    named = [chosen(text, catalogue) for text in models]
    if everything:
        named += [chosen(name, catalogue) for name in entries if name not in {entry.name for entry, _ in named}]
    if not named:
        raise GenbenchError("which models? --all, --core, or -m NAME once or more (see genbench list models)")
    contestants = [(entry, settings) for entry, settings in named if entry.listing.control is None]
    if everything and not contestants:
        raise GenbenchError(f"no model plugin is installed: {NO_MODEL} (see genbench list models)")
    if len(contestants) * suite.seeds > MOST:
        raise GenbenchError(
            f"{len(contestants)} models × {suite.seeds:,} seeds are more than {MOST:,} trials; choose fewer"
        )
    controls = [Trial(*chosen(name, catalogue), seed=0) for name, entry in entries.items() if entry.listing.control]
    trials = [trial for trial in controls if any(answerers(trial, task) for task in asked)]
    for seed in range(first_seed, first_seed + suite.seeds):
        trials += [Trial(entry, settings, seed) for entry, settings in contestants]
    return Plan(suite, asked, catalogue, tuple({trial.slug: trial for trial in trials}.values()), found.notes)
