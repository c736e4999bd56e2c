"""`genbench report`: render the site from a folder of records."""

from argparse import Namespace

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
    from genbench.catalogue.definitions import definitions
    from genbench.errors import GenbenchError
    from genbench.export.downloads import downloads
    from genbench.leaderboard import editions
    from genbench.leaderboard.references import beside
    from genbench.records.files import read, record_files
    from genbench.report import publication, render
    from genbench.store.run_folder import check_writable

    found = {path: read(path) for folder in options.records for path in record_files(folder)}
    records = list(found.values())
    folders = {path.parent: record.protocol for path, record in found.items()}
    references = {protocol: own for folder, protocol in folders.items() if (own := beside(folder))}
    if not records:
        named = ", ".join(map(str, options.records))
        raise GenbenchError(f"{named} holds no record, no *.json and no */record.json; `genbench run` writes them")
    told = publication.of(options.records)
    check_writable(options.out)
    print(render(editions(records, references), options.out, definitions(), downloads, told))
    return Exit.OK
