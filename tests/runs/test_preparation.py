"""What has to be there before anything starts: a dataset's files, an extractor's weights, and the way to get them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from PIL import Image

from genbench import catalogue
from genbench.contracts import assets
from genbench.contracts.assets import Weights
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.runs import preparation

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
PUBLISHED = b"published weights"
SHA256 = hashlib.sha256(PUBLISHED).hexdigest()
PART = f'''
"""A dataset that lies in a file, and an extractor that reads weights."""

import hashlib

import numpy as np
import torch

import genbench


class Filed(genbench.Dataset):
    """Images of one file of bytes, 150 rows."""

    name, source, license = "filed", "made for the tests", "CC0-1.0"

    def splits(self):
        for place in self.places:
            if (place / "filed.bin").is_file():
                x = np.fromfile(place / "filed.bin", np.uint8).reshape(-1, 1, 4, 4)
                train, valid, test = (genbench.Examples(rows) for rows in np.split(x, 3))
                return genbench.Splits(genbench.Space((1, 4, 4)), train, valid, test)
        raise genbench.GenbenchError("dataset filed is not on this machine")

    def fetch(self, folder):
        (folder / "filed.bin").write_bytes(bytes(range(240)) * 10)


class Weighed(genbench.Extractor):
    """Pixels, behind weights that it checks nothing of."""

    name, source, version = "weighed", "made for the tests", "1"
    weights = genbench.Weights(
        "https://127.0.0.1:9/weighed.bin", "{SHA256}", "nothing", "weighed.bin", "CC0-1.0"
    )

    def __init__(self, space, device, weights=None):
        self._content = (weights or self.weights.found(self.name)).read_bytes()

    @property
    def weights_sha256(self):
        return hashlib.sha256(self._content).hexdigest()

    def features(self, x):
        return x.flatten(1).float() + len(self._content)


@genbench.hookimpl
def genbench_datasets():
    return [Filed]


@genbench.hookimpl
def genbench_extractors():
    return [Weighed]
'''
SUITE = """
name = "weighed"
dataset = "filed"
images = 100
batch = 50
seeds = 1
extractor = "weighed"
latency_seconds = 0

