"""A job: one stage of work for one child process, as plain JSON. What comes back is a folder and an exit code."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench.processes.isolation import Confinement, temporary

JOB = "job.json"
FACTS = "facts.json"
FAILURE = "failure.json"
RESUME = "resume"  # folder in which a stage keeps what a killed one goes on from


@dataclass(frozen=True)
class Caps:
    """What a job may take of its machine, in bytes.

    Args:
        memory: of its whole process tree, mapped files apart.
        disk: that its folder may hold.
        log: of its output that are kept: the first and the last half.
        device_memory: of a GPU that torch may take for it.
    """

    memory: int = 8 * 2**30
    disk: int = 4 * 2**30
    log: int = 16 * 2**20
    device_memory: int = 16 * 2**30


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
        caps: what it may take besides time.
        confinement: what it may reach; None: as much as the harness itself.
        python: the interpreter of a plugin with an environment of its own; "": this one.
        device: the one that it computes on.
        device_free: bytes of that device that have to be free, as they were before others used it; None: no matter.
    """

    stage: str
    folder: Path
    arguments: Mapping[str, Any]
    log: Path
    limit: float
    threads: int = 1
    caps: Caps = Caps()
    confinement: Confinement | None = None
    python: str = ""
    device: str = "cpu"
    device_free: int | None = None

    @property
    def temporary(self) -> Path:
        """Where a confined child keeps its temporary files; whoever runs the job removes them."""
        return temporary(self.folder)

    def to_json(self) -> dict[str, Any]:
        """What the child has to know, as plain JSON."""
        confinement = None if self.confinement is None else self.confinement.to_json()
        return {
            "stage": self.stage,
            "arguments": dict(self.arguments),
            "threads": self.threads,
            "temporary": str(self.temporary),
            "device": self.device,
            "device_memory": self.caps.device_memory,
            "device_free": self.device_free,
            "confinement": confinement,
        }
