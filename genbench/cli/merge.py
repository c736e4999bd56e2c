"""`genbench merge`: join the records of several runs and machines, and of bundles that pass."""

import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, a_path, add_command
from genbench.cli.verify import add_terms

if TYPE_CHECKING:
    from genbench.leaderboard.merging import Filed
    from genbench.submission.verification import Verified

EXAMPLES = """\
examples:
  genbench merge here/runs/digits there/runs/digits --into all
  genbench merge her-bundle his-bundle --into leaderboards/digits --out site

The board of all of them is rendered to DIR/report, or where --out says. Records are copied as they are, to DIR/records.
They are of one protocol. Of a trial that several runs have, the records are the same, or nothing is written; of a
control the newest stands, and a bundle brings only those that the board lacks. What lies in DIR already is joined too.

A bundle is verified first; one that is refused ends it all, with exit code 1, and nothing is written. How far each
record of a bundle was verified is kept in DIR/verified.json, whether it is new to the board or lay there before.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    summary = "join the records of several runs and machines"
    parser = add_command(commands, "merge", summary, EXAMPLES, joined)
    words = "a run's folder, one of record files, or a bundle"
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=words)
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="the folder of the joined records")
    words = "where the board is rendered (default: DIR/report)"
    parser.add_argument("--out", type=a_path, metavar="SITE", help=words)
    words = "sign DIR/verified.json, all of it, with this key; once a board is signed, each bundle needs one"
    parser.add_argument("--key", type=a_path, metavar="FILE", help=words)
    parser.add_argument("--no-report", action="store_true", help="render nothing")
    add_terms(parser)


def joined(options: Namespace) -> Exit:
    """Join them, copy each to its place, and say how many there are."""
    with tempfile.TemporaryDirectory(prefix="genbench-merge-") as scratch:
        return _joined(options, Path(scratch))


def _joined(options: Namespace, scratch: Path) -> Exit:
    from genbench.cli.printing import tell
    from genbench.leaderboard.merging import Filed, merged
    from genbench.records.files import read, record_files
    from genbench.records.vouchers import check_key, home_of
    from genbench.submission.merging import filed, is_bundle, vouch

    bundles = {folder: scratch / str(number) for number, folder in enumerate(options.runs) if is_bundle(folder)}
    if bundles or options.key is not None:
        check_key(home_of(options.into), options.key)
    checked = _verified(options, bundles)
    if not all(found.passed for found in checked.values()):
        return Exit.FAILED
    there = [Filed(path, read(path)) for path in record_files(options.into)] if options.into.is_dir() else []
    others = [folder for folder in options.runs if folder not in bundles]
    own = [Filed(path, read(path)) for folder in others for path in record_files(folder)]
    copies = {}
    for folder, found in checked.items():
        for record, words in filed(folder, found, there):
            if words:
                tell(words)
            else:
                own.append(record)
                copies[record.path] = bundles[folder] / record.path.relative_to(folder)
    result = merged([*there, *own])
    for words in result.passed_over:
        tell(words)
    _write(options.into, result.filed, copies)
    if checked or options.key is not None:
        vouch(home_of(options.into), list(checked.values()), result.filed, options.key)
    _say(options.into, result.filed)
    if not options.no_report:
        from genbench.runs.session import REPORT

        print(f"report: {_rendered(options.into, options.out or options.into / REPORT)}")
    return Exit.OK


def _rendered(into: Path, out: Path) -> Path:
    """Render the board of what was merged.

    Raises:
        GenbenchError: it cannot be; says that the records are there all the same.
    """
    from genbench.cli.report import site_of
    from genbench.errors import GenbenchError

    try:
        return site_of([into], out)
    except GenbenchError as error:
        raise GenbenchError(f"the records are merged, and no report of them is rendered: {error}") from error


def _verified(options: Namespace, bundles: dict[Path, Path]) -> "dict[Path, Verified]":
    """What came of verifying the bundles; refusals are told."""
    from genbench.cli.printing import tell
    from genbench.cli.verify import line_of, sources_of, verdict
    from genbench.execution.supervisor import Supervisor
    from genbench.submission.verification import verified

    found: dict[Path, Verified] = {}
    if not bundles:
        return found
    with Supervisor() as supervisor:
        for folder, scratch in bundles.items():
            scratch.mkdir()
            found[folder] = verified(folder, scratch, sources_of(options, options.into), supervisor)
            for finding in found[folder].findings:
                tell(f"{folder}: {line_of(finding)}")
            tell(f"{folder}: {verdict(found[folder])}")
    return found


def _write(into: Path, filed: "tuple[Filed, ...]", copies: dict[Path, Path]) -> None:
    """Copy each record to `records`, or beside those that lie in the folder itself."""
    from genbench.files.atomic import write_bytes
    from genbench.records.files import record_files
    from genbench.records.vouchers import RECORDS
    from genbench.store.run_folder import check_writable

    beside = any(path.parent == into for path in record_files(into)) if into.is_dir() else False
    place = into if beside or into.name == RECORDS else into / RECORDS
    check_writable(place)
    place.mkdir(parents=True, exist_ok=True)
    for own in filed:
        target = place / own.name
        if not (target.exists() and own.path.exists() and target.samefile(own.path)):
            write_bytes(target, copies.get(own.path, own.path).read_bytes())


def _say(into: Path, filed: "tuple[Filed, ...]") -> None:
    machines = {own.record.machine.device_name for own in filed}
    models = {own.record.model.reference for own in filed if own.record.model.control is None}
    told = f"{len(filed)} records, {len(models)} models besides controls, measured on {', '.join(sorted(machines))}"
    print(f"{into}: {told}")
