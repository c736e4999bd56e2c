"""`genbench score --record`: samples of somebody's, scored as a board's candidates are, and their record."""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.errors import GenbenchError

if TYPE_CHECKING:
    from genbench.execution.supervisor import Supervisor
    from genbench.records.record import Record
    from genbench.scoring.samples import Samples

WITHOUT = (  # options that say otherwise what a board's terms fix
    *("dataset", "against", "reference", "train", "features", "protocol", "extractor", "scores", "all_scores"),
    *("resize", "per_class", "fail_if", "name"),
)


def check(options: Namespace) -> None:
    """Refuse words that do not go together, before anything is loaded.

    Raises:
        GenbenchError: a part is missing, no name, or an option that the board's terms leave no room for.
    """
    from genbench.contracts.settings import NAME, NAMES

    for option in ("suite", "as_", "record"):
        if not getattr(options, option):
            raise GenbenchError("SAMPLES --suite SUITE --as NAME --record FILE go together: a board, a name, a place")
    for option in WITHOUT:
        if getattr(options, option):
            raise GenbenchError(
                f"--{option.replace('_', '-')} does not go with --record: the suite says what is scored"
            )
    if options.samples is None:
        raise GenbenchError("--record is of SAMPLES: a folder of images, or an array file")
    if not NAME.fullmatch(options.as_):
        raise GenbenchError(f"--as {options.as_!r}: {NAMES}")
    if options.seed < 0:
        raise GenbenchError(f"--seed takes a whole number from 0 on, got {options.seed}")
    if options.record.exists():
        raise GenbenchError(f"--record {options.record} is there already, and records do not change; name another file")


def recorded(options: Namespace) -> Exit:
    """Score the samples on a board's terms, write their record, and tell what was found.

    Raises:
        GenbenchError: the board's terms are not met.
    """
    check(options)
    from genbench.cli.printing import print_json, tell
    from genbench.cli.progress import waiting
    from genbench.execution.supervisor import Supervisor
    from genbench.files.codec import encoded
    from genbench.records.files import write
    from genbench.store.run_folder import check_writable

    check_writable(options.record.parent)
    with Supervisor() as supervisor, waiting(sys.stderr, "scoring as a run scores its candidates"):
        samples, found = _recorded(options, supervisor)
    options.record.parent.mkdir(parents=True, exist_ok=True)
    record = write(options.record, found)
    for warning in samples.warnings:
        tell(f"warning: {warning}")
    if options.json:
        print_json(encoded(record))
    else:
        _show(samples, record, options.record)
    return Exit.OK


def _recorded(options: Namespace, supervisor: "Supervisor") -> "tuple[Samples, Record]":
    from genbench.appraisal.laying import lay
    from genbench.appraisal.samples import How, count, read
    from genbench.files.atomic import sha256_of
    from genbench.protocol.inputs import Kept
    from genbench.runs import samples as own
    from genbench.runs.options import Options
    from genbench.runs.session import catalogue_of

    chosen = Options(
        suite=options.suite,
        device=options.device,
        data_root=options.data_root,
        extractor_weights=options.extractor_weights,
    )
    terms = own.terms_of(chosen, options.task, catalogue_of(chosen, supervisor))
    terms.check(count(options.samples, options.key))
    place = own.place_of(terms, chosen, supervisor)
    found = read(options.samples, place.data.facts.space, How(options.key, options.upright))
    with tempfile.TemporaryDirectory(prefix="genbench-score-") as folder:
        file = lay(found, Path(folder))
        brought = own.Brought(options.as_, options.seed, Kept(str(file), sha256_of(file)), found.sha256)
        return found, own.recorded(brought, place, supervisor)


def _show(samples: "Samples", record: "Record", path: Path) -> None:
    """The scores as a table; below it what is missing and why, the verdict, the board and the record."""
    from genbench.cli.shown import say, show_scores, verdict_words

    (own,) = record.candidates
    show_scores(own.name, own.scores)
    for name, missing in own.missing.items():
        say(f"{name}: {missing}")
    if own.memorisation:
        say(f"memorisation: {verdict_words(own.memorisation)}")
    for gate, why in own.barred.items():
        say(f"{gate}: {why}")
    print()
    say(f"{'samples':<10} {samples.name}: {len(samples.x):,} rows, sha256 {samples.sha256[:16]}")
    say(f"{'board':<10} {record.suite.name}/{own.task}, protocol {record.protocol[:16]}")
    say(f"{'record':<10} {path}")
