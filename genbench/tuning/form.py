"""The plans of a tuning: its trials on the valid split, and the same models at several training budgets."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from genbench.errors import GenbenchError
from genbench.protocol.stages.fit import FIT
from genbench.protocol.task import SAMPLES, Asked
from genbench.protocol.trial import Trial
from genbench.records.kinds import Axis, Direction
from genbench.records.record import TUNING
from genbench.runs.plan import Plan, full_name

OF_DENSITY = ("audit", "stream", "verify", "density")  # stages that a criterion of samples alone does not need


@dataclass(frozen=True)
class Criterion:
    """What decides.

    Args:
        score: its full name.
        title: as a column has it.
        direction: which way is better.
        task: whose candidates it is a score of.
        of_density: whether the density has to be asked for it.
    """

    score: str
    title: str
    direction: Direction
    task: str
    of_density: bool


def criterion_of(plan: Plan) -> Criterion:
    """What a suite chooses settings by.

    Raises:
        GenbenchError: it says nothing of that, names no metric, or asks for no samples.
    """
    suite = plan.suite
    if suite.tune is None:
        words = 'so nothing says what is better; write one, with criterion = "fd", say'
        raise GenbenchError(f"suite {suite.name} has no [tune] table, {words}")
    score = full_name(suite.tune.criterion, suite, plan.catalogue)
    task = next((asked.name for asked in plan.asked if asked.listing.needs == SAMPLES), None)
    if task is None:
        raise GenbenchError(f"suite {suite.name} asks for no samples, by which settings are chosen; take another suite")
    metric = plan.catalogue.metric(score.partition("@")[0]).listing
    if metric.axis in (Axis.SPEED, Axis.COST):
        words = f"{score} is a score of {metric.axis.value}, which any model that has learnt nothing wins"
        raise GenbenchError(f"suite {suite.name}: [tune] criterion is a score of samples or of a density; {words}")
    return Criterion(score, metric.title, metric.direction, task, metric.axis is Axis.DENSITY)


def tuning_plan(plan: Plan, criterion: Criterion, trials: Iterable[Trial]) -> Plan:
    """The trials of settings: no test row and no held one is read, and nothing is timed longer than it takes.

    With the budget of a fit its limit shrinks: what could not be fitted under the suite is not chosen.
    """
    suite = plan.suite
    images = min((suite.tune.images if suite.tune else None) or suite.images, suite.images)
    title = f"{suite.title or suite.name} (tuning, on the valid split)"
    named = replace(suite, name=f"{suite.name}{TUNING}", title=title)
    return _plan(replace(plan, suite=named, watched=True), criterion, images, trials)


def budget_plan(plan: Plan, criterion: Criterion, images: int, trials: Iterable[Trial]) -> Plan:
    """The same models at another training budget, on the test split."""
    suite = plan.suite
    title = f"{suite.title or suite.name} ({images:,} training images)"
    return _plan(
        replace(plan, suite=replace(suite, name=f"{suite.name}{TUNING}-{images}", title=title)),
        criterion,
        images,
        trials,
    )


def _plan(plan: Plan, criterion: Criterion, images: int, trials: Iterable[Trial]) -> Plan:
    asked = _asked(next(asked for asked in plan.asked if asked.name == criterion.task), criterion)
    share = images / plan.suite.images
    suite = replace(
        plan.suite,
        images=images,
        tasks={asked.name: asked.terms},
        latency_seconds=0.0,
        run_seconds=0.0,
        limits={**plan.suite.limits, FIT.name: plan.suite.limit(FIT.name) * share},
        typical={stage: s * (share if stage == "fit" else 1) for stage, s in plan.suite.typical.items()},
    )
    return replace(plan, suite=suite, asked=(asked,), trials=tuple({trial.slug: trial for trial in trials}.values()))


def _asked(asked: Asked, criterion: Criterion) -> Asked:
    """The task with the criterion and its axes alone, and without the stages that those do not need."""
    scores = tuple(dict.fromkeys((criterion.score, *asked.terms.axes.values())))
    needed = tuple(s for s in asked.listing.stages if criterion.of_density or s not in OF_DENSITY)
    return replace(asked, terms=replace(asked.terms, scores=scores), listing=replace(asked.listing, stages=needed))
