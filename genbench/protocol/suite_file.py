"""A suite's file: read, held against the keys that there are, and brought into today's form."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from genbench.contracts.settings import NAME
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.protocol.suite import ALL, CAPS, Budget, Quick, Suite
from genbench.protocol.tune import Tune
from genbench.records.record import TaskTerms

FEWEST = 2  # samples, or questions, that say anything of a distribution
GENERATE = ("count", "scores", "axes")  # keys that stood at the top when samples were all that was asked for
TABLES: Mapping[str, type] = {"quick": Quick, "budget": Budget, "tune": Tune}  # of a file, besides its tasks


@dataclass(frozen=True)
class SuiteFile:
    """A suite as it was read.

    Args:
        notes: what its author should write anew, one line each.
    """

    suite: Suite
    notes: tuple[str, ...] = ()


def read(path: Path) -> SuiteFile:
    """Read a suite file.

    Raises:
        GenbenchError: not there, not TOML, an unknown or missing key, a value of the wrong kind.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GenbenchError(f"suite {path}: {_unread(error)}") from error
    values, notes = _renewed(values, path)
    _check_keys(values, path)
    try:
        suite = codec.decoded(Suite, values, "suite")
    except GenbenchError as error:
        raise GenbenchError(f"suite {path}: {str(error).removeprefix('suite.').removeprefix('suite: ')}") from None
    _check(suite, path)
    places = {name: str(path.parent / place) for name, place in suite.python.items()}
    return SuiteFile(replace(suite, title=suite.title or suite.name, python=places), notes)


def _unread(error: Exception) -> str:
    """Why a file cannot be read as TOML."""
    if isinstance(error, OSError):
        return f"it cannot be read ({error.strerror})"
    return "it is no UTF-8; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _renewed(values: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A file in today's form, and what to say of one in an older form."""
    old = {key: values[key] for key in GENERATE if key in values}
    if not old or "tasks" in values:
        return dict(values), ()
    note = f"suite {path}: {', '.join(old)} stand in a table [tasks.generate] now; write them there"
    return {**{key: value for key, value in values.items() if key not in old}, "tasks": {"generate": old}}, (note,)


def _check_keys(values: Mapping[str, Any], path: Path) -> None:
    """Name a key that is none before the one that is missing in its place: most are misspelt.

    Raises:
        GenbenchError: there is one.
    """
    tasks = values.get("tasks")
    tables: list[tuple[str, object, type]] = [("", values, Suite)]
    tables += [(f" in [{name}]", values.get(name), kind) for name, kind in TABLES.items()]
    if isinstance(tasks, dict):
        tables += [(f" in [tasks.{name}]", terms, TaskTerms) for name, terms in tasks.items()]
    for place, table, kind in tables:
        known = sorted(field.name for field in fields(kind))
        for key in table if isinstance(table, dict) else ():
            if key not in known:
                raise GenbenchError(f"suite {path}: unknown key{place} {key} (known: {', '.join(known)})")


def _check(suite: Suite, path: Path) -> None:
    """Refuse what no type says.

    Raises:
        GenbenchError: no task, an unknown stage or cap, a task that names no three axes or an axis without its score.
    """
    if suite.quick and suite.quick.seconds_cpu and not suite.budget:
        raise GenbenchError(f"suite {path}: [quick] seconds_cpu changes a [budget], and there is none")
    if not suite.tasks:
        raise GenbenchError(f"suite {path}: it asks nothing; write a table [tasks.generate]")
    quick = suite.quick.tasks if suite.quick else ()
    for place, names in (("default_tasks", suite.default_tasks), ("[quick]", quick)):
        if other := [name for name in names if name not in suite.tasks]:
            known = ", ".join(suite.tasks)
            raise GenbenchError(f"suite {path}: unknown task {other[0]!r} in {place} (known: {known})")
    for name in suite.caps:
        if name not in CAPS:
            raise GenbenchError(f"suite {path}: unknown name {name!r} in [caps] (known: {', '.join(CAPS)})")
    for name, terms in suite.tasks.items():
        if name == ALL or not NAME.fullmatch(name):
            raise GenbenchError(f"suite {path}: a task's name matches {NAME.pattern} and is not {ALL!r}, got {name!r}")
        if terms.count < FEWEST:
            words = f"count is a number of samples or questions, at least {FEWEST}: one has no spread"
            raise GenbenchError(f"suite {path}: [tasks.{name}] {words}; got {terms.count}")
        if terms.batch == 0:
            raise GenbenchError(f"suite {path}: [tasks.{name}] batch is a number of questions, at least 1; got 0")
        if not terms.scores:
            raise GenbenchError(f"suite {path}: [tasks.{name}] scores names no score")
