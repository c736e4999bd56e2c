"""Printing: JSON on stdout, and what the user has to be told, a line each, on stderr."""

import json
import sys
from typing import TYPE_CHECKING

from genbench.errors import plain

if TYPE_CHECKING:
    from genbench.catalogue import Catalogue


def print_json(value: object) -> None:
    """Print plain JSON as what was asked for."""
    print(json.dumps(value, indent=1))


def tell(words: str) -> None:
    """Tell the user something beside what was asked for."""
    print(f"genbench: {one_line(words)}", file=sys.stderr)


def tell_faults(catalogue: "Catalogue") -> None:
    """Tell what is wrong with plugins, a line for each fault."""
    for fault in catalogue.faults:
        tell(f"plugin fault: {fault}")


def one_line(words: str) -> str:
    """Text without line breaks: where it has some, each run of white space becomes a blank; what else is not shown
    in a terminal, or moves its cursor, is spelt out."""
    return words if words.isprintable() else plain(" ".join(words.split()))
