"""The errors that users and plugin authors meet: one line each, with what was expected, what was found, the way out."""

import difflib
from collections.abc import Iterable

SHOWN = 300  # characters of an unforeseen error's own words in the line that tells of it; its log has them all


def plain(text: str) -> str:
    """Text with each character that could steer a terminal, or hide what it says, spelt out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class GenbenchError(Exception):
    """Something the user can mend; the command line prints it as one line and exits with 2."""


class Unsuitable(GenbenchError):
    """A model with these settings cannot serve this Space: its trial is skipped, with this reason."""


class Unavailable(GenbenchError):
    """A metric cannot be computed from this evidence: the board shows "n/a", with this reason."""


class InvalidEvidence(GenbenchError):
    """What a model returned is not what its Space asks for; nothing is cast, clipped or resized to fit."""


class OwnFault(Exception):
    """Something in genbench itself went wrong; its words, one line, name the log that has the traceback."""


def own_fault(error: BaseException, ending: str) -> str:
    """The line for an error that nobody foresaw; `ending` says where its traceback is, and what to do."""
    words = plain(" ".join(f"{type(error).__name__}: {error}".split()))[:SHOWN]
    return f"a bug of genbench itself: {words}; {ending}"


def unknown(kind: str, name: str, known: Iterable[str]) -> GenbenchError:
    """The error for a name that is none of `known`, with the nearest one suggested."""
    names = sorted(known)
    near = [own for own in names if own.casefold() == name.casefold()] or difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return GenbenchError(f"no {kind} is named {name!r}{hint} (known: {', '.join(names) or 'none'})")
