"""Subjects: the trial that a record is of, made of what the record says; no plugin is imported for it."""

from collections.abc import Mapping
from typing import Literal, cast

from genbench.catalogue import Entry
from genbench.catalogue.listings import ModelListing
from genbench.catalogue.plugins import MODELS, Plugin
from genbench.contracts.settings import Setting, Value, split_reference
from genbench.errors import GenbenchError
from genbench.protocol.trial import Trial
from genbench.records.kinds import Family
from genbench.records.record import Record


def trial_of(record: Record, controls: Mapping[str, Entry[ModelListing]]) -> Trial:
    """The trial of a record.

    Args:
        controls: the harness's own, which no record can say that it is of: by name.
    Raises:
        GenbenchError: its reference, its settings and its samplers are of no one model.
    """
    model = record.model
    if model.control is not None and model.name in controls:
        return Trial(controls[model.name], dict(model.settings), record.seed)
    try:
        listing = ModelListing(
            name=model.name,
            family=model.family or Family.BASELINE,
            source=model.source,
            description=model.description,
            capabilities=model.capabilities,
            settings=_settings(record),
            samplers=_samplers(record),
            described_sampler=_described(record),
            needs=model.needs,
        )
    except ValueError as error:
        raise GenbenchError(f"of no one model: {error}") from error
    plugin = Plugin(model.name, MODELS, "", "", model.distribution, model.version, model.code)
    found = Trial(Entry(plugin, listing), dict(model.settings), record.seed)
    if found.reference != model.reference:
        raise GenbenchError(f"its reference is {model.reference!r}, and its settings make it {found.reference!r}")
    return found


def slug_of(record: Record) -> str:
    """The name of a trial's folder.

    Raises:
        GenbenchError: its reference and its settings are of no one model.
    """
    return trial_of(record, {}).slug


def _settings(record: Record) -> tuple[Setting, ...]:
    """Settings as the model may have declared them: those that its reference names have another default."""
    named = split_reference(record.model.reference)[1]
    for name in named:
        if name not in record.model.settings:
            raise GenbenchError(f"its reference sets {name}, which is none of its settings")
    values = record.model.settings.items()
    return tuple(Setting(name, _type(value), _other(value) if name in named else value) for name, value in values)


def _type(value: Value) -> Literal["int", "float", "bool", "str"]:
    return cast("Literal['int', 'float', 'bool', 'str']", type(value).__name__)


def _other(value: Value) -> Value:
    """Any other value of the same type."""
    if isinstance(value, bool):
        return not value
    return f"{value}'" if isinstance(value, str) else value / 2 - 1 if isinstance(value, float) else value + 1


def _samplers(record: Record) -> tuple[str, ...]:
    """The presets: each left a stage of its own, whose folder has their name."""
    drawn = [name.removeprefix("sample/") for name in record.stages if name.startswith("sample/")]
    return tuple(drawn)


def _described(record: Record) -> str:
    """The sampler whose law its density is: the one that was audited; "" where none was."""
    return next((own.sampler for own in record.candidates if own.audits is not None), "")
