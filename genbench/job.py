"""A job: one stage of work for one child process, as plain JSON. What comes back is a folder and an exit code."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JOB = "job.json"
FACTS = "facts.json"
FAILURE = "failure.json"


@dataclass(frozen=True)
class Job:
    """A stage to run.

    Args:
        stage: which; the child process looks its function up by this name.
        folder: where it writes, and its working directory.
        arguments: what the stage needs to know, as plain JSON.
        log: the file that its output is appended to.
        limit: wall-clock seconds after which it is stopped.
        threads: how many threads its numeric libraries may use; the bytes that come out depend on it.
    """

    stage: str
    folder: Path
    arguments: Mapping[str, Any]
    log: Path
    limit: float
    threads: int = 1
