"""`genbench schema`: the JSON Schema of what genbench writes, for programs that read it."""

from argparse import Namespace

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command

EXAMPLES = """\
examples:
  genbench schema record > record.schema.json
  genbench schema check > check.schema.json

Draft 2020-12; every field of a trial's record.json, or of a report of genbench check, has its description.
"""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "schema", "the JSON Schema of what genbench writes", EXAMPLES, described)
    what = "record: the result of a trial; check: what genbench check --report writes"
    parser.add_argument("what", choices=("record", "check"), help=what)


def described(options: Namespace) -> Exit:
    """Print the schema."""
    from genbench.cli.printing import print_json
    from genbench.records import check_schema, record_schema

    schemas = {"record": record_schema, "check": check_schema}
    print_json(schemas[options.what]())
    return Exit.OK
