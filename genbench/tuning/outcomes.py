"""Outcomes: what trials got by the criterion, read from their records."""

from collections.abc import Iterable, Mapping

from genbench.protocol.trial import Trial
from genbench.records.record import Candidate, Record
from genbench.tuning.form import Criterion

Outcome = tuple[float | None, str]  # a value, or why there is none


def outcome(trial: Trial, records: Iterable[Record], criterion: Criterion) -> Outcome:
    """What a trial got; of several sampler presets the first one counts."""
    own = next((r for r in records if (r.model.reference, r.seed) == (trial.reference, trial.seed)), None)
    if own is None:
        return None, "it has no record"
    name = criterion.task, first_sampler(trial)
    found = next((c for c in own.candidates if (c.task, c.sampler) == name), None)
    return (None, f"{trial.listing.name} draws no samples") if found is None else _read(found, criterion)


def first_sampler(trial: Trial) -> str:
    """The name of the preset that counts; "" of a model that draws no samples."""
    return next(iter(trial.listing.samplers), "")


def _read(found: Candidate, criterion: Criterion) -> Outcome:
    if not found.ok:
        return None, f"{found.stage}: {found.reason or found.status.value}" if found.stage else found.reason or "failed"
    if found.memorisation is not None and found.memorisation.flagged:
        return None, f"it copies: {found.memorisation.reason}"
    if criterion.score in found.scores:
        return found.scores[criterion.score].value, ""
    missing = found.missing.get(criterion.score)
    return None, missing.reason if missing else f"it has no {criterion.score}"


def by_seed(
    trials: Iterable[Trial], records: Iterable[Record], criterion: Criterion
) -> Mapping[str, tuple[float, ...]]:
    """Reference → the criterion of each of its seeds that gave one."""
    known = tuple(records)
    found: dict[str, list[float]] = {}
    for trial in trials:
        value, _ = outcome(trial, known, criterion)
        found.setdefault(trial.reference, []).extend([] if value is None else [value])
    return {reference: tuple(values) for reference, values in found.items()}
