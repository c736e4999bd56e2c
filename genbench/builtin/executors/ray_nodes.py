"""The nodes of a Ray cluster, with what they have; asked once a second at most."""

import time
from dataclasses import dataclass
from typing import Any

from genbench.errors import GenbenchError

FRESH = 1.0  # seconds for which what is known of the nodes counts


@dataclass(frozen=True)
class Node:
    """A node that carries out tasks, with its CPUs, GPUs and bytes of memory."""

    id: str
    cpus: float
    gpus: float
    memory: float


class Nodes:
    """The nodes of a cluster.

    Args:
        ray: the library, connected.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._asked, self._alive = float("-inf"), dict[str, Node]()

    def changed(self) -> None:
        """One has gone: what was known does not count any more."""
        self._asked = float("-inf")

    @property
    def alive(self) -> dict[str, Node]:
        """Those that are there, by their ids."""
        if time.monotonic() - self._asked > FRESH:
            told = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
            own = [(node["NodeID"], node["Resources"]) for node in told]
            found = [Node(id, has["CPU"], has.get("GPU", 0.0), has.get("memory", 0.0)) for id, has in own]
            self._asked, self._alive = time.monotonic(), {node.id: node for node in found}
        return self._alive

    def fitting(self, cpus: int, gpus: int) -> dict[str, Node]:
        """The nodes that have so many of both, by their ids; Ray itself would wait for one without a word.

        Raises:
            GenbenchError: there is none.
        """
        found = {id: node for id, node in self.alive.items() if node.cpus >= cpus and node.gpus >= gpus}
        if not found:
            wanted = f"{cpus} CPU{'s' * (cpus > 1)}{' and a GPU' * gpus}"
            raise GenbenchError(f"no node of the Ray cluster has {wanted}; start one: ray start --address HOST:PORT")
        return found
