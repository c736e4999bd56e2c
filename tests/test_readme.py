"""What the documentation shows has to work as it stands there."""

import re
import tomllib
from pathlib import Path

import pytest

from genbench import catalogue
from genbench.cli import parser
from genbench.contracts import hooks
from genbench.execution.supervisor import Supervisor
from genbench.runs import session

ROOT = Path(__file__).parent.parent
COMMANDS = (
    *("run", "tune", "list", "report", "compare", "export", "prepare", "score", "stats", "new", "check", "merge"),
    *("key", "bundle", "verify", "completion"),
)
SUITE = """
name = "tiny"
dataset = "digits"
images = 200
batch = 20
seeds = 1
extractor = "pixels"
latency_seconds = 0

[tasks.generate]
count = 40
scores = ["clipped-density", "clipped-coverage", "bits-per-dim", "throughput"]
axes = { quality = "clipped-density", coverage = "clipped-coverage", speed = "throughput" }
"""


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


def test_the_plugin_of_the_plugins_readme_runs_as_it_stands_there(tmp_path: Path, supervisor: Supervisor) -> None:
    (code,) = blocks(ROOT / "plugins/README.md", "python")
    (tmp_path / "genbench_histogram.py").write_text(code)
    (tmp_path / "tiny.toml").write_text(SUITE)
    options = session.Options(
        models=["histogram"],
        suite=str(tmp_path / "tiny.toml"),
        plugin=[str(tmp_path / "genbench_histogram.py")],
        out=tmp_path,
        device="cpu",
    )
    plan = session.plan_of(options, catalogue.read(supervisor, options.plugin))
    finished = session.execute(plan, options, supervisor, session.Silence())
    row = next(row for row in finished.board.rows if row.name == "histogram")
    control = next(row for row in finished.board.controls if row.name == "independent-pixels")
    # It is the same model as the control: add-one counts of the same rows, float32 against float64 logarithms.
    assert row.cells["bits-per-dim"].mean == pytest.approx(control.cells["bits-per-dim"].mean, abs=1e-5)


def test_the_plugin_of_the_plugins_readme_is_as_short_as_the_readme_says() -> None:
    (code,) = blocks(ROOT / "plugins/README.md", "python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 40


def test_the_plugins_readme_names_every_hook() -> None:
    text = (ROOT / "plugins/README.md").read_text()
    named = [name for name in vars(hooks) if name.startswith("genbench_")]
    assert [name for name in named if f"`{name}`" not in text] == []


def test_the_pyproject_of_the_plugins_readme_registers_a_model_plugin() -> None:
    (text,) = blocks(ROOT / "plugins/README.md", "toml")
    assert tomllib.loads(text)["project"]["entry-points"]["genbench.models"] == {"histogram": "genbench_histogram"}


@pytest.mark.parametrize("path", ["README.md", "plugins/README.md", "leaderboards/README.md"])
def test_every_command_that_a_readme_shows_is_one(path: str) -> None:
    shown = re.findall(r"^ *(genbench [a-z].*?)(?: {2,}#.*)?$", (ROOT / path).read_text(), re.MULTILINE)
    for command in shown:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]
        assert parser().parse_args(words[1:]).command in COMMANDS
