"""`genbench report`: render the site from a folder of records."""

from argparse import Namespace

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, a_path, add_command

EXAMPLES = """\
examples:
  genbench report leaderboards/digits/records --out reports/digits
  genbench report runs/digits --out /tmp/site
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "report", "render the site from a folder of records", EXAMPLES, rendered)
    parser.add_argument("records", type=a_path, help="a folder of record files, or a run's folder")
    parser.add_argument("--out", type=a_path, required=True, metavar="DIR", help="the site's folder")


def rendered(options: Namespace) -> Exit:
    """Render the site, and say where its first page is."""
    from genbench.errors import GenbenchError
    from genbench.leaderboard import boards
    from genbench.leaderboard.references import beside
    from genbench.records.files import read_records
    from genbench.report import render
    from genbench.store.run_folder import check_writable

    records = read_records(options.records)
    if not records:
        raise GenbenchError(
            f"{options.records} holds no record, no *.json and no */record.json; `genbench run` writes them"
        )
    check_writable(options.out)
    print(render(boards(records, beside(options.records)), options.out))
    return Exit.OK