[tasks.generate]
count = 50
scores = ["precision", "recall", "parameters"]
axes = { quality = "precision", coverage = "recall", speed = "parameters" }
"""


@pytest.fixture(scope="module")
def part(site: Path) -> Iterator[None]:
    """The part, installed until the tests of this file have run."""
    info = site / "weighed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weighed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.parts]\nweighed = weighed_part\n")
    (site / "weighed_part.py").write_text(PART)
    yield
    (info / "entry_points.txt").unlink()


@pytest.fixture(scope="module")
def place(part: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the suite, two files of weights, and a data root."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "weighed.toml").write_text(SUITE)
    (folder / "first.bin").write_bytes(PUBLISHED)
    (folder / "second.bin").write_bytes(b"other weights")
    (folder / "root").mkdir()
    (folder / "root" / "filed.bin").write_bytes(bytes(range(240)) * 10)
    return folder


def run(supervisor: Supervisor, place: Path, *given: str, root: str = "root") -> tiny.Run:
    options: dict[str, Any] = {"data_root": str(place / root), "extractor_weights": given, "device": "cpu", "jobs": 1}
    return tiny.run(supervisor, place / "out", [PLAIN], ["plain"], place / "weighed.toml", **options)


def test_a_run_takes_the_named_weights_and_data_and_other_weights_only_score_again(supervisor, place):
    first = run(supervisor, place, f"weighed={place / 'first.bin'}")
    assert first.candidate("plain").scores["precision@weighed"].extractor == f"weighed/1/{SHA256[:16]}"
    assert first.record("plain").dataset.rows == {"train": 38, "valid": 50, "test": 50, "held": 12}
    second = run(supervisor, place, str(place / "second.bin"))  # the only extractor that needs any: no name
    assert {name for name in second.heard.ran if name.startswith("plain")} == {"plain.default.0/score/generate"}
    other = hashlib.sha256(b"other weights").hexdigest()[:16]
    assert second.candidate("plain").scores["precision@weighed"].extractor == f"weighed/1/{other}"


@pytest.mark.parametrize(
    ("given", "root", "message"),
    [
        ([], "root", "the weights of extractor weighed are not on this machine; genbench prepare weighed downloads"),
        (["{}/absent.bin"], "root", "--extractor-weights takes NAME=FILE or FILE, and there is no file {}/absent.bin"),
        (["pixels={}/first.bin"], "root", "no score here uses weights of 'pixels' (extractors that do: weighed)"),
        (["weighed={}/first.bin", "{}/first.bin"], "root", "takes NAME=FILE here: the extractors that need weights"),
        (["weighed={}/first.bin"] * 2, "root", "--extractor-weights names weights of weighed twice"),
        (["{}/first.bin"], "absent", "--data-root {}/absent is no folder; name one that is there"),
        (["{}/first.bin"], "", "dataset filed is not on this machine"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line_before_any_trial(supervisor, place, given, root, message):
    with pytest.raises(GenbenchError) as caught:
        run(supervisor, place, *[text.format(place) for text in given], root=root)
    assert message.format(place) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_further_extractor_whose_weights_are_missing_costs_its_own_scores_alone(supervisor, place):
    suite = SUITE
    for old, new in (
        ('extractor = "weighed"', 'extractor = "pixels"'),
        ("scores = [", 'scores = ["precision@weighed", '),
    ):
        suite = suite.replace(old, new)
    (place / "further.toml").write_text(suite.replace('name = "weighed"', 'name = "further"'))
    options = {"data_root": str(place / "root"), "device": "cpu", "jobs": 1}
    finished = tiny.run(supervisor, place / "out", [PLAIN], ["plain"], place / "further.toml", **options)
    said = "the weights of extractor weighed are not on this machine; genbench prepare weighed downloads"
    assert list(finished.heard.lacked) == ["weighed"]
    assert finished.heard.lacked["weighed"].startswith(said)
    candidate = finished.candidate("plain")
    assert candidate.missing["precision@weighed"].reason.startswith(said)
    assert "precision@pixels" in candidate.scores
    options["extractor_weights"] = [f"weighed={place / 'first.bin'}"]
    finished = tiny.run(supervisor, place / "out", [PLAIN], ["plain"], place / "further.toml", **options)
    assert not finished.heard.lacked
    assert "precision@weighed" in finished.candidate("plain").scores


def test_the_environment_stands_for_the_option(place, monkeypatch):
    monkeypatch.setenv("GENBENCH_DATA", str(place / "root"))
    assert preparation.data_inputs("filed", "", []).data_root == str(place / "root")
    assert preparation.data_inputs("filed", "", [], str(place)).data_root == str(place)
    monkeypatch.setenv("GENBENCH_DATA", str(place / "absent"))
    with pytest.raises(GenbenchError, match=r"^GENBENCH_DATA .*absent is no folder"):
        preparation.data_inputs("filed", "", [])


def test_prepare_fetches_a_dataset_where_it_is_told_to_and_a_later_run_finds_it(supervisor, place, tmp_path):
    known = catalogue.read(supervisor)
    facts = preparation.fetched("filed", str(tmp_path), known, supervisor)
    assert (tmp_path / "filed.bin").is_file()
    assert facts.rows == {"train": 38, "valid": 50, "test": 50, "held": 12}
    assert Path(facts.path, "dataset.json").is_file()
    again = preparation.fetched("digits", "", known, supervisor)  # nothing to fetch
    assert again.rows["test"] == 449


def test_prepare_finds_weights_that_are_there_and_says_where_to_put_what_cannot_be_fetched(supervisor, place, cache):
    known = catalogue.read(supervisor)
    target = cache / "assets" / SHA256
    with pytest.raises(GenbenchError, match=rf"weighed\.bin could not be fetched \(.*\); put the file at {target}$"):
        preparation.fetched("weighed", "", known, supervisor)
    target.write_bytes(PUBLISHED)
    try:
        facts = preparation.fetched("weighed", "", known, supervisor)
        assert (facts.path, facts.kind) == (str(target), "extractor")
    finally:
        target.unlink()


def test_prepare_refuses_what_it_does_not_know_and_what_needs_nothing(supervisor):
    known = catalogue.read(supervisor)
    with pytest.raises(GenbenchError, match="no dataset or extractor is named 'fashion-mnis'; did you mean 'fashion-m"):
        preparation.fetched("fashion-mnis", "", known, supervisor)
    with pytest.raises(GenbenchError, match=r"^extractor pixels needs no preparation"):
        preparation.fetched("pixels", "", known, supervisor)


def test_weights_are_looked_for_in_genbenchs_cache_then_in_torchs(tmp_path, monkeypatch):
    for name in ("GENBENCH_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    file = Weights("https://127.0.0.1:9/w.bin", SHA256, "nothing", "w.bin", "CC0-1.0")
    theirs = assets.torch_cache() / "w.bin"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(PUBLISHED)
    assert file.found("weighed") == theirs
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(PUBLISHED)
    assert file.found("weighed") == file.path
    file.path.write_bytes(b"rotten")
    with pytest.raises(
        GenbenchError, match=rf"^{file.path} has sha256 \w+, the weights of weighed have \w+; remove it"
    ):
        file.found("weighed")


def test_torchs_cache_is_where_torch_says(monkeypatch, tmp_path):
    from torch import hub

    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
        assert str(assets.torch_cache()) == str(Path(hub.get_dir()) / "checkpoints")
    for name in ("XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
        assert str(assets.torch_cache()) == str(Path(hub.get_dir()) / "checkpoints")


def test_prepare_sees_a_relative_folder_from_where_the_user_is_and_refuses_one_that_nobody_can_make(
    supervisor, tmp_path, monkeypatch
):
    known = catalogue.read(supervisor)
    (tmp_path / "photos").mkdir()
    for i in range(20):
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(tmp_path / "photos" / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    assert sum(preparation.fetched("folder:photos", "", known, supervisor).rows.values()) == 20
    with pytest.raises(GenbenchError, match=r"--data-root /proc/x cannot be made \(No such file or directory\)"):
        preparation.fetched("mnist", "/proc/x", known, supervisor)
