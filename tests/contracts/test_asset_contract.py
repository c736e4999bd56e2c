"""External assets are verified before their model runs, and again where it opens them."""

import hashlib
import re
from pathlib import Path

import tiny

from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

PRETRAINED = '''
"""A model that samples the one level that its asset holds."""

import torch

import genbench


class Pretrained(genbench.Model):
    """One level everywhere, and noise in the first row."""

    name, family, source = "pretrained", genbench.Family.BASELINE, "made for the tests"
    assets = {{"level": genbench.Asset({location!r}, {sha256!r}, "one number")}}

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        """Nothing to learn."""

    def sample(self, n, *, labels=None):
        x = torch.randint(self.space.levels, (n, *self.space.shape))
        x[:, :, 1:] = int(self.asset("level").read_text())
        return x


@genbench.hookimpl
def genbench_models():
    return [Pretrained]
'''


def _pretrained(folder: Path, sha256: str) -> Path:
    plugin = folder / "pretrained.py"
    plugin.write_text(PRETRAINED.format(location=str(folder / "level.txt"), sha256=sha256))
    return plugin


def _refused(run: tiny.Run, reason: str) -> None:
    """The model has failed before its code ran, and the controls are there."""
    candidate = run.candidate("pretrained")
    assert (candidate.status, candidate.stage) == (Status.ERROR, "fit")
    assert re.search(reason, candidate.reason)
    assert run.candidate("copycat").status is Status.OK


def test_a_model_reads_its_verified_asset_and_the_record_says_what_it_was_trained_on(
    supervisor: Supervisor, tmp_path: Path
):
    (tmp_path / "level.txt").write_text("5")
    plugin = _pretrained(tmp_path, hashlib.sha256(b"5").hexdigest())
    run = tiny.run(supervisor, tmp_path, [plugin], ["pretrained"], tiny.write_suite(tmp_path))
    assert run.candidate("pretrained").status is Status.OK
    assert run.record("pretrained").model.pretrained_on == ("one number",)


def test_an_asset_with_other_bytes_than_declared_is_refused(supervisor: Supervisor, tmp_path: Path):
    (tmp_path / "level.txt").write_text("6")
    plugin = _pretrained(tmp_path, hashlib.sha256(b"5").hexdigest())
    found = tiny.run(supervisor, tmp_path, [plugin], ["pretrained"], tiny.write_suite(tmp_path))
    _refused(found, r"level\.txt has sha256 e7f6c011.*, its declaration says ef2d127d")


def test_a_missing_asset_is_refused_with_the_place_where_it_belongs_and_taken_once_it_is_there(
    supervisor: Supervisor, tmp_path: Path
):
    plugin = _pretrained(tmp_path, hashlib.sha256(b"5").hexdigest())
    found = tiny.run(supervisor, tmp_path, [plugin], ["pretrained"], tiny.write_suite(tmp_path))
    _refused(found, r"level\.txt: put it there")
    (tmp_path / "level.txt").write_text("5")
    again = tiny.run(supervisor, tmp_path, [plugin], ["pretrained"], tiny.write_suite(tmp_path))
    assert again.candidate("pretrained").status is Status.OK
