"""`genbench report`: render the site from a folder of records."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, a_path, add_command

EXAMPLES = """\
examples:
  genbench report leaderboards --out reports                all boards of the folder, as one site
  genbench report leaderboards/digits/records --out /tmp/site
  genbench report runs/digits --out /tmp/site
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "report", "render the site from folders of records", EXAMPLES, rendered)
    what = "a folder of record files, a run's folder, or a folder of such folders; may be several"
    parser.add_argument("records", type=a_path, nargs="+", help=what)
    parser.add_argument("--out", type=a_path, required=True, metavar="DIR", help="the site's folder")


def rendered(options: Namespace) -> Exit:
    """Render the site, and say where its first page is."""
    print(site_of(options.records, options.out))
    return Exit.OK


def site_of(places: Sequence[Path], out: Path) -> Path:
    """Render the site of all records in some folders, and return the path of its first page.

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
    return render(editions(records, references, vouched, tunings), out, definitions(), downloads, told)
