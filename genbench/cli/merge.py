"""`genbench merge`: join the records of several runs and machines."""

from argparse import Namespace
from pathlib import Path

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command

EXAMPLES = """\
examples:
  genbench merge here/runs/digits there/runs/digits --into all

`genbench report all --out site` renders a board of all of them. Records are copied as they are. They are of one
protocol: the same data, budget and batch. Of a trial that several runs have, the records are the same, or nothing is
written; of a control the newest stands. What lies in DIR already is joined too.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "merge", "join the records of several runs and machines", EXAMPLES, joined)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a run's folder, or one of record files")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="the folder of the joined records")


def joined(options: Namespace) -> Exit:
    """Join them, copy each to its place, and say how many there are."""
    from genbench.cli.printing import tell
    from genbench.files.atomic import write_bytes
    from genbench.leaderboard.merging import Filed, merged
    from genbench.records.files import read, record_files
    from genbench.store.run_folder import check_writable

    folders = [*([options.into] if options.into.is_dir() else []), *options.runs]
    found = merged([Filed(path, read(path)) for folder in folders for path in record_files(folder)])
    check_writable(options.into)
    options.into.mkdir(parents=True, exist_ok=True)
    for words in found.passed_over:
        tell(words)
    for filed in found.filed:
        place = options.into / filed.name
        if not (place.exists() and place.samefile(filed.path)):
            write_bytes(place, filed.path.read_bytes())
    machines = {filed.record.machine.device_name for filed in found.filed}
    models = {filed.record.model.reference for filed in found.filed if filed.record.model.control is None}
    told = (
        f"{len(found.filed)} records, {len(models)} models besides controls, measured on {', '.join(sorted(machines))}"
    )
    print(f"{options.into}: {told}")
    return Exit.OK
