"""`genbench schema`: the JSON Schema of what genbench writes, for programs that read it."""

from argparse import Namespace

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command

EXAMPLES = """\
examples:
  genbench schema record > record.schema.json

Draft 2020-12; every field of a trial's record.json has its description.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "schema", "the JSON Schema of what genbench writes", EXAMPLES, described)
    parser.add_argument("what", choices=("record",), help="record: the result of a trial")


def described(options: Namespace) -> Exit:
    """Print the schema."""
    from genbench.cli.printing import print_json
    from genbench.records import record_schema

    schemas = {"record": record_schema}
    print_json(schemas[options.what]())
    return Exit.OK
