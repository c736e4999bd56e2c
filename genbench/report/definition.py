"""What the harness knows beyond the records: where a metric or a task is installed, its own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Definition:
    """What an installed metric says of itself, for those scores that its version made."""

    version: str
    words: str
    """The first sentences of its docstring."""
    blind_to: tuple[str, ...] = ()
    """Known distortions that it does not see, by its definition."""


@dataclass(frozen=True)
class Definitions:
    """What installed parts say of themselves."""

    metrics: Mapping[str, Definition] = field(default_factory=dict)
    """By the metric's name."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """By the task's name: what an answer to it means, and what it does not."""
