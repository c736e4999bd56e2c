"""`genbench report`: render the site from a folder of records."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, a_path, add_command

if TYPE_CHECKING:
    from genbench.records.record import Record

EXAMPLES = """\
examples:
  genbench report leaderboards --out reports                all boards of the folder, as one site
  genbench report leaderboards/digits/records --out /tmp/site
  genbench report runs/digits --out /tmp/site --with-records   each board offers its records for download
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "report", "render the site from folders of records", EXAMPLES, rendered)
    what = "a folder of record files, a run's folder, or a folder of such folders; may be several"
    parser.add_argument("records", type=a_path, nargs="+", help=what)
    words = "offer the records for download too: SUITE/records.zip, linked from each board"
    parser.add_argument("--with-records", action="store_true", dest="archives", help=words)
    parser.add_argument("--out", type=a_path, required=True, metavar="DIR", help="the site's folder")


def rendered(options: Namespace) -> Exit:
    """Render the site, and say where its first page is."""
    print(site_of(options.records, options.out, options.archives))
    return Exit.OK


def site_of(places: Sequence[Path], out: Path, archives: bool = False) -> Path:
    """Render the site of all records in some folders, and return the path of its first page.

    Args:
        archives: offer the records too, as a file for each protocol.

    Raises:
        GenbenchError: no record is there, no board can hold them, or the site cannot be written.
    """
    from genbench.catalogue.definitions import definitions
    from genbench.errors import GenbenchError
    from genbench.export.downloads import downloads
    from genbench.leaderboard import editions
    from genbench.leaderboard.references import beside
    from genbench.records.files import read, record_files
    from genbench.records.tuning import beside as beside_tunings
    from genbench.records.vouchers import beside as beside_vouchers
    from genbench.report import publication, render
    from genbench.store.run_folder import check_writable

    found = {path: read(path) for folder in places for path in record_files(folder)}
    records = list(found.values())
    folders = {path.parent: record.protocol for path, record in found.items()}
    references = {protocol: own for folder, protocol in folders.items() if (own := beside(folder))}
    tunings = {protocol: beside_tunings(folder.parent) for folder, protocol in folders.items()}
    if not records:
        named = ", ".join(map(str, places))
        raise GenbenchError(f"{named} holds no record, no *.json and no */record.json; `genbench run` writes them")
    told = publication.of(places)
    vouched = {sha256: own for folder in folders for sha256, own in beside_vouchers(folder).items()}
    check_writable(out)
    offered = _archives(found) if archives else {}
    return render(editions(records, references, vouched, tunings), out, definitions(), downloads, told, offered)


def _archives(found: Mapping[Path, "Record"]) -> dict[str, bytes]:
    """By protocol, the files of records, named as in a board's folder; another of that name has its hash before it."""
    from genbench.export.archive import archived
    from genbench.leaderboard.merging import Filed

    files: dict[str, dict[str, bytes]] = {}
    for path, record in found.items():
        own, name = files.setdefault(record.protocol, {}), Filed(path, record).name
        own[name if name not in own else f"{record.sha256[:8]}.{name}"] = path.read_bytes()
    return {protocol: archived(own) for protocol, own in files.items()}
