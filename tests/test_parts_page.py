"""The page on parts: its distribution, installed as it stands there, offers a dataset, an extractor and a suite."""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from test_readme import blocks

from genbench import catalogue
from genbench.catalogue import parts, plugins
from genbench.execution.supervisor import Supervisor
from genbench.runs.plan import find_suite

PAGE = Path(__file__).parent.parent / "docs/parts.md"


@pytest.fixture
def installed(site: Path) -> Iterator[Path]:
    """The page's distribution, as an installer would leave it; its entry points are gone afterwards."""
    project, suite = blocks(PAGE, "toml")
    (code,) = blocks(PAGE, "python")
    declared = tomllib.loads(project)["project"]
    package, info = site / "genbench_rings", site / "genbench_rings-0.1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text(code)
    (package / "rings.toml").write_text(suite)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {declared['name']}\nVersion: {declared['version']}\n")
    ((name, module),) = declared["entry-points"]["genbench.parts"].items()
    (info / "entry_points.txt").write_text(f"[genbench.parts]\n{name} = {module}\n")
    yield site
    (info / "entry_points.txt").unlink()
    sys.modules.pop("genbench_rings", None)


def test_what_the_page_shows_is_found_and_works(installed: Path, supervisor: Supervisor):
    found = catalogue.read(supervisor)
    assert [str(fault) for fault in found.faults if fault.plugin.name == "rings"] == []
    suite = find_suite("rings", found).suite
    assert (suite.dataset, suite.tasks["generate"].axes["quality"]) == ("rings", "precision@shells")
    own = [plugin for plugin in plugins.installed(plugins.PARTS) if plugin.name == "rings"]
    splits = parts.datasets(own).named("rings")("").splits()
    extractor = parts.extractors(own).named("shells")(splits.space, torch.device("cpu"))
    x = torch.from_numpy(splits.test.x)
    features = extractor.features(x)
    assert (features.shape, features.dtype) == ((200, 8), torch.float32)
    # The mean over the image is the mean of the shells' means, each with its share of the 64 pixels.
    share = (extractor.means > 0).sum(0) / 64
    assert torch.allclose(features @ share, x.float().mean((1, 2, 3)), atol=1e-4)
