"""Node: a machine that carries out jobs, as it describes itself, and what it is held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from genbench.contracts.job import Call
from genbench.files.codec import Count
from genbench.records.machine import Machine


@dataclass(frozen=True)
class Probe:
    """What a machine is, and how much of its device is free."""

    machine: Machine
    """As records carry it, but for the threads."""
    device_free: Count | None = None
    """Bytes of a GPU that nobody has taken; null for a device that shares the host's."""
    devices: tuple[str, ...] = ()
    """Its GPUs that jobs may be spread over: all of the same name, unless one was asked for by its number."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What is installed: name → version, and the SHA-256 of genbench's code and of each plugin's; empty: not asked."""

    def isolated(self, level: str) -> "Probe":
        """The same with plugins confined otherwise than the kernel could."""
        return replace(self, machine=replace(self.machine, isolation=level))

    def threaded(self, threads: int) -> Machine:
        """The machine as a record carries it."""
        return replace(self.machine, threads=threads)


@dataclass(frozen=True)
class Terms:
    """What a node has to be like to carry out a run's jobs: its code and its environment are the driver's."""

    survey: Call
    """Looks at the machine, and reports a Probe; it gets a folder of its own."""
    environment: Mapping[str, str]
    """The driver's, as a Probe has it."""
    isolation: str = ""
    """How plugins are confined where that is less than the kernel could; "": as far as it can."""
