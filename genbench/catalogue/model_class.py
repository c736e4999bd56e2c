"""A model class as its listing; what is wrong with the class is found here, before anybody fits it."""

import inspect
import math
from collections.abc import Mapping, Sequence

from genbench.catalogue import signatures
from genbench.catalogue.attributes import checked_name, description, named, one_of, quoted, text
from genbench.catalogue.listings import ModelListing
from genbench.contracts.assets import Asset
from genbench.contracts.model import CAPABILITIES, NEEDS, Density, Learner, Model
from genbench.contracts.settings import Setting, declared
from genbench.errors import GenbenchError
from genbench.records.kinds import ControlKind, Family


def model_listing(cls: type[Learner]) -> ModelListing:
    """A model class as its listing.

    Raises:
        GenbenchError: what its author has to mend.
    """
    signatures.check_class(cls, Learner, "Model")
    for capability in CAPABILITIES.values():
        if issubclass(cls, capability):
            signatures.check_methods(cls, capability)
    settings = tuple(declared(cls))
    samplers = _samplers(cls) if issubclass(cls, Model) else ()
    return ModelListing(
        name=named(cls),
        family=one_of(Family, cls, "family"),
        source=text(cls, "source"),
        description=description(cls),
        capabilities=tuple(name for name, capability in CAPABILITIES.items() if issubclass(cls, capability)),
        settings=settings,
        samplers=samplers,
        described_sampler=_described_sampler(cls, samplers, settings) if issubclass(cls, Density) else "",
        assets=_assets(cls),
        needs=_needs(cls),
        control=None if cls.control is None else one_of(ControlKind, cls, "control"),
    )


def doubts(cls: type[Learner]) -> list[str]:
    """What its author has probably not meant, in words; the class is listed as it is."""
    found = []
    for capability in CAPABILITIES.values():
        if capability.__base__ in CAPABILITIES.values():
            continue  # it adds an argument to what another one asks for
        names = sorted(getattr(capability, "__abstractmethods__", ()))
        if len(names) > 1 and not issubclass(cls, capability) and all(hasattr(cls, name) for name in names):
            derive = f"derive from genbench.{capability.__name__}, or nobody asks for them"
            found.append(f"defines {' and '.join(names)}; {derive}")
    return found


def _samplers(cls: type[Model]) -> tuple[str, ...]:
    if not isinstance(cls.samplers, Mapping) or not cls.samplers:
        example = '{"default": {}}'
        raise GenbenchError(f"samplers is {quoted(cls.samplers)}, expected presets by their names, such as {example}")
    signature = signatures.signature_of(cls, "sample")
    for name, preset in cls.samplers.items():
        checked_name(name, f"{cls.__name__}'s sampler")
        if not isinstance(preset, Mapping) or not all(isinstance(key, str) for key in preset):
            raise GenbenchError(f"sampler {name} is {quoted(preset)}, expected settings of sample by their names")
        for key, value in preset.items():
            if not _is_plain(value):
                kinds = "a number, a text, true or false, None, or such in lists and dictionaries"
                raise GenbenchError(f"sampler {name} sets {key} to {quoted(value)}, expected {kinds}")
        if signature is not None:
            _check_preset(name, preset, signature)
    return tuple(cls.samplers)


def _check_preset(name: str, preset: Mapping[str, object], signature: inspect.Signature) -> None:
    """Refuse a preset that `sample(n, labels=…, **preset)` cannot be called with."""
    form, parameters = signatures.written("sample", signature), list(signature.parameters.values())
    if "labels" in preset:
        raise GenbenchError(f"sampler {name} sets labels, which the harness gives; take it out")
    misfit = signatures.misfit_of(signature, 1, labels=None, **preset)
    own = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    own = own[1:] if own and own[0].kind is own[0].POSITIONAL_OR_KEYWORD else own  # the first is n
    surplus = sorted(set(preset) - {parameter.name for parameter in own})
    absent = [p.name for p in own if p.default is p.empty and p.name not in ("labels", *preset)]
    if misfit and surplus:
        raise GenbenchError(f"sampler {name} sets {', '.join(surplus)}, which {form} does not take")
    if misfit and absent:
        way_out = "set it in the preset, or give it a default"
        raise GenbenchError(f"sampler {name} does not set {', '.join(absent)}, which {form} needs; {way_out}")
    if misfit:
        raise GenbenchError(f"sampler {name}: {form}: {misfit}")


def _is_plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))


def _described_sampler(cls: type[Density], samplers: Sequence[str], settings: Sequence[Setting]) -> str:
    """The sampler whose law the density is, once what the audit of it needs is checked."""
    audit = cls.audit_settings
    if not isinstance(audit, Mapping):
        raise GenbenchError(f"audit_settings is {quoted(audit)}, expected settings by their names")
    known = {setting.name: setting for setting in settings}
    for name, value in audit.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise GenbenchError(f"audit_settings sets {quoted(name)}, which is no setting (known: {names})")
        known[name].checked(value, "audit_settings")
    described = cls.described_sampler or next(iter(samplers), "")
    if described not in (samplers or ("",)):
        names = ", ".join(samplers) or "none"
        raise GenbenchError(f"described_sampler is {quoted(described)}, which is none of its samplers ({names})")
    return described


def _assets(cls: type[Learner]) -> tuple[Asset, ...]:
    if not isinstance(cls.assets, Mapping) or not all(isinstance(asset, Asset) for asset in cls.assets.values()):
        raise GenbenchError(f"assets is {quoted(cls.assets)}, expected each genbench.Asset by a name")
    return tuple(cls.assets.values())


def _needs(cls: type[Learner]) -> tuple[str, ...]:
    needs = cls.needs
    if isinstance(needs, str) or not set(needs) <= set(NEEDS):
        raise GenbenchError(
            f'needs is {quoted(needs)}, expected a tuple of {", ".join(NEEDS)}, such as ("{NEEDS[0]}",)'
        )
    return tuple(sorted(set(needs)))
