"""The tuner: trials of all models as one run, the choice, and the best beside the default under the suite itself."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.protocol.trial import Trial, chosen
from genbench.records import tuning as files
from genbench.records.tuning import AtBudget, TunedTrial, Tuning
from genbench.runs import session
from genbench.runs.finished import Finished
from genbench.runs.listener import RunListener
from genbench.runs.options import Options
from genbench.runs.plan import MOST, Plan
from genbench.tuning.form import Criterion, budget_plan, criterion_of, tuning_plan
from genbench.tuning.outcomes import by_seed, first_sampler, outcome
from genbench.tuning.search import Search, searches

FEWEST = 2  # trials: the defaults, and a draw


@dataclass(frozen=True)
class Terms:
    """How much is tried.

    Args:
        trials: of each model, the defaults among them.
        seed: of the draws.
        budgets: shares of the suite's training budget besides the whole of it; None: those that the suite names.
    Raises:
        GenbenchError: too few trials, or a share that is no positive number.
    """

    trials: int
    seed: int = 0
    budgets: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.trials < FEWEST:
            raise GenbenchError(
                f"--trials takes an integer from {FEWEST} on (the defaults and a draw), got {self.trials}"
            )
        for share in self.budgets or ():
            if not 0 < share < 1e6:
                raise GenbenchError(f"--budgets takes positive shares of the suite's images, got {share:g}")


@dataclass(frozen=True)
class Tuned:
    """A finished tuning.

    Args:
        tunings: one a model, in the order in which they were named.
        finished: the run of defaults and best configurations under the suite.
    """

    tunings: tuple[Tuning, ...]
    finished: Finished = field(repr=False)


@dataclass(frozen=True)
class Tuner:
    """Tunes the models that a run's options name.

    Args:
        plan: of their defaults under the suite.
        options: of the run.
        terms: how much is tried.
        supervisor: of the children.
        listening: gives a listener for each run.
    """

    plan: Plan
    options: Options
    terms: Terms
    supervisor: Supervisor
    listening: Callable[[], AbstractContextManager[RunListener]]

    def tuned(self) -> Tuned:
        """Try, choose, and compare.

        Raises:
            GenbenchError: the suite names no criterion, a model has nothing to tune, or nothing could be started.
            Interrupted: it was stopped; the same call goes on from there.
        """
        criterion = criterion_of(self.plan)
        defaults = _defaults(self.plan, self.options.models)
        if self.terms.trials * len(defaults) > MOST:
            raise GenbenchError(f"{len(defaults)} models × {self.terms.trials:,} are more than {MOST:,} trials")
        folder = session.run_folder(self.options, tuning_plan(self.plan, criterion, ()))
        factor = self.plan.suite.tune.factor if self.plan.suite.tune else None
        found = searches(folder, defaults, self.terms.trials, self.terms.seed, factor, criterion.direction)
        tunings = self._chosen(found, criterion)
        tunings = [replace(tuning, budgets=self._at_budgets(tuning, criterion)) for tuning in tunings]
        return Tuned(tuple(tunings), self._compared(found, tunings))

    def _chosen(self, found: Sequence[Search], criterion: Criterion) -> list[Tuning]:
        """Run all trials as one plan, the models by turns, and read what they got."""
        by_turns = [trial for turn in zip(*(search.trials for search in found), strict=True) for trial in turn]
        plan = tuning_plan(self.plan, criterion, by_turns)
        finished = self._executed(plan)
        tunings = []
        for search in found:
            got = [outcome(trial, finished.records, criterion) for trial in search.trials]
            for number, (value, _) in enumerate(got):
                search.tell(number, value)
            trials = tuple(
                TunedTrial(number, trial.reference, trial.settings, value, reason)
                for number, (trial, (value, reason)) in enumerate(zip(search.trials, got, strict=True))
            )
            record = finished.records[0]
            tunings.append(
                Tuning(
                    default=search.trials[0].reference,
                    task=criterion.task,
                    sampler=first_sampler(search.trials[0]),
                    criterion=criterion.score,
                    title=criterion.title,
                    direction=criterion.direction,
                    suite=plan.suite.name,
                    protocol=record.protocol,
                    images=plan.suite.images,
                    rows=record.dataset.rows["test"],  # in whose place valid stood
                    seed=self.terms.seed,
                    searched={dimension.name: str(dimension) for dimension in search.dimensions},
                    trials=trials,
                )
            )
        return tunings

    def _at_budgets(self, tuning: Tuning, criterion: Criterion) -> tuple[AtBudget, ...]:
        """The default and the best at each of the further training budgets, over the suite's seeds."""
        named = self.plan.suite.tune.budgets if self.plan.suite.tune else ()
        shares = named if self.terms.budgets is None else self.terms.budgets
        points = []
        for images in sorted({max(1, round(share * self.plan.suite.images)) for share in shares}):
            if images != self.plan.suite.images:  # the board itself shows the whole
                trials = self._seeds(_references(tuning))
                finished = self._executed(budget_plan(self.plan, criterion, images, trials))
                found = by_seed(trials, finished.records, criterion)
                points += [AtBudget(reference, images, values) for reference, values in found.items()]
        return tuple(points)

    def _compared(self, found: Sequence[Search], tunings: Sequence[Tuning]) -> Finished:
        """The ordinary run of the defaults and the best, with the tunings beside it for its report."""
        for search, tuning in zip(found, tunings, strict=True):
            name = search.trials[0].slug.rpartition(".")[0]  # without the seed
            files.write(session.run_folder(self.options, self.plan), name, tuning)
        references = [reference for tuning in tunings for reference in _references(tuning)]
        controls = [trial for trial in self.plan.trials if trial.listing.control is not None]
        return self._executed(replace(self.plan, trials=(*controls, *self._seeds(references))))

    def _seeds(self, references: Sequence[str]) -> list[Trial]:
        """The trials of some configurations over the suite's seeds."""
        own = [chosen(reference, self.plan.catalogue) for reference in dict.fromkeys(references)]
        return [Trial(*pair, seed) for seed in range(self.plan.suite.seeds) for pair in own]

    def _executed(self, plan: Plan) -> Finished:
        with self.listening() as listener:
            return session.execute(plan, self.options, self.supervisor, listener)


def _references(tuning: Tuning) -> list[str]:
    """The default and the best, which may be one."""
    return list(dict.fromkeys([tuning.default, *([tuning.best.reference] if tuning.best else [])]))


def _defaults(plan: Plan, models: Sequence[str]) -> dict[str, Trial]:
    """Each model as it was named, with the settings that were given, by that name.

    Raises:
        GenbenchError: a control, which nobody tunes.
    """
    found = {}
    for text in models:
        trial = Trial(*chosen(text, plan.catalogue), seed=0)
        if trial.listing.control is not None:
            raise GenbenchError(f"{trial.listing.name} is a control: it is on the board as it is, and is not tuned")
        found[trial.reference] = trial
    return found
