"""Exit codes of the program, which scripts rely on."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    """Some candidate failed, or genbench itself."""
    USAGE = 2
    """What the user can mend: a wrong option, an input that cannot be used."""
    UNMET = 3
    """What `--fail-if` names has come true, or cannot be told; of two boards, something is worse or fails anew."""
    INTERRUPTED = 130
    """By Ctrl-C or SIGTERM; what has finished is kept."""
