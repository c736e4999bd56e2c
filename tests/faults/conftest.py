"""What the tests of faults share: a finished run to do harm to."""

from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"


@pytest.fixture(scope="session")
def finished(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of the plain model and the controls: to be copied, never changed."""
    out = tmp_path_factory.mktemp("finished")
    tiny.run(supervisor, out, [PLAIN], ["plain"], tiny.write_suite(out))
    return out
