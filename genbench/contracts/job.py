"""Job: the stages of one trial that are ready, as plain data, and the outcome of each.

A job can be written to a file, and be carried out on any machine that sees the folders which it names. What crosses
between the harness and a stage's process is a folder and an exit code.
"""

import hashlib
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from genbench.files.codec import Count, Positive, Seconds
from genbench.records.machine import Machine
from genbench.records.status import Status

CALL = "call.json"  # in a stage's folder: what its process is told
FACTS = "facts.json"  # what it reports
FAILURE = "failure.json"  # or why it cannot
RESUME = "resume"  # folder in which a stage keeps what a killed one goes on from
NULL_LIMIT = 0.001  # seconds: a slower empty section was slowed by somebody

Progress = Callable[[int, float], None]  # images done, share of the stage in [0, 1]


@dataclass(frozen=True)
class Caps:
    """What a stage may take of its machine, in bytes."""

    memory: Count = 8 * 2**30
    """Of its whole process tree, mapped files apart."""
    disk: Count = 4 * 2**30
    """That its folder may hold."""
    log: Count = 16 * 2**20
    """Of its output that are kept: the first and the last half."""
    device_memory: Count = 16 * 2**30
    """Of a GPU that torch may take for it."""


@dataclass(frozen=True)
class Confinement:
    """What one plugin's process needs beyond Python and the system's libraries."""

    reads: tuple[str, ...] = ()
    """Files and folders that it may read."""
    hides: tuple[str, ...] = ()
    """Files and folders that it may not read, though they may lie among packages or the system's files; `reads` goes
    first. One that is not absolute is hidden below every folder of packages that its Python may import from."""
    network: bool = False
    """Whether it asked for the network."""
    everything: bool = False
    """Whether it asked to read and write like any other process of the user."""
    shared: bool = False
    """Whether it asked for shared memory, which other processes see, and later ones."""
    sealed: bool = False
    """Whether it may leave nothing behind and speak to nobody: it is shown what no other stage may see."""
    counted: bool = False
    """Whether its time is a result: then it may not have the kernel forget what its children took."""
    enforced: bool = True
    """Whether the kernel shall see to it; else only the environment is cleared."""


def temporary(folder: Path) -> Path:
    """Where the process that works in `folder` keeps temporary files: a short path, since sockets lie there too."""
    return Path(tempfile.gettempdir()) / f"gb-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Pace:
    """How a timed run goes: batch after batch, and the seed of each is told when the one before has ended.

    The scored batches lie among further ones, which the run goes on with until it has lasted long enough. Which are
    scored is told when all is drawn.
    """

    section: str
    """Of the run; the call's secret of that name is what the seeds of batches are made of."""
    scored: Count
    """Batches that count."""
    seconds: Seconds = 0.0
    """How long the run lasts at least; 0: there are no other batches than the scored ones."""


@dataclass(frozen=True)
class Telling:
    """What a process is told in a section lap by lap: it commits to an answer by a lap's digest, then it hears more."""

    section: str
    """The one whose laps are answered."""
    file: Path
    """Its first line is told after the first lap, and so on. The parent reads it; the process may not."""


@dataclass(frozen=True)
class Call:
    """One stage for one child process: a function, what it is given, and what it may take and reach."""

    stage: str
    """Its name, for people."""
    runs: str
    """The function, "module:name"; it takes the stage's folder, its inputs and its markers."""
    folder: Path
    """Where it writes, and its working directory."""
    inputs: Any
    """What it is given: the JSON of the dataclass that the function takes."""
    limit: Positive
    """Wall seconds after which it is stopped."""
    threads: Count = 1
    """How many its numeric libraries may use; the bytes that come out depend on it."""
    caps: Caps = Caps()
    """What it may take besides time."""
    confinement: Confinement | None = None
    """What it may reach; null: as much as the harness itself."""
    python: str = ""
    """The interpreter of a plugin with an environment of its own; "": this one."""
    device: str = "cpu"
    """The one that it computes on."""
    device_free: Count | None = None
    """Bytes of it that have to be free, as they were before others used it; null: no matter."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Section → what the process is told when its clock starts, and not before."""
    pace: Pace | None = None
    """Of its timed run; null: it has none, or one whose seeds are told all at once."""
    again: str = ""
    """The function that draws one scored batch again, "module:name", in a process that knows nothing of the first;
    "": none does."""
    telling: Telling | None = None
    """What the process is told after each lap, and not before; null: nothing."""
    reads: tuple[str, ...] = ()
    """Files and folders that its inputs name: a machine that does not see them has to be sent them."""

    @property
    def log(self) -> Path:
        """The file that its output is appended to."""
        return self.folder / "log.txt"

    @property
    def shown(self) -> "Call":
        """What the process itself finds in its folder: all but what it is told in time."""
        return replace(self, secrets={}, telling=None)

    @property
    def temporary(self) -> Path:
        """Where a confined child keeps its temporary files; whoever carries out the call removes them."""
        return temporary(self.folder)


