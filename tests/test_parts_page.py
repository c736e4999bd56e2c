"""The page on parts: its distribution, installed as it stands there, offers what it says, and hears of a run."""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from test_readme import blocks

from genbench import catalogue
from genbench.catalogue import parts, plugins
from genbench.contracts import hooks, tracking
from genbench.execution.supervisor import Supervisor
from genbench.runs.plan import find_suite

PAGE = Path(__file__).parent.parent / "docs/parts.md"


@pytest.fixture
def installed(site: Path) -> Iterator[Path]:
    """The page's distribution, as an installer would leave it; its entry points are gone afterwards."""
    project, suite, _ = blocks(PAGE, "toml")
    code, tracker = blocks(PAGE, "python")
    declared = tomllib.loads(project)["project"]
    package, info = site / "genbench_rings", site / "genbench_rings-0.1.0.dist-info"
    package.mkdir(exist_ok=True)
    info.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(code + tracker)
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


def test_the_pages_tracker_hears_what_the_boards_say(installed: Path, capsys: pytest.CaptureFixture[str]):
    (own,) = [plugin for plugin in plugins.installed(plugins.PARTS) if plugin.name == "rings"]
    board = tracking.BoardSummary("generate", "Undecided.", ("vae",), 0)
    run = tracking.RunDone("rings", Path("runs/rings"), True, "", 1.0, None, (board,))
    plugins.load(own).tell("genbench_run_done", run=run)
    assert capsys.readouterr().err == "generate Undecided.\n"


TOLD = {
    "genbench_run_started": tracking.RunStarted,
    "genbench_stage_ended": tracking.StageEnded,
    "genbench_curve_point": tracking.CurvePoint,
    "genbench_run_done": tracking.RunDone,
}


@pytest.mark.parametrize("hook", sorted(hooks.TRACKING_HOOKS))
def test_the_page_names_what_each_hook_is_given(hook: str):
    ((when, given),) = re.findall(rf"^\| `{hook}` \| (.*?) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    (argument,) = hooks.__dict__[hook].__annotations__.keys() - {"return"}
    assert when
    assert f"`{argument}`" in given or f"the whole [{argument}]" in given
    named = set(re.findall(r"`(\w+)`", given))
    assert {field.name for field in fields(TOLD[hook])} <= named if hook in TOLD else "record" in named
