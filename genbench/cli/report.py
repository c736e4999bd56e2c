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
    from genbench.leaderboard import editions
    from genbench.records.files import read_records
    from genbench.report import render
    from genbench.store.run_folder import check_writable

    records = [record for folder in options.records for record in read_records(folder)]
    if not records:
        folders = ", ".join(map(str, options.records))
        raise GenbenchError(f"{folders}: no record, no *.json and no */record.json; `genbench run` writes them")
    check_writable(options.out)
    print(render(editions(records), options.out, definitions()))
    return Exit.OK
