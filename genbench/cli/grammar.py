"""What the grammars of all commands share: the parser, the way to add a command, the options that several take."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol

from genbench.cli.exits import Exit
from genbench.errors import GenbenchError

Body = Callable[[argparse.Namespace], Exit]


class Parser(argparse.ArgumentParser):
    """Reports a usage error as one line, like every other error; an option is written in full."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            GenbenchError: always.
        """
        raise GenbenchError(f"{message} (see {self.prog} --help)")


class Commands(Protocol):
    """What a command is added to."""

    def add_parser(self, name: str, **options: Any) -> Parser:
        """A command's own parser, empty."""


class Arguments(Protocol):
    """What an argument is added to: a parser, or a group of its arguments."""

    def add_argument(self, *flags: str, **options: Any) -> argparse.Action:
        """Add one."""


def a_path(text: str) -> Path:
    """The path that an option or an argument takes; "" is none, though Python reads it as this folder.

    Raises:
        ArgumentTypeError: it is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got ''; . is this folder")
    return Path(text)


def add_command(commands: Commands, name: str, summary: str, examples: str, body: Body) -> Parser:
    """Add a command, whose arguments are still to come.

    Args:
        name: what users type.
        summary: what it does, in a line.
        examples: shown below its help.
        body: does it, with the parsed options.
    """
    raw = argparse.RawDescriptionHelpFormatter
    parser = commands.add_parser(name, help=summary, description=summary, epilog=examples, formatter_class=raw)
    parser.set_defaults(body=body)
    return parser


def add_plugin(to: Arguments) -> None:
    """The option that names loose model plugins."""
    to.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE_OR_MODULE",
        help="a model plugin that is not installed; may be repeated",
    )


def add_models(to: Arguments, words: str) -> None:
    """The option that names models; `words` say what their settings are for."""
    to.add_argument(
        "-m",
        "--model",
        dest="models",
        action="append",
        default=[],
        metavar="NAME[SETTING=VALUE,…]",
        help=f"a model, {words}; may be repeated",
    )


def add_placing(to: Arguments) -> None:
    """The options that say where steps run, and where results go and lie already."""
    to.add_argument("--jobs", type=int, metavar="N", help="steps beside each other (default: one per core or GPU)")
    words = "where steps run: local, ray, slurm (default: local)"
    to.add_argument("--executor", default="local", metavar="NAME", help=words)
    words = "of Ray's head, HOST:PORT (default: where Ray finds it)"
    to.add_argument("--address", default="", metavar="ADDRESS", help=words)
    words = "gets runs/SUITE with its report (default: here)"
    to.add_argument("--out", type=a_path, default=Path(), metavar="DIR", help=words)
    words = "what to do with earlier results of the same inputs (default: reuse)"
    to.add_argument("--existing", default="reuse", metavar="reuse|retry-failed|force", help=words)


def add_device(to: Arguments) -> None:
    """The option that chooses where tensors are."""
    to.add_argument("--device", default="auto", help="auto (the GPU where there is one), cpu, cuda, cuda:N, mps")


def add_sources(to: Arguments) -> None:
    """The options that say where data and weights lie which genbench does not ship."""
    to.add_argument(
        "--data-root", default="", metavar="DIR", help="copies of datasets (default: $GENBENCH_DATA, then the cache)"
    )
    to.add_argument(
        "--extractor-weights",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="the weights of an extractor (default: the cache, torch's cache); FILE alone where one needs any",
    )


def add_json(to: Arguments, what: str = "as JSON on stdout") -> None:
    """The option that asks for JSON in the place of a table."""
    to.add_argument("--json", action="store_true", help=what)
