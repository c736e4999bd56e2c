"""The same images at two places are the same data: they give the same numbers under one protocol."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image

from genbench.execution.supervisor import Supervisor
from genbench.records.record import Record
from genbench.runs import session
from genbench.runs.listener import Silence
from genbench.runs.options import Options

MODEL = '''
import torch

import genbench


class Noisy(genbench.Model):
    """The mean of noisy batches, with noise around it: fit and samples depend on every seed that there is."""

    name, family, source = "noisy", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()
        self.space = space
        self.register_buffer("mean", torch.zeros(space.shape))

    def fit(self, data):
        for x, _ in data.batches(10):
            self.mean += (x.float() + torch.randn(x.shape)).mean(0) * len(x) / data.images

    def sample(self, n, *, labels=None):
        x = self.mean + 40 * torch.randn(n, *self.space.shape)
        return x.round().clamp(0, self.space.levels - 1).long()


@genbench.hookimpl
def genbench_models():
    return [Noisy]
'''


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of 150 grey images of two classes."""
    rng = np.random.default_rng(0)
    for index in range(150):
        folder = tmp_path / "here" / ("dark" if index % 2 else "light")
        folder.mkdir(parents=True, exist_ok=True)
        grey = rng.integers(0, 128, (6, 6)) + (0 if index % 2 else 127)
        Image.fromarray(grey.astype(np.uint8)).save(folder / f"{index}.png")
    return tmp_path / "here"


def record_of(supervisor: Supervisor, images: Path, out: Path) -> Record:
    """The record of the model, fitted on the images of a folder; controls stay away."""
    out.mkdir()
    (out / "noisy.py").write_text(MODEL)
    suite = tiny.write_suite(out, dataset=f"folder:{images}", quality="clipped-density", coverage="clipped-coverage")
    chosen = Options(["noisy"], plugin=[str(out / "noisy.py")], suite=str(suite), out=out, device="cpu", jobs=1)
    plan = session.plan_of(chosen, session.catalogue_of(chosen, supervisor))
    plan = replace(plan, trials=tuple(trial for trial in plan.trials if trial.listing.control is None))
    tiny.keep_secret(session.run_folder(chosen, plan))
    (record,) = session.execute(plan, chosen, supervisor, Silence()).records
    return record


def test_the_same_images_at_two_places_give_the_same_bytes_and_numbers(
    supervisor: Supervisor, images: Path, tmp_path: Path
):
    there = Path(shutil.copytree(images, tmp_path / "there"))
    first, second = (record_of(supervisor, place, tmp_path / f"run-{place.name}") for place in (images, there))
    (one,), (other,) = first.candidates, second.candidates
    assert (one.reason, other.reason) == (None, None)
    assert first.dataset.name != second.dataset.name
    for name in ("protocol", "secret"):
        assert getattr(first, name) == getattr(second, name)
    for file in ("fit/checkpoint.safetensors", "sample/default/samples.safetensors"):
        found = [tmp_path / f"run-{place.name}" / "runs/tiny/noisy.default.0" / file for place in (images, there)]
        assert found[0].read_bytes() == found[1].read_bytes()
    assert set(one.scores) >= {"clipped-density@pixels", "clipped-coverage@pixels"}
    assert tiny.without_clocks(one) == tiny.without_clocks(other)

    # Another image makes other data, and everything that is drawn is another draw.
    Image.fromarray(np.full((6, 6), 9, np.uint8)).save(there / "dark" / "1.png")
    changed = record_of(supervisor, there, tmp_path / "run-changed")
    assert changed.dataset.sha256 != first.dataset.sha256
    assert not {*changed.candidates[0].evidence.values()} & {*one.evidence.values()}
