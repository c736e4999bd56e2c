"""Terms: whether records are of the protocol that this installation has under the suite's name, and of known code."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from genbench.catalogue import Catalogue, Entry, plugins
from genbench.catalogue.listings import ModelListing
from genbench.catalogue.plugins import Plugin
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.protocol.suite import Suite
from genbench.protocol.task import Asked
from genbench.records.record import QUICK, DataFacts, SuiteTerms
from genbench.runs.plan import asked_of, find_suite, form_of
from genbench.submission.finding import Check, Finding, noted, refused
from genbench.submission.reading import Bundled
from genbench.version import VERSION

SHOWN = 100  # characters of a value


@dataclass(frozen=True)
class Terms:
    """The suite as it is installed here."""

    suite: Suite
    """The protocol."""
    asked: tuple[Asked, ...]
    """Its tasks."""


def terms_of(name: str, source: str, catalogue: Catalogue, tasks: Collection[str] = ()) -> Terms:
    """The suite of a bundle, as far as it was asked.

    Args:
        name: as the bundle says it; the quick form ends in "-quick".
        source: the suite, or its file, that the maintainer names; "": it is installed under that name.
        tasks: names of those that its records are of; none: the suite's default ones.
    Raises:
        GenbenchError: it is not installed, or what was named is another one.
    """
    base = name.removesuffix(QUICK)
    try:
        suite = find_suite(source or base, catalogue).suite
        found = form_of(suite, catalogue, name != base, sorted(tasks))
    except GenbenchError as error:
        raise GenbenchError(f"the suite {ascii(name)[1:-1]} cannot be had here: {error}") from error
    if found.name != name:
        raise GenbenchError(f"the bundle is of the suite {ascii(name)[1:-1]}, and {source} is {found.name}")
    return Terms(found, asked_of(found, catalogue))


def protocol_faults(own: Bundled, suite: Suite, data: DataFacts) -> Iterator[Finding]:
    """What of a record's terms is not what this installation has."""
    record = own.record
    protocol = suite.protocol(data.sha256)
    asked = {task: terms for task, terms in suite.tasks.items() if task in record.suite.tasks}
    differing = [*_differing("suite", _binding(record.suite), _binding(replace(suite.terms, tasks=asked)))]
    differing += _differing("dataset", _nameless(record.dataset), _nameless(data))
    for place, said, here in differing:
        words = f"expected {ascii(codec.encoded(here))[:SHOWN]} by the suite here"
        yield refused(Check.PROTOCOL, f"{own.path}: {place} is {ascii(codec.encoded(said))[:SHOWN]}, {words}")
    if record.protocol != protocol and not differing:
        words = f"which makes {protocol[:12]}… of data, budget and batch"
        yield refused(
            Check.PROTOCOL, f"{own.path}: protocol is {record.protocol[:12]}…, not that of the suite here, {words}"
        )


def _binding(terms: SuiteTerms) -> SuiteTerms:
    """The terms on which numbers depend: limits and caps end what is too slow or too large, and seeds are counted."""
    name = terms.dataset.partition(":")[0]  # the same data may lie at another place
    return replace(terms, dataset=name, seeds=0, limits={}, caps={}, checkpoint_seconds=0.0)


def _nameless(data: DataFacts) -> DataFacts:
    return replace(data, name=data.name.partition(":")[0])


def _differing(name: str, said: object, here: object) -> Iterator[tuple[str, object, object]]:
    for part in fields(here):  # type: ignore[arg-type]  # dataclasses
        one, other = getattr(said, part.name), getattr(here, part.name)
        if one != other:
            yield f"{name}.{part.name}", one, other


def plugin_findings(records: Sequence[Bundled], catalogue: Catalogue) -> list[Finding]:
    """Which code the models say that they are, held against what is installed; nothing is imported for it."""
    installed = plugins.installed(plugins.MODELS)
    controls = own_controls(catalogue)
    found = [_plugin_finding(own, installed, controls) for own in records]
    return list(dict.fromkeys(finding for finding in found if finding is not None))


def _plugin_finding(
    own: Bundled, installed: Sequence[Plugin], controls: Mapping[str, Entry[ModelListing]]
) -> Finding | None:
    model = own.record.model
    control = controls.get(model.name)
    if model.control is not None or control is not None or model.distribution == "genbench":
        return _control_finding(own, control)
    same = [plugin for plugin in installed if plugin.distribution == model.distribution != ""]
    if any(plugin.code == model.code for plugin in same):
        return None
    versions = sorted({plugin.version for plugin in same})
    what = f"{model.distribution or 'its file'} {model.version}".rstrip()
    if model.version in versions:
        words = f"its code is {model.code[:12]}…, and that of {what} as installed here is another one: altered"
        return refused(Check.PLUGIN, f"{own.path}: {words}")
    here = f"only {', '.join(versions)} of it" if versions else "no such distribution"
    return noted(
        Check.PLUGIN, f"{model.reference}: its code is unknown: {what} ({model.code[:12]}…), and there is {here} here"
    )


def _control_finding(own: Bundled, control: Entry[ModelListing] | None) -> Finding | None:
    """Of a record that says it is of one of the harness's own models, or is called like one."""
    model = own.record.model
    if control is None or model.distribution != "genbench":
        words = f"{model.name} of {model.distribution or 'a loose file'} says that it is a control"
        return refused(Check.PLUGIN, f"{own.path}: {words}, which the harness's own models alone are")
    if model.control is not control.listing.control:
        return refused(Check.PLUGIN, f"{own.path}: {model.name} is a control of another kind")
    if model.version != VERSION:
        return noted(Check.PLUGIN, f"{model.reference}: a control of genbench {model.version}; {VERSION} is here")
    if model.code != control.plugin.code:
        words = f"the code of genbench {VERSION} is {model.code[:12]}…, and another one as installed here: altered"
        return refused(Check.PLUGIN, f"{own.path}: {words}")
    return None


def own_controls(catalogue: Catalogue) -> dict[str, Entry[ModelListing]]:
    """The harness's own models, by name."""
    return {name: entry for name, entry in catalogue.models.items() if entry.plugin.is_builtin}
