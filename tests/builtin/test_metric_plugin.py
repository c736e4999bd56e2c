"""The metric plugin that CONTRIBUTING.md shows: sound by the battery, and found by what scores, as it stands there."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from genbench import catalogue
from genbench.catalogue import parts, plugins
from genbench.conformance import findings
from genbench.execution.supervisor import Supervisor
from genbench.scoring.battery import CHECKS
from genbench.scoring.battery.distortion import DISTORTIONS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed(site: Path) -> Iterator[Path]:
    """The example as an installed distribution; uninstalled at the end."""
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    ((section, entry),) = re.findall(r"`(\[project\.entry-points.*?\]) (.*?)`", TEXT)
    assert section == '[project.entry-points."genbench.parts"]'
    info = site / "genbench_energy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: genbench-energy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[genbench.parts]\n{entry.replace(chr(34), '')}\n")
    (site / "genbench_energy.py").write_text(code, encoding="utf-8")
    yield site / "genbench_energy.py"
    (info / "entry_points.txt").unlink()
    sys.modules.pop("genbench_energy", None)


def test_the_example_is_sound_and_short(installed):
    (metric,) = import_module("genbench_energy").genbench_metrics()
    assert findings(metric) == []
    defined = [n for n in ast.parse(installed.read_text()).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert len([line for line in installed.read_text().splitlines() if line.strip()]) <= 35
    assert [node.name for node in defined] == ["energy_distance", "EnergyDistance", "genbench_metrics"]


def test_the_example_measures_what_it_says(installed):
    energy_distance = import_module("genbench_energy").energy_distance
    x, y = np.array([[0.0], [2.0]]), np.array([[3.0]])
    assert energy_distance(x, y) == pytest.approx(2 * 2 - 1 - 0)
    assert energy_distance(x, x) == 0


def test_the_example_is_listed_and_found_by_what_scores(installed, supervisor: Supervisor, draw, evidence):
    listed = catalogue.read(supervisor).find("metrics", "energy-distance").to_json()
    assert (listed["distribution"], listed["direction"]) == ("genbench-energy", "lower")
    metric = parts.metrics(plugins.installed(plugins.PARTS)).named("energy-distance")  # as the scorer does it
    assert metric().score(evidence(draw(50, 3, 1), draw(50, 3, 2, law=1))).value > 0


def test_the_text_names_every_check_and_every_distortion():
    section = TEXT[TEXT.index("## A metric of your own") :]
    assert [
        name for name in ("declaration", *CHECKS) if not re.search(rf"^\| .*{name}.* \|", section, re.MULTILINE)
    ] == []
    assert [name for name in (*DISTORTIONS, "expense") if f"`{name}`" not in section] == []