@dataclass(frozen=True)
class Job:
    """Stages of one trial that one place of an executor carries out, one after the other."""

    name: str
    """Unique within a run's folder."""
    calls: tuple[Call, ...]
    """In order; one that fails does not keep the others from running."""
    exclusive: bool = False
    """Whether nothing else may run beside it: its times are results."""
    trial: str = ""
    """Whose stages they are: jobs of one trial do best on one machine. "": nobody's."""


@dataclass(frozen=True)
class Section:
    """A part of a stage that the parent timed, from its "go" to the child's "done"."""

    seconds: Seconds | None = None
    """Null where it has not ended."""
    laps: tuple[Seconds, ...] = ()
    """Of each call in it."""
    paused: Seconds = 0.0
    """In which the parent did something between two laps; they are in none of the others."""
    cpu: Seconds | None = None
    """CPU seconds of the process tree from its begin to its end; null where the kernel does not tell."""
    efforts: tuple[Seconds, ...] = ()
    """CPU seconds of the process tree from its begin to the end of each lap; empty likewise."""
    yardsticks: tuple[Seconds, ...] = ()
    """CPU seconds that a fixed workload of the harness took after each lap; 0 where none ran. Empty: none ever did."""
    digests: tuple[str, ...] = ()
    """What the child said that each lap had drawn."""


@dataclass(frozen=True)
class Timeline:
    """Every section of a stage, by name, in the order in which they began."""

    sections: Mapping[str, tuple[Section, ...]] = field(default_factory=dict)
    """Name → the sections of that name."""

    def seconds(self, name: str) -> float:
        """Seconds spent in all finished sections of that name; 0.0 where there are none."""
        found = [section.seconds for section in self.sections.get(name, ()) if section.seconds is not None]
        return sum(found, 0.0)

    def digests(self, name: str) -> tuple[str, ...]:
        """What each lap in the sections of that name had drawn."""
        return tuple(digest for section in self.sections.get(name, ()) for digest in section.digests)

    def laps(self, name: str) -> list[float]:
        """Seconds of each lap in the sections of that name."""
        return [lap for section in self.sections.get(name, ()) for lap in section.laps]

    def cpu(self, name: str) -> float | None:
        """CPU seconds of all finished sections of that name; None where the kernel did not tell."""
        found = [section.cpu for section in self.sections.get(name, ()) if section.seconds is not None]
        known = [cpu for cpu in found if cpu is not None]
        return math.fsum(known) if len(known) == len(found) else None

    def ran_once(self, name: str) -> bool:
        """Whether exactly one section of that name began, and ended."""
        sections = self.sections.get(name, ())
        return len(sections) == 1 and sections[0].seconds is not None

    @property
    def null_call(self) -> float:
        """Median seconds of an empty section: what one marker and its answer cost by themselves, 1 ms at most."""
        calls = [section.seconds for section in self.sections.get("null", ()) if section.seconds is not None]
        return min(median(calls), NULL_LIMIT) if calls else 0.0

    def net(self, seconds: float, calls: int = 1) -> float:
        """Seconds less what their markers cost; never less than half of them, whatever the empty sections said."""
        return max(seconds - self.null_call * calls, seconds / 2)


@dataclass(frozen=True)
class Again:
    """What came of drawing a scored batch again in another process."""

    place: Count
    """Which of the scored batches it was."""
    digests: tuple[str, ...] = ()
    """Of what was drawn while calls were counted; then, where that differed from the scored one, without counting."""
    facts: Any = None
    """The JSON that it reported; null where it failed."""
    reason: str | None = None
    """Why it failed; null where it did not."""
    seconds: Seconds = 0.0
    """Wall time of its process; those of the outcome hold it as well."""
    alone: str = ""
    """Of the timed call for one sample that was made again, as it committed then; "" where none was."""
    alone_digests: tuple[str, ...] = ()
    """Of the same call, made again while its calls were counted, and without counting."""


@dataclass(frozen=True)
class Outcome:
    """How one call ended."""

    status: Status
    """Whether it did its work, or what ended it."""
    reason: str | None
    """One line of words; null where it is ok."""
    seconds: Seconds
    """Wall time from the start of the process to its end."""
    timeline: Timeline = Timeline()
    """What the parent timed."""
    facts: Any = None
    """The JSON that the stage reported; null where it is not ok. Whoever reads it decodes it."""
    memory: Count | None = None
    """Peak bytes of the process above its baseline in the section "run"; null where it is not known."""
    exit_code: int | None = None
    """Of the process; negative: the signal that ended it; null where there was none."""
    cpu: Seconds | None = None
    """CPU seconds of its process tree from its first section to its end; null where the kernel does not tell."""
    waited: Seconds = 0.0
    """Wall seconds before its first section: to start, and for a device's memory."""
    places: tuple[Count, ...] = ()
    """Which laps of a paced run are scored, in the order of the scored batches."""
    again: Again | None = None
    """Of a scored batch that was drawn again; null where none was."""
    hides_children: bool = False
    """Whether it asked the kernel not to account for the CPU time of its children."""
    machine: Machine | None = None
    """The one that carried it out; null: the driver's."""
    neighbours: Count | None = None
    """Processes of others on the GPU that it was timed on, before or after; null: nobody tells."""

    @property
    def ok(self) -> bool:
        """Whether the stage said that it did its work."""
        return self.status is Status.OK
