"""A Ray cluster of two nodes on this machine, and what is run on it."""

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import tiny
from calls import listing_call

from genbench.catalogue import plugins
from genbench.contracts.executor import Ended, Executor, Ticket, Workplace
from genbench.contracts.job import Call
from genbench.execution.supervisor import Supervisor
from genbench.runs.preparation import probed, terms_of

Told = Callable[[Ticket, Call, int, float], None]
PLUGIN = Path(__file__).parent / "contracts/plugins/capabilities.py"  # its model `bounded` has two samplers
NODE = {"num_cpus": 1, "memory": 2**35, "object_store_memory": 2**27, "include_dashboard": False}


class Nodes:
    """A cluster on this machine: a head that carries out nothing, and nodes with one core each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster: Any = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0})
        self.nodes: list[Any] = []

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def add(self, **other: int) -> Any:
        """One more node, with what it has `other` than the rest."""
        self.nodes.append(self._cluster.add_node(**{**NODE, **other}))
        return self.nodes[-1]

    def kill(self, node: Any) -> None:
        """End a node without a word."""
        self._cluster.remove_node(node, allow_graceful=False)
        self.nodes.remove(node)

    def shutdown(self) -> None:
        self._cluster.shutdown()


def suite(folder: Path) -> Path:
    return tiny.write_suite(folder, quality="clipped-density", coverage="clipped-coverage")


def place(folder: Path, address: str, supervisor: Supervisor, told: Told = lambda *_: None) -> Workplace:
    """A workplace whose terms are this machine."""
    terms = terms_of(probed("cpu", "auto", supervisor, environment=True), "auto", 1)
    return Workplace(4, folder, supervisor.run, told, lambda: False, address, terms)


def listing(folder: Path, code: str, limit: float = 60, **caps: int) -> Call:
    """A call that imports a plugin with this code."""
    folder.mkdir()
    (folder.parent / f"{folder.name}.py").write_text(code)
    call = listing_call(plugins.loose(str(folder.parent / f"{folder.name}.py")), folder, limit)
    return replace(call, caps=replace(call.caps, **caps))


def until(there: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it never was"
        time.sleep(0.05)


def all_ended(executor: Executor, count: int, seconds: float = 120) -> list[Ended]:
    """The jobs that end, once there are so many."""
    found: list[Ended] = []
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        found += executor.ended(0.2)
    return found


def at_work(folder: Path) -> list[str]:
    """The processes whose command line or working directory tells of a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and entry.name != str(os.getpid()):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
                if str(folder) in f"{words} {os.readlink(entry / 'cwd')}":
                    found.append(f"{entry.name} {words}")
    return found
