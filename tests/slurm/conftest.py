"""What the tests of a real Slurm share: a local run to compare with."""

import pytest
import tiny
from nodes import PLUGIN, suite

from genbench.execution.supervisor import Supervisor


@pytest.fixture(scope="session")
def local(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A local run."""
    out = tmp_path_factory.mktemp("local")
    return tiny.run(supervisor, out, [PLUGIN], ["bounded"], suite(out))
