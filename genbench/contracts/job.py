"""A job: one stage of work for one child process, as plain JSON. What comes back is a folder and an exit code."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

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
class Confinement:
    """What one plugin's process needs beyond Python and the system's libraries.

    Args:
        reads: files and folders that it may read.
        network: whether it asked for the network.
        everything: whether it asked to read and write like any other process of the user.
        enforced: whether the kernel shall see to it; else only the environment is cleared.
    """

    reads: tuple[str, ...] = ()
    network: bool = False
    everything: bool = False
    enforced: bool = True

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `Confinement(**value)` reads it back."""
        return asdict(self)


def temporary(folder: Path) -> Path:
    """Where the process that works in `folder` keeps temporary files: a short path, since sockets lie there too."""
    return Path(tempfile.gettempdir()) / f"gb-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


@dataclass
class Section:
    """One timed section: seconds from "go" to "done", and of each lap."""

    started: float
    seconds: float | None = None
    laps: list[float] = field(default_factory=list)
    _last: float = 0.0

    def lap(self, now: float) -> None:
        """Note that a call has returned."""
        self.laps.append(now - (self._last or self.started))
        self._last = now


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
