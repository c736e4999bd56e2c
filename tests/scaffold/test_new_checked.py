"""Everything that `genbench new` writes passes `genbench check --strict`, installed, in a process of its own.

It takes some minutes: the models are trained. `tests/conformance` does one of them, `tests/workers` the parts.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from genbench.files import codec
from genbench.records.checks import CheckReports
from genbench.scaffold.names import names_of
from genbench.scaffold.writing import FAMILIES, KINDS, MODELS, PARTS, Template, written

EVERY = [*(Template(MODELS, name) for name in FAMILIES), *(Template(PARTS, name) for name in KINDS)]
MINUTES = 10  # of a busy machine, at most

pytestmark = pytest.mark.slow


def installed(folder: Path, site: Path) -> None:
    """Put a distribution on the path, as its pyproject says."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    for path in folder.glob("genbench_*"):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, site / path.name)
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = [(group, name, module) for group, of in project["entry-points"].items() for name, module in of.items()]
    (info / "entry_points.txt").write_text("".join(f"[{group}]\n{name} = {module}\n" for group, name, module in groups))


@pytest.mark.parametrize("template", EVERY, ids=lambda template: template.name)
def test_what_is_new_passes_as_it_is(template: Template, tmp_path: Path):
    name, site, report = f"my-{template.name}", tmp_path / "site", tmp_path / "check.json"
    site.mkdir()
    written(template, names_of(name), tmp_path / name)
    installed(tmp_path / name, site)
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "genbench", "check", name, "--strict", "--report", str(report)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = codec.read(CheckReports, report).reports
    assert (found.name, found.kind) == (name, "models" if template.room == MODELS else f"{template.name}s")
