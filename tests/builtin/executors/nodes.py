"""A Ray cluster of two nodes on this machine, and what is run on it."""

from pathlib import Path
from typing import Any

import tiny

PLUGIN = Path(__file__).parents[2] / "contracts/plugins/capabilities.py"  # its model `bounded` has two samplers
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

    def add(self) -> Any:
        """One more node."""
        self.nodes.append(self._cluster.add_node(**NODE))
        return self.nodes[-1]

    def kill(self, node: Any) -> None:
        """End a node without a word."""
        self._cluster.remove_node(node, allow_graceful=False)
        self.nodes.remove(node)

    def shutdown(self) -> None:
        self._cluster.shutdown()


def suite(folder: Path) -> Path:
    return tiny.write_suite(folder, quality="clipped-density", coverage="clipped-coverage")
