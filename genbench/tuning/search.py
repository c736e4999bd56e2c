"""Searches: of each model the configurations that are tried, by number, and the study that keeps them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from genbench.contracts.settings import Value, resolved, split_reference
from genbench.errors import GenbenchError
from genbench.protocol.trial import Trial
from genbench.records.kinds import Direction
from genbench.tuning.space import Dimension, searched


@dataclass(frozen=True)
class Search:
    """The search of one model.

    Args:
        dimensions: that are searched.
        trials: by number; the first one is the model as it was named.
        tell: keeps how a trial ended; None: it failed.
    """

    dimensions: tuple[Dimension, ...]
    trials: tuple[Trial, ...]
    tell: Callable[[int, float | None], None]


def searches(
    folder: Path, defaults: Mapping[str, Trial], count: int, seed: int, factor: float | None, direction: Direction
) -> list[Search]:
    """The searches of several models, of as many trials each.

    Args:
        folder: of the trials' run, which gets the journal.
        defaults: by the name that was given, which fixes the settings in it.
        count: trials of each.
        seed: of the draws.
        factor: how far from its default a setting is searched, as `searched` takes it.
    Raises:
        GenbenchError: a model has nothing to tune, Optuna is missing, or the journal is of another search.
    """
    spaces = {text: _space(text, default, factor) for text, default in defaults.items()}
    try:
        from genbench.tuning.study import ModelStudy
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "optuna":
            raise
        raise GenbenchError("genbench tune needs optuna: pip install 'genbench[tune]'") from None
    found = []
    for text, default in defaults.items():
        study = ModelStudy(folder, text, seed, spaces[text], default.settings, direction)
        trials = tuple(_configured(default, values) for values in study.configurations(count))
        found.append(Search(spaces[text], trials, study.tell))
    return found


def _space(text: str, default: Trial, factor: float | None) -> tuple[Dimension, ...]:
    settings = default.listing.settings
    own = [replace(setting, default=default.settings[setting.name]) for setting in settings]
    found = tuple(searched(own, split_reference(text)[1], factor))
    if not found:
        known = ", ".join(setting.name for setting in settings) or "none"
        raise GenbenchError(
            f"{text} has nothing to tune: expected settings with a Range or a Choice, not given (known: {known})"
        )
    return found


def _configured(default: Trial, values: Mapping[str, Value]) -> Trial:
    """The model with some of its settings changed."""
    listing = default.listing
    changed = {**default.settings, **values}
    return replace(default, settings=resolved(listing.name, list(listing.settings), changed))
