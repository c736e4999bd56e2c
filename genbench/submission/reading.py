"""Reading the records of a bundle: sealed, of the past, one a trial, with names that can be read, of one protocol."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.contracts.settings import NAME
from genbench.errors import GenbenchError
from genbench.records.files import read
from genbench.records.record import Record
from genbench.submission.bundle import LONGEST, RECORDS, Bundle
from genbench.submission.finding import Check, Finding, refused
from genbench.submission.listing import undatable
from genbench.submission.subjects import slug_of


@dataclass(frozen=True)
class Bundled:
    """A record of a bundle."""

    path: str
    """Of its file, within the bundle."""
    record: Record
    """What it says."""

    @property
    def slug(self) -> str:
        """The name of its trial's folder."""
        return Path(self.path).stem

    @property
    def trial(self) -> str:
        """The trial as people name it."""
        return f"{self.record.model.reference} seed {self.record.seed}"


def records_of(folder: Path, bundle: Bundle) -> tuple[list[Bundled], list[Finding]]:
    """The records of a bundle, and what is wrong with them."""
    found, faults = [], []
    for path in (file.path for file in bundle.files if file.path.startswith(f"{RECORDS}/")):
        try:
            found.append(Bundled(path, read(folder / path)))
        except GenbenchError as error:
            faults.append(refused(Check.RECORDS, str(error).replace(f"{folder}/", "")))
    for own in found:
        faults += [refused(Check.RECORDS, f"{own.path}: {words}") for words in _faults(own)]
    return found, [*faults, *_together(found, bundle)]


def _faults(own: Bundled) -> Iterator[str]:
    """What is wrong with one record, in words."""
    record = own.record
    unreadable = [(place, text) for place, text in _names(record) if not text.isprintable() or len(text) > LONGEST]
    for place, text in unreadable:
        what = f"at most {LONGEST} characters that can be read"
        yield f"{place}: expected {what}, got {ascii(text)[: LONGEST // 2]} of {len(text):,}"
    if unreadable:
        return
    try:
        slug = slug_of(record)
    except GenbenchError as error:
        yield str(error)
        return
    if slug != own.slug:
        yield f"it is of the trial {slug} ({own.trial}), expected {own.slug}"
    if not NAME.fullmatch(record.model.name):
        yield f"no model is named {record.model.name!r}"
    for place, text in (
        ("finished", record.finished),
        *((f"stages.{name}.measured", stage.measured) for name, stage in record.stages.items() if stage.measured),
    ):
        words = undatable(text)
        if words:
            yield f"{place}: {words}"


def _names(record: Record) -> Iterator[tuple[str, str]]:
    """What a record calls things, with its place."""
    model, suite = record.model, record.suite
    for name in ("name", "reference", "distribution", "version", "source", "description"):
        yield f"model.{name}", getattr(model, name)
    yield from ((f"model.settings.{name}", name) for name in model.settings)
    yield from (("suite.name", suite.name), ("suite.title", suite.title), ("dataset.name", record.dataset.name))
    yield from (("stages", name) for name in record.stages)
    for number, candidate in enumerate(record.candidates):
        for part in ("task", "name", "sampler"):
            yield f"candidates[{number}].{part}", getattr(candidate, part)
    for name in ("device", "device_name", "cpu_name", "platform", "genbench", "python", "torch", "numpy", "scipy"):
        yield f"machine.{name}", getattr(record.machine, name)


def _together(found: Sequence[Bundled], bundle: Bundle) -> Iterator[Finding]:
    """What no record says by itself: a trial twice, or another suite or protocol than the bundle's."""
    trials: dict[tuple[str, int], Bundled] = {}
    for own in found:
        other = trials.setdefault((own.record.model.reference, own.record.seed), own)
        if other is not own:
            yield refused(Check.RECORDS, f"{other.path} and {own.path} are both of {own.trial}")
        said = (own.record.suite.name, own.record.protocol)
        if said != (bundle.suite, bundle.protocol):
            words = f"expected {bundle.suite} ({bundle.protocol[:12]}…), as the bundle says"
            yield refused(Check.RECORDS, f"{own.path} is of {said[0]} ({said[1][:12]}…), {words}")
