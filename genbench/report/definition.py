"""What the harness knows of a metric beyond the records: where it is installed, its own words."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """What an installed metric says of itself, for those scores that its version made."""

    version: str
    words: str
    """The first sentences of its docstring."""
    blind_to: tuple[str, ...] = ()
    """Known distortions that it does not see, by its definition."""


Definitions = Mapping[str, Definition]  # by the metric's name
