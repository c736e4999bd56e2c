"""Given: what a caller from Python says of a run, in the forms that people write, as options."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.runs.options import Options

PATHS, TEXTS = ("out", "secret"), ("suite", "device", "existing", "executor", "address", "isolation", "data_root")
SEVERAL = ("models", "tasks", "plugin", "python", "limit", "extractor_weights", "replay")
FLAGS, COUNTS, FROM_ZERO = ("all", "core", "quick"), ("seeds", "jobs"), ("first_seed",)
KNOWN = tuple(field.name for field in fields(Options))


def options_of(models: object, given: Mapping[str, object]) -> Options:
    """The options of a call: paths may be text, text may be a path, and one of several needs no list around it.

    Raises:
        GenbenchError: there is no such option, or it takes something else.
    """
    for name in given:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise GenbenchError(f"run takes no option {name!r}{hint} (known: listener, {', '.join(KNOWN)})")
    told = {"models": models, **given}
    return Options(**{name: _read(name, value) for name, value in told.items()})  # type: ignore[arg-type]


def _read(name: str, value: object) -> object:
    """The value of an option in its own type."""
    if name in SEVERAL:
        items = [value] if isinstance(value, str | os.PathLike) else value
        if not isinstance(items, list | tuple) or not all(isinstance(item, str | os.PathLike) for item in items):
            raise _refused(name, "text, or a list of it", value)
        return [Path(item) if name == "replay" else os.fspath(item) for item in items]
    whole = isinstance(value, int) and not isinstance(value, bool)
    if (name in FROM_ZERO and whole) or (name in COUNTS and (whole or value is None)):
        return value
    if name in FLAGS and isinstance(value, bool):
        return value
    if name in PATHS and value != "" and (isinstance(value, str | os.PathLike) or (name == "secret" and value is None)):
        return None if value is None else Path(value)
    if name in TEXTS and isinstance(value, str | os.PathLike):
        return os.fspath(value)
    raise _refused(name, _expected(name), value)


def _expected(name: str) -> str:
    if name in FLAGS:
        return "True or False"
    if name in FROM_ZERO:
        return "an integer from 0"
    if name in COUNTS:
        return "a positive integer"
    return "the path of a file or folder" if name in PATHS else "text"


def _refused(name: str, expected: str, value: object) -> GenbenchError:
    return GenbenchError(f"{name} takes {expected}, got {str(value)!r} of type {type(value).__name__}")
