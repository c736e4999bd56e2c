"""The command line: the only room that prints. What was asked for goes to stdout, progress to stderr."""

import sys
from collections.abc import Sequence

from genbench.cli.exits import INTERRUPTED, OK, USAGE
from genbench.cli.parser import parser
from genbench.errors import GenbenchError
from genbench.execution import machine


def entry() -> int:
    """The program: `main`, and an end to all that it has left running, even where its fork server was killed."""
    machine.adopt_orphans()
    try:
        return main()
    finally:
        machine.end_children()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code is 0 (all ok), 1 (some failed), 2 (wrong usage) or 130 (interrupted)."""
    try:
        options = parser().parse_args(arguments)
        from genbench.cli import commands

        code: int = getattr(commands, f"{options.command}_command")(options)
    except GenbenchError as error:
        print(f"genbench: {' '.join(str(error).split())}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return OK
    return code
