"""Verification: a bundle's checks in their order; what a refused check would have told the next ones ends them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from genbench import catalogue as catalogues
from genbench.catalogue import Catalogue
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files.signatures import Keys
from genbench.protocol.stages.stage import Ground
from genbench.records.status import Status
from genbench.records.vouchers import Extent
from genbench.submission import differences, listing
from genbench.submission.bundle import Bundle
from genbench.submission.clocks import clock_faults
from genbench.submission.doubles import doubles
from genbench.submission.evidence import Left, left_by, unaccounted
from genbench.submission.finding import Check, Finding, refused
from genbench.submission.folder import copied, noted, strangers_in
from genbench.submission.reading import Bundled, records_of
from genbench.submission.reports import report_findings
from genbench.submission.rerunning import rerun_findings, run_again, trials_again
from genbench.submission.rescoring import Sources, data_of, ground_of, rescored, with_exams
from genbench.submission.signing import signed
from genbench.submission.spoken import told
from genbench.submission.subjects import trial_of
from genbench.submission.terms import Terms, own_controls, plugin_findings, protocol_faults, terms_of

Hear = Callable[[Finding], None]


@dataclass(frozen=True)
class Verified:
    """What came of verifying a bundle."""

    bundle: Bundle | None
    """What it says of itself; None where that cannot be read."""
    records: tuple[Bundled, ...]
    """Those that could be read."""
    findings: tuple[Finding, ...]
    """All of them, in order."""
    signer: str = ""
    """Whose key signed it, by the maintainer's list; "" where nobody's on it did."""
    exact: bool = False
    """Whether all numbers came out to the bit, as they do on the same machine."""
    rerun: frozenset[str] = frozenset()
    """The slugs of those trials that a rerun confirmed."""

    @property
    def passed(self) -> bool:
        """Whether nothing was refused."""
        return not any(finding.refused for finding in self.findings)

    def status(self, own: Bundled) -> Extent:
        """How far a record's numbers were computed again."""
        if own.slug in self.rerun:
            return Extent.RERUN
        return Extent.RECOMPUTED if any(candidate.ok for candidate in own.record.candidates) else Extent.SELF_REPORTED


@dataclass
class _Findings:
    """What was found so far."""

    hear: Hear
    all: list[Finding] = field(default_factory=list)
    signer: str = ""
    rerun: set[str] = field(default_factory=set)

    def add(self, found: Sequence[Finding]) -> bool:
        """Take findings; whether none of them is a refusal."""
        for finding in found:
            self.all.append(finding)
            self.hear(finding)
        return not any(finding.refused for finding in found)


