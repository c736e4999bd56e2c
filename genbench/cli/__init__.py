"""The command line: the only room that prints. What was asked for goes to stdout, progress to stderr.

Each command is a file, with its grammar and its body. Bodies import what they need when they run, so that the help
is there at once.
"""

from collections.abc import Callable, Sequence

from genbench.cli import (
    bundle,
    check,
    compare,
    completion,
    doctor,
    export,
    key,
    listing,
    merge,
    new,
    prepare,
    report,
    run,
    schema,
    score,
    stats,
    streams,
    tune,
    verify,
)
from genbench.cli.bugs import reported, shortage
from genbench.cli.exits import Exit
from genbench.cli.grammar import Body, Commands, Parser
from genbench.cli.printing import tell
from genbench.errors import GenbenchError, OwnFault
from genbench.execution import machine, strangers
from genbench.version import VERSION

Add = Callable[[Commands], None]
COMMANDS: Sequence[Add] = (
    *(run.add, tune.add, listing.add, prepare.add, score.add, stats.add, report.add, compare.add, export.add),
    *(key.add, bundle.add, verify.add, merge.add, new.add, check.add, schema.add, doctor.add),
    completion.add,
)


def entry() -> int:
    """The program: `main`, and an end to all that it has left running, even where its fork server was killed."""
    stdout = streams.prepare()
    machine.adopt_orphans()
    try:
        code = main()
    finally:
        machine.end_children()
    words = streams.trouble(stdout)
    if words:
        tell(f"stdout cannot be written ({words}): what was asked for is not there; what lies on disk is kept")
    return Exit.USAGE if words else Exit.OK if words == "" else code


def main(arguments: Sequence[str] | None = None, commands: Sequence[Add] = COMMANDS) -> int:
    """Run one command; see `Exit` for what is returned.

    Args:
        arguments: None: those that the program was called with.
        commands: what adds each command to the grammar.
    """
    try:
        options = parser(commands).parse_args(arguments)
        body: Body = options.body
        strangers.pass_over_broken()
        return body(options)
    except GenbenchError as error:
        tell(str(error))
        return Exit.USAGE
    except OwnFault as fault:
        tell(str(fault))
        return Exit.FAILED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # nobody foresaw it
        return _unforeseen(error)


def _unforeseen(error: Exception) -> Exit:
    """Tell what the machine lacks; else it is a bug of ours. What stdout could not take is told at the end."""
    if streams.failed(error):
        return Exit.USAGE
    words = shortage(error)
    tell(words or reported(error))
    return Exit.USAGE if words else Exit.FAILED


def parser(commands: Sequence[Add] = COMMANDS) -> Parser:
    """The parser of all commands."""
    top = Parser(prog="genbench", description="A benchmark harness for deep generative models.")
    top.add_argument("--version", action="version", version=f"genbench {VERSION}")
    grammar = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for add in commands:
        add(grammar)
    return top
