"""`genbench prepare`: download a dataset, or an extractor's weights."""

from argparse import Namespace
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command

if TYPE_CHECKING:
    from genbench.execution.supervisor import Supervisor

EXAMPLES = """\
examples:
  genbench prepare fashion-mnist             into genbench's cache, where every run finds it
  genbench prepare cifar10 --data-root data
  genbench prepare inception-v3-compat       an extractor's weights

What is there already is not downloaded again; each file is checked against its published digest.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "prepare", "download a dataset, or an extractor's weights", EXAMPLES, prepared)
    parser.add_argument("name", help="of a dataset or an extractor (see genbench list)")
    parser.add_argument("--data-root", default="", metavar="DIR", help="gets a dataset's files (default: the cache)")


def prepared(options: Namespace) -> Exit:
    """Download what was named, and say what is there."""
    from genbench.execution.supervisor import Supervisor

    with Supervisor() as supervisor:
        print(ready(options.name, options.data_root, supervisor))
    return Exit.OK


def ready(name: str, data_root: str, supervisor: "Supervisor") -> str:
    """Download a dataset or an extractor's weights where they are not there; what is there then, in a line.

    Args:
        data_root: gets a dataset's files; "": the cache.
    Raises:
        GenbenchError: no such name, or the download failed.
    """
    from genbench import catalogue as catalogues
    from genbench.runs.preparation import fetched

    facts = fetched(name, data_root, catalogues.read(supervisor, retry=True), supervisor)
    rows = ", ".join(f"{split} {count:,}" for split, count in facts.rows.items())
    return f"{name} is ready{f' ({rows})' if rows else ''}: sha256 {facts.sha256}, {facts.path}"
