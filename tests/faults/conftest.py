"""What the tests of faults share: a finished run to do harm to."""

import shutil
from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"


@pytest.fixture(scope="session")
def finished(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A finished run of the plain model and the controls: to be copied, never changed."""
    out = tmp_path_factory.mktemp("finished")
    return tiny.run(supervisor, out, [PLAIN], ["plain"], tiny.write_suite(out))


@pytest.fixture
def copy(finished: tiny.Run, tmp_path: Path) -> Path:
    """The run's folder in a copy of the finished one, in the test's own folder, which has the suite's file."""
    shutil.copytree(finished.root.parents[1], tmp_path, dirs_exist_ok=True)
    return tmp_path / "runs/tiny"
