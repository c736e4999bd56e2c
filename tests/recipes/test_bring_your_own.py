"""The page on bringing what exists: each recipe, as it stands there, draws what was brought and stands on a board."""

import importlib.util
import pickle
import re
import warnings
from pathlib import Path
from types import ModuleType

import diffusers
import numpy as np
import pytest
import tiny
import torch
from brought import CODES, PAGE, Brought, Code, laid, loads_safetensors, network
from genbench_hf_datasets.reference import SETTINGS
from PIL import Image
from test_readme import blocks
from torch import Tensor

import genbench
from genbench.builtin.datasets.digits import Digits
from genbench.cli import main, parser
from genbench.execution.supervisor import Supervisor
from genbench.leaderboard import Leaderboard
from genbench.records.files import read
from genbench.records.status import Status
from genbench.report.table import marks

DIGITS = genbench.Space((1, 8, 8), levels=17, classes=10)
LONGEST = {"my-gan": 20, "my-script": 20, "my-onnx": 20, "my-ddpm": 22, "my-flow": 36}  # lines that are not blank


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Brought:
    return laid(tmp_path_factory.mktemp("brought"))


@pytest.fixture(scope="module")
def plugins(brought: Brought) -> dict[str, Path]:
    """The recipes' files, by the name of their model."""
    return {
        "my-gan": brought.plugin("my-gan", "generator.pt"),
        "my-safe-gan": brought.plugin("my-gan", "generator.safetensors", loads_safetensors(), called="my-safe-gan"),
        "my-script": brought.plugin("my-script", "generator.ts.pt"),
        "my-onnx": brought.plugin("my-onnx", "generator.onnx"),
        "my-ddpm": brought.plugin("my-ddpm", "my-ddpm"),
        "my-flow": brought.plugin("my-flow"),
    }


@pytest.fixture(scope="module")
def faulty(brought: Brought) -> dict[str, Path]:
    """Recipes of which one thing is wrong each."""
    folder = brought.folder
    torch.save(network(32).state_dict(), folder / "narrow.pt")
    torch.save({"0.weight": torch.zeros(64, 16), "0.bias": Code(folder / "ran")}, folder / "code.pt")
    (folder / "pickled.pt").write_bytes(pickle.dumps(Code(folder / "ran")))
    flat = CODES["my-gan"].replace("view(n, 1, 8, 8)", "view(n, 64)")
    return {
        "gone": brought.plugin("my-gan", "gone.pt", sha256=64 * "1", called="gone"),
        "another": brought.plugin("my-gan", "generator.pt", sha256=64 * "1", called="another"),
        "another-folder": brought.plugin("my-ddpm", "my-ddpm", sha256=64 * "1", called="another-folder"),
        "undeclared": brought.plugin(
            "my-gan", "", CODES["my-gan"].replace("/models", str(folder)), called="undeclared"
        ),
        "narrow": brought.plugin("my-gan", "narrow.pt", called="narrow"),
        "code": brought.plugin("my-gan", "code.pt", called="code"),
        "pickled": brought.plugin("my-gan", "pickled.pt", called="pickled"),
        "flat": brought.plugin("my-gan", "generator.pt", flat, called="flat"),
    }


def module(path: Path) -> ModuleType:
    found = importlib.util.spec_from_file_location(path.stem, path)
    assert found is not None
    assert found.loader is not None
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


def model(path: Path) -> genbench.Model:
    """The plugin's one model, made as the harness makes it."""
    (cls,) = module(path).genbench_models()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.")
        return cls(DIGITS).eval()


@torch.no_grad()
def drawn(own: genbench.Model, **settings: object) -> Tensor:
    torch.manual_seed(1)
    return own.sample(5, **settings)


