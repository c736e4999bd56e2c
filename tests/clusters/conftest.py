"""What the tests of executors share: a cluster, and a local run to compare with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from nodes import PLUGIN, Nodes, suite

from genbench.execution.supervisor import Supervisor


@pytest.fixture(scope="session")
def cluster(cache: Path) -> Iterator[Nodes]:
    """A cluster of two nodes; who kills one adds another."""
    found = Nodes()
    found.add()
    found.add()
    yield found
    found.shutdown()


@pytest.fixture(scope="session")
def local(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A local run."""
    out = tmp_path_factory.mktemp("local")
    return tiny.run(supervisor, out, [PLUGIN], ["bounded"], suite(out))
