"""What failed, a line for each trial and reason: where in the plugin it came from, and where the log is.

What was skipped for one reason has one line, whoever it is.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from genbench.leaderboard import Failure
from genbench.leaderboard.words import at_seeds

LOG = "log.txt"
Folders = Mapping[tuple[str, int], Path]  # (model with its settings, seed) → the trial's folder


def failure_lines(failures: Iterable[Failure], folders: Folders) -> Iterator[str]:
    """A line for each; what several samplers of a trial share is told once, of the model."""
    groups: dict[tuple[object, ...], list[Failure]] = {}
    for failure in failures:
        trial = (failure.model, failure.seed) if failure.status.failed else ()
        alike = *trial, failure.step, failure.words, failure.reason
        groups.setdefault(alike, []).append(failure)
    for group in groups.values():
        first = group[0]
        where = f", {first.stage}" if first.stage else ""
        yield f"{first.words}: {_named(group)}{where}: {first.reason}{_source(first, folders)}"


def _named(group: Sequence[Failure]) -> str:
    """Whom a line is about, and at which seeds."""
    seeds: dict[str, dict[int, None]] = {}
    for failure in group:
        seeds.setdefault(group[0].name if len(group) == 1 else failure.model, {})[failure.seed] = None
    names: dict[tuple[int, ...], list[str]] = {}
    for name, at in seeds.items():
        names.setdefault(tuple(sorted(at)), []).append(name)
    return "; ".join(f"{', '.join(own)} {at_seeds(at)}" for at, own in names.items())


def _source(failure: Failure, folders: Folders) -> str:
    parts = [f"at {_near(failure.place)}"] if failure.place else []
    folder = folders.get((failure.model, failure.seed))
    log = folder / failure.step / LOG if folder is not None else None
    if log is not None and failure.status.failed and log.is_file():
        parts.append(f"log: {_near(str(log))}")
    return f" ({'; '.join(parts)})" if parts else ""


def _near(path: str) -> str:
    """A path below the current folder as seen from there."""
    here = os.getcwd() + os.sep
    return path.removeprefix(here)
