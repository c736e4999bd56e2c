"""Days of demand for power: files of our own in the archive's form, what is wrong with them, curves."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from genbench.builtin.datasets import packaged
from genbench.builtin.datasets.italy_power_demand import FILES, ItalyPowerDemand
from genbench.builtin.tasks.generate import Generate
from genbench.errors import GenbenchError
from genbench.files import picture
from genbench.records.space import Space


@pytest.fixture
def source(tmp_path, monkeypatch):
    """67 and 1,029 random days in a place of its own."""
    folder = tmp_path / "aeon/datasets/data/ItalyPowerDemand"
    folder.mkdir(parents=True)
    x = np.random.default_rng(0).normal(size=(1096, 24))
    for name, rows in zip(FILES, (range(67), range(67, 1096)), strict=True):
        days = [",".join(f"{value:.8f}" for value in x[row]) + f":{1 + row % 2}" for row in rows]
        (folder / name).write_text("#a comment\n@classLabel true 1 2\n@data\n" + "\n".join(days) + "\n")
    monkeypatch.setattr(packaged, "find_spec", lambda name: None)
    found = ItalyPowerDemand()
    found.places = [tmp_path]
    return found, folder


def test_each_day_is_in_one_split_with_its_class(source):
    dataset, _ = source
    splits = dataset.splits()
    parts = [getattr(splits, name) for name in ("train", "valid", "test", "held")]
    assert [len(part) for part in parts] == [520, 96, 240, 240]
    assert [np.bincount(part.y).tolist() for part in parts] == [[260, 260], [48, 48], [120, 120], [120, 120]]
    told = {row.tobytes(): label for part in parts for row, label in zip(part.x, part.y.tolist(), strict=True)}
    x = np.random.default_rng(0).normal(size=(1096, 24)).round(8).astype(np.float32)
    assert told == {row.tobytes(): at % 2 for at, row in enumerate(x)}
    assert splits.space == Space((24,), None, 2)
    assert dataset.splits().sha256 == splits.sha256


def test_what_is_missing_or_of_another_form_is_told_with_the_package(source):
    dataset, folder = source
    first = folder / FILES[0]
    whole = first.read_text()
    first.write_text(whole.rsplit("\n", 2)[0] + "\n")
    with pytest.raises(GenbenchError, match=r"holds 1,095 days, expected 1,096; pip install aeon"):
        dataset.splits()
    for text, words in (
        (whole.replace("@data", ""), "no series of the form .ts"),
        (whole.replace(":1\n", ":x\n"), "no series of the form .ts"),
        (whole.replace(":1\n", ":3\n"), "expected 24 numbers and class 1 or 2"),
        ("@data\n1,2:1\n", r"holds rows of \(2,\)"),
    ):
        first.write_text(text)
        with pytest.raises(GenbenchError, match=words):
            dataset.splits()
    dataset.places = []
    with pytest.raises(GenbenchError, match=r"italy-power-demand is not on this machine: .*pip install aeon, or put"):
        dataset.fetch(None)


@pytest.mark.skipif(packaged.find_spec("aeon") is None, reason="aeon is not installed")
def test_the_packages_days_are_standardised():
    splits = ItalyPowerDemand().splits()
    assert np.abs(splits.train.x.mean(1)).max() < 1e-5
    assert splits.train.x.std(1, ddof=1) == pytest.approx(np.ones(520), abs=1e-5)


def test_real_series_are_drawn_as_curves_of_one_scale():
    x = np.stack([np.linspace(-1, 1, 24), np.zeros(24)]).astype(np.float32)
    shown = Generate().exhibits({}, x, Space((24,), None))
    assert list(shown) == ["curves"]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["curves"]))))
    height, width = picture.PANEL
    assert pixels.shape == (height, 4 * (width + 1) - 1)
    assert (pixels[-1, 0], pixels[0, width - 1]) == (0, 0)  # it rises from corner to corner
    flat = pixels[:, width + 1 : 2 * width + 1]
    assert sorted(set((flat == 0).nonzero()[0].tolist())) in ([29], [30])
    assert Generate().exhibits({}, np.zeros((2, 1, 3, 3), np.float32), Space((1, 3, 3), None)) == {}
