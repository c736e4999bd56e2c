"""What failed, a line for each trial and reason: where in the plugin it came from, and where the log is."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from genbench.leaderboard import Failure

LOG = "log.txt"
Folders = Mapping[tuple[str, int], Path]  # (model with its settings, seed) → the trial's folder


def failure_lines(failures: Iterable[Failure], folders: Folders) -> Iterator[str]:
    """A line for each; what several samplers of a trial share is told once, of the model."""
    groups: dict[tuple[object, ...], list[Failure]] = {}
    for failure in failures:
        alike = failure.model, failure.seed, failure.step, failure.words, failure.reason
        groups.setdefault(alike, []).append(failure)
    for group in groups.values():
        first = group[0]
        name = first.name if len(group) == 1 else first.model
        where = f", {first.stage}" if first.stage else ""
        yield f"{first.words}: {name} seed {first.seed}{where}: {first.reason}{_source(first, folders)}"


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