def verified(
    folder: Path, scratch: Path, sources: Sources, supervisor: Supervisor, hear: Hear = lambda finding: None
) -> Verified:
    """Verify a bundle. Nothing in it is executed or unpickled, and no link is followed.

    Args:
        folder: the bundle.
        scratch: an empty folder for its copy, with room for it; what is merged is the copy.
        hear: hears each finding at once.
    Raises:
        GenbenchError: it is no folder; or the suite's data or weights are not here.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise GenbenchError(f"{folder} is no folder of a bundle; genbench bundle writes one")
    found, records = _Findings(hear), list[Bundled]()
    bundle = _taken(folder, scratch, sources.keys, found)
    if bundle is not None:
        records, faults = records_of(scratch, bundle)
        if found.add(faults):
            exact = _judged(bundle, records, (folder, scratch), sources, supervisor, found)
            return Verified(bundle, tuple(records), tuple(found.all), found.signer, exact, frozenset(found.rerun))
    return Verified(bundle, tuple(records), tuple(found.all), found.signer)


def _taken(folder: Path, scratch: Path, keys: Keys, found: _Findings) -> Bundle | None:
    """What a bundle says of itself, once it is copied; None where it is refused."""
    if not found.add(strangers_in(folder)):
        return None
    noted(folder, scratch)
    bundle, faults = listing.read(scratch)
    if not found.add(faults) or bundle is None or not found.add(copied(folder, scratch, bundle)):
        return None
    found.signer, words = signed(scratch, bundle, keys)
    return bundle if found.add(words) else None


def _judged(
    bundle: Bundle,
    records: Sequence[Bundled],
    places: tuple[Path, Path],
    sources: Sources,
    supervisor: Supervisor,
    found: _Findings,
) -> bool:
    """Hold the records against this installation; whether every number was held to the bit.

    Args:
        places: the stranger's folder, and its copy.
    """
    folder, scratch = places
    catalogue = catalogues.read(supervisor, retry=True)
    try:
        asked = {task for own in records for task in own.record.suite.tasks}
        terms = terms_of(bundle.suite, sources.suite, catalogue, asked)
    except GenbenchError as error:
        found.add([refused(Check.PROTOCOL, str(error))])
        return False
    data = data_of(terms, catalogue, sources, supervisor)
    sound = found.add([fault for own in records for fault in protocol_faults(own, terms.suite, data.facts)])
    sound &= found.add(plugin_findings(records, catalogue))
    sound &= found.add(list(report_findings(records, scratch, bundle)))
    if not sound:
        return False
    ground = ground_of(terms, data, catalogue, _device(records), scratch, supervisor)
    ground = with_exams(ground, bundle, scratch, supervisor)
    ground = replace(ground, secrets={own.slug: own.record.secret for own in records})
    exact = _recomputed(bundle, records, scratch, _Here(terms, ground, catalogue), supervisor, found)
    if sources.rerun and not any(finding.refused for finding in found.all):
        trials, faults = trials_again(records, catalogue)
        if found.add(faults):
            hides = (*catalogue.hides, *data.hides, str(folder.absolute()))
            again = run_again(trials, ground, scratch, hides, supervisor)
            words, confirmed = rerun_findings(records, again)
            found.add(words)
            found.rerun |= confirmed
    return exact


def _device(records: Sequence[Bundled]) -> str:
    """Where features are computed: where those of the records were, as far as there is such a device."""
    return "cpu" if {own.record.machine.device for own in records} == {"cpu"} else "auto"


@dataclass(frozen=True)
class _Here:
    """This installation."""

    terms: Terms
    ground: Ground
    catalogue: Catalogue


def _recomputed(
    bundle: Bundle,
    records: Sequence[Bundled],
    scratch: Path,
    here: _Here,
    supervisor: Supervisor,
    found: _Findings,
) -> bool:
    """Take the evidence, and compute from it again what the records say."""
    left: dict[str, Left] = {}
    faults = unaccounted(records, bundle)
    for own in records:
        left[own.slug], more = left_by(own, scratch, bundle)
        faults += more
    faults += _unasked(records, bundle)
    if not found.add([*faults, *(doubles(records, scratch) if not faults else ())]):
        return False
    found.add(clock_faults(records))
    controls = own_controls(here.catalogue)
    trials = [trial_of(own.record, controls) for own in records]
    again = rescored(trials, here.ground, left, supervisor)
    exact = True
    for own in records:
        allowed = differences.tolerance(own.record.machine, here.ground.probe.threaded(here.terms.suite.threads))
        exact &= allowed is differences.EXACT
        found.add(list(differences.findings(own, again[own.slug], allowed)))
    found.add(told(records))
    return exact


def _unasked(records: Sequence[Bundled], bundle: Bundle) -> list[Finding]:
    """Tasks whose questions cannot be drawn again."""
    answered = {
        name.split("/")[1]
        for own in records
        for name, facts in own.record.stages.items()
        if name.startswith("answer/") and facts.status is Status.OK
    }
    words = "the bundle does not say by what the questions were drawn"
    return [refused(Check.EVIDENCE, f"{task}: {words}") for task in sorted(answered - bundle.exams.keys())]
