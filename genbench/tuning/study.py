"""The study of a model: Optuna's, in a journal in the run's folder. It needs the extra `tune`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from genbench.contracts.settings import Value
from genbench.errors import GenbenchError
from genbench.records.kinds import Direction
from genbench.tuning.space import Dimension, Numbers, share_of

JOURNAL = "optuna.log"  # in the folder of the trials' run: `optuna-dashboard` opens it
SEED = "genbench seed"


class OrderFree(BaseSampler):
    """Draws each setting of a trial by the seed, the model and the trial's number: no end of a trial changes another.

    Random search: its trials are independent, as the expected best of k of them takes for granted.

    Source: Bergstra and Bengio 2012, https://jmlr.org/papers/v13/bergstra12a.html
    """

    def __init__(self, seed: int, dimensions: Sequence[Dimension]) -> None:
        self._seed, self._known = seed, {dimension.name: dimension for dimension in dimensions}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """None: settings are drawn one by one."""
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Nothing."""
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Value:
        """One setting of a trial."""
        share = share_of(self._seed, study.study_name, trial.number, param_name)
        return self._known[param_name].drawn(share)


class ModelStudy:
    """The trials of one model, by number, as Optuna keeps them.

    Args:
        folder: gets the journal, which the studies of all models of a run share.
        model: as it was named; the study's name.
        seed: of the search.
        dimensions: that are searched.
        defaults: of these settings: trial 0.
        direction: which way is better.
    Raises:
        GenbenchError: the journal is of another seed or space.
    """

    def __init__(
        self,
        folder: Path,
        model: str,
        seed: int,
        dimensions: Sequence[Dimension],
        defaults: Mapping[str, Value],
        direction: Direction,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        self._path, self._model = folder / JOURNAL, model
        self._forms = {dimension.name: _distribution(dimension) for dimension in dimensions}
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(self._path))),
            sampler=OrderFree(seed, dimensions),
            study_name=model,
            direction="minimize" if direction is Direction.LOWER else "maximize",
            load_if_exists=True,
        )
        self._check(seed)
        if not self._study.trials:
            self._study.set_user_attr(SEED, seed)
            self._study.enqueue_trial({name: defaults[name] for name in self._forms})

    def configurations(self, count: int) -> list[dict[str, Value]]:
        """The searched settings of trials 0 to count - 1; those that are not there yet are asked for, in order."""
        asked = [trial for trial in self._study.trials if trial.state is not TrialState.WAITING]
        for _ in range(count - len(asked)):
            self._study.ask(self._forms)
        return [dict(trial.params) for trial in self._study.trials[:count]]

    def tell(self, number: int, value: float | None) -> None:
        """How a trial ended; None: it failed. What was told before stays."""
        if not self._study.trials[number].state.is_finished():
            state = TrialState.FAIL if value is None else TrialState.COMPLETE
            self._study.tell(number, value, state=state)

    def _check(self, seed: int) -> None:
        held = self._study.user_attrs.get(SEED, seed)
        forms = next((t.distributions for t in self._study.trials if t.distributions), self._forms)
        if held != seed or forms != self._forms:
            what = f"with seed {held}, not {seed}" if held != seed else "in another space of settings"
            raise GenbenchError(
                f"{self._path}: {self._model} was tuned {what}; go on as before, or move the file away to begin anew"
            )


def _distribution(dimension: Dimension) -> BaseDistribution:
    if not isinstance(dimension, Numbers):
        return CategoricalDistribution(dimension.values)
    if dimension.whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