@pytest.fixture(scope="module")
def run(
    supervisor: Supervisor,
    plugins: dict[str, Path],
    faulty: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tiny.Run:
    """All recipes on one board, and beside them what can be wrong with a checkpoint."""
    out = tmp_path_factory.mktemp("recipes")
    suite = tiny.write_suite(out, quality="clipped-density", coverage="clipped-coverage")  # as `plain` has it
    files = {**plugins, **faulty}
    return tiny.run(supervisor, out, list(files.values()), list(files), suite)


@pytest.mark.parametrize("name", ["my-gan", "my-safe-gan", "my-script", "my-onnx"])
def test_a_checkpoint_draws_what_its_own_network_does(name: str, plugins: dict[str, Path]):
    net = network()
    torch.manual_seed(1)
    with torch.no_grad():
        expected = (net(torch.randn(5, 16)) + 1) * 8
    got = drawn(model(plugins[name]))
    assert (got.shape, got.dtype) == ((5, 1, 8, 8), torch.int64)
    # Rounding alone: other kernels, of ONNX, may differ in the last bit of a value that lies on an edge.
    assert (got.view(5, 64) - expected).abs().max() <= 0.5 + 1e-4


def test_a_pipeline_draws_what_it_draws_by_itself(plugins: dict[str, Path], brought: Brought):
    own = diffusers.DDPMPipeline.from_pretrained(brought.folder / "my-ddpm")
    torch.manual_seed(1)
    expected = own(batch_size=5, num_inference_steps=2, output_type="np").images
    got = drawn(model(plugins["my-ddpm"]), steps=2)
    assert np.array_equal(got.numpy(), np.round(16 * expected).astype(np.int64).transpose(0, 3, 1, 2))


def test_a_pipeline_whose_weights_would_be_unpickled_is_refused(brought: Brought, tmp_path: Path):
    own = diffusers.DDPMPipeline.from_pretrained(brought.folder / "my-ddpm")
    own.save_pretrained(tmp_path / "my-ddpm", safe_serialization=False)
    with pytest.raises(OSError, match="safetensors"):
        model(Brought(tmp_path).plugin("my-ddpm", "my-ddpm"))


def test_the_flows_bound_is_one_of_the_integers_that_it_draws(plugins: dict[str, Path]):
    flow = model(plugins["my-flow"])
    x = torch.zeros(1, 1, 8, 8, dtype=torch.int64)
    with torch.no_grad():
        torch.manual_seed(0)
        u = torch.rand(1, 64)
        torch.manual_seed(0)
        got = flow.log_prob(x)
        # A density of y = 8 (x + u) / 17 - 4 times the 64 factors dy/dx.
        expected = flow.flow().log_prob(8 * u / 17 - 4) + 64 * np.log(8 / 17)
    assert torch.allclose(got, expected)


def test_all_stand_on_the_board(run: tiny.Run, plugins: dict[str, Path]):
    rows = {row.name: row for row in run.finished.board.rows}
    names = {*plugins} - {"my-ddpm"} | {"my-ddpm/ddpm-10", "my-ddpm/ddpm-2"}
    assert {name: rows[name].missing for name in names if name in rows} == dict.fromkeys(names)
    for name in names:
        assert rows[name].cells["clipped-density@pixels"].mean is not None
    assert rows["my-flow"].cells["bits-per-dim"].mean is not None


def test_the_board_says_that_nothing_was_trained_here_and_on_what_it_was_before(
    run: tiny.Run, plugins: dict[str, Path]
):
    told = {row.name: " ".join(marks(row)) for row in run.finished.board.rows if row.name.partition("/")[0] in plugins}
    assert {name for name, own in told.items() if "no counted training" in own} == told.keys() - {"my-flow"}
    assert {name for name, own in told.items() if "pretrained on digits/train" in own} == told.keys() - {"my-flow"}
    assert "trained on 448 images" in told["my-flow"]


def test_a_graph_of_another_runtime_has_no_parameters_that_could_be_counted(run: tiny.Run):
    counts = {name: run.record(name).model.parameters for name in ("my-gan", "my-safe-gan", "my-script", "my-onnx")}
    assert counts == {"my-gan": 1088, "my-safe-gan": 1088, "my-script": 1088, "my-onnx": 0}


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("gone", Status.ERROR, "gone.pt is not at "),
        ("another", Status.ERROR, f"has sha256 [0-9a-f]{{64}}, its declaration says {64 * '1'}"),
        ("another-folder", Status.ERROR, f"has sha256 [0-9a-f]{{64}}, its declaration says {64 * '1'}"),
        ("undeclared", Status.ERROR, f"has sha256 [0-9a-f]{{64}}, its declaration says {64 * '0'}"),
        ("narrow", Status.ERROR, "size mismatch for 0.weight"),
        ("code", Status.ERROR, "Weights only load failed"),
        ("pickled", Status.ERROR, "Weights only load failed"),
        ("flat", Status.INVALID_EVIDENCE, "64"),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_its_own_candidates_reason(
    name: str, status: Status, words: str, run: tiny.Run, brought: Brought
):
    candidates = run.record(name).candidates
    assert {candidate.status for candidate in candidates} == {status}
    assert all(re.search(words, candidate.reason or "") for candidate in candidates), candidates[0].reason
    assert not (brought.folder / "ran").exists()


def test_the_pickles_of_that_test_do_run_where_nobody_refuses_them(brought: Brought, faulty: dict[str, Path]):
    torch.load(brought.folder / "code.pt", weights_only=False)
    assert (brought.folder / "ran").exists()
    (brought.folder / "ran").unlink()


@pytest.mark.parametrize("name", sorted(LONGEST))
def test_a_recipe_is_as_short_as_the_page_says(name: str):
    lines = len([line for line in CODES[name].splitlines() if line.strip()])
    assert lines <= LONGEST[name]
    if name not in ("my-script", "my-onnx"):
        assert f"| {lines} lines |" in PAGE.read_text()


def test_samples_stand_on_a_board_by_the_pages_two_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    np.save("samples.npy", Digits().splits().held.x)
    score, report = [command for command in commands() if "record" in command]
    assert main([*score.split()[1:], "--device", "cpu"]) == 0
    assert main(report.split()[1:]) == 0
    assert "samples only" in Path("site/digits/boards/generate.html").read_text()


def test_a_folder_of_png_stands_on_a_board_of_images_with_256_levels(tmp_path: Path):
    real = np.random.default_rng(0).integers(0, 256, (300, 8, 8), dtype=np.uint8)
    for folder, rows in (("real", real[:200]), ("samples", real[200:])):
        (tmp_path / folder).mkdir()
        for i, row in enumerate(rows):
            Image.fromarray(row).save(tmp_path / folder / f"{i}.png")
    suite = tiny.write_suite(tmp_path, dataset="folder:real", quality="clipped-density", coverage="clipped-coverage")
    record = tmp_path / "records/mine.0.json"
    board = ["--suite", str(suite), "--as", "mine", "--record", str(record), "--device", "cpu"]
    assert main(["score", str(tmp_path / "samples"), *board]) == 0
    (row,) = Leaderboard.of([read(record)]).rows
    assert (row.name, row.samples_only) == ("mine", True)
    assert row.cells["clipped-density@pixels"].mean is not None


def test_the_page_tells_every_setting_of_a_data_set_of_the_hub():
    told = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \| ", PAGE.read_text(), re.MULTILINE)))
    assert set(SETTINGS) <= set(told)


def commands() -> list[str]:
    shown = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]
    return [line.partition("  #")[0].strip() for line in shown if line.startswith("genbench ")]


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_page_is_one(command: str):
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]
    assert parser().parse_args(words[1:]).command == words[1]


def test_no_recipe_takes_more_than_two_commands():
    assert [block for block in blocks(PAGE, "sh") if len(block.splitlines()) > 2] == []
