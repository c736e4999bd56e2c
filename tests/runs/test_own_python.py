"""Two plugins whose dependencies cannot be installed together share a board, each with an environment of its own."""

import os
import sys
import venv
from pathlib import Path

import pytest
import tiny
from safetensors.numpy import load_file

from genbench import catalogue
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.status import Status
from genbench.runs.options import Options
from genbench.runs.session import catalogue_of, execute, plan_of

pytestmark = pytest.mark.slow

PLUGIN = '''
import conflicting
import torch

import genbench


class Model(genbench.Model):
    """One level everywhere, the one that its dependency has, and noise in the first row."""

    name, family, source = {name!r}, genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()
        self.space = space
        self.register_buffer("level", torch.zeros((), dtype=torch.long))

    def fit(self, data):
        self.level.fill_(conflicting.LEVEL)

    def sample(self, n, *, labels=None):
        x = torch.randint(self.space.levels, (n, *self.space.shape))
        x[:, :, 1:] = self.level
        return x


@genbench.hookimpl
def genbench_models():
    return [Model]
'''


def _environment(folder: Path, name: str, level: int) -> Path:
    """The interpreter of a new environment with the plugin `name` and its own version of a module."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    shared = [path for path in sys.path if path.endswith("site-packages")]
    root = str(Path(__file__).parents[2])
    (site / "shared.pth").write_text("\n".join([root, *shared]))  # torch and genbench, as if installed here
    (site / "conflicting.py").write_text(f"LEVEL = {level}\n")
    (site / f"plugin_{name}.py").write_text(PLUGIN.format(name=name))
    metadata = site / f"plugin_{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin-{name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[genbench.models]\n{name} = plugin_{name}\n")
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model name → interpreter."""
    folder = tmp_path_factory.mktemp("environments")
    return {name: _environment(folder / name, name, level) for name, level in (("five", 5), ("nine", 9))}


def test_plugins_with_conflicting_dependencies_share_a_board(
    supervisor: Supervisor, environments: dict[str, Path], tmp_path: Path
):
    suite = tiny.write_suite(tmp_path)  # one environment is named by the suite's file, the other by an option
    suite.write_text(f'{suite.read_text()}\n[python]\nnine = "{os.path.relpath(environments["nine"], tmp_path)}"\n')
    pythons = [f"five={environments['five']}"]
    options = Options(models=list(environments), python=pythons, suite=str(suite), out=tmp_path, device="cpu")
    plan = plan_of(options, catalogue_of(options, supervisor))
    finished = execute(plan, options, supervisor, tiny.Heard())
    statuses = {c.name: c.status for record in finished.records for c in record.candidates}
    assert {statuses[name] for name in ("five", "nine", "copycat")} == {Status.OK}
    assert "python" not in codec.encoded(finished.records[0].suite)  # a path of this machine changes no number
    for name, level in (("five", 5), ("nine", 9)):
        x = load_file(tmp_path / f"runs/tiny/{name}.default.0/sample/default/samples.safetensors")["x"]
        assert (x[:, :, 1:] == level).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("five", "--python takes NAME=PATH"),
        ("five=/nowhere/python", r'--python takes NAME=PATH \(in a suite: NAME = "PATH" below \[python\]\)'),
        ("six={five}", "that environment has no model plugin named 'six'"),
    ],
)
def test_an_environment_that_cannot_serve_is_refused(
    supervisor: Supervisor, environments: dict[str, Path], text: str, message: str
):
    with pytest.raises(GenbenchError, match=message):
        catalogue.read(supervisor, pythons=[text.format(**environments)])


def test_an_interpreter_without_genbench_is_refused(supervisor: Supervisor, tmp_path: Path):
    venv.create(tmp_path / "bare", symlinks=True)
    assert os.access(tmp_path / "bare/bin/python", os.X_OK)
    with pytest.raises(GenbenchError, match=r"is genbench installed there\?"):
        catalogue.read(supervisor, pythons=[f"five={tmp_path / 'bare/bin/python'}"])
