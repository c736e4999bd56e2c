"""In a run a plugin's process reaches the data that its stage is for, and not the test split before its turn."""

from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor

PEEKS = '''
import os
from pathlib import Path

import torch

import genbench


class Peeking(genbench.Model):
    """Looks for the test split wherever its training data lie."""

    name, family, source = "peeking", genbench.Family.BASELINE, "made for the tests"
    needs = {needs}

    def __init__(self, space):
        super().__init__()
        self.space = space
        self.register_buffer("x", None)

    def fit(self, data):
        import json

        home = Path(json.loads(Path("job.json").read_text())["arguments"]["data"])
        self.x = torch.frombuffer(bytearray((home / "test.x.npy").read_bytes()[128:]), dtype=torch.uint8)

    def sample(self, n, *, labels=None):
        x = self.x[: n * self.space.dim].long().view(n, *self.space.shape)
        x[:, :, 0] = torch.randint(self.space.levels, x[:, :, 0].shape)  # two calls must not be equal
        return x


@genbench.hookimpl
def genbench_models():
    return [Peeking]
'''


def _run(supervisor: Supervisor, folder: Path, needs: str = "()", **options: object) -> tiny.Run:
    (folder / "peeking.py").write_text(PEEKS.format(needs=needs))
    return tiny.run(supervisor, folder, [folder / "peeking.py"], ["peeking"], tiny.write_suite(folder), **options)


def test_a_model_cannot_train_on_the_test_split(supervisor: Supervisor, tmp_path: Path):
    run = _run(supervisor, tmp_path)
    candidate = run.candidate("peeking")
    assert (candidate["status"], candidate["phase"]) == ("error", "fit")
    assert "PermissionError" in candidate["reason"]
    assert run.record("peeking")["environment"]["isolation"].startswith("landlock")
    assert run.candidate("test-copycat")["status"] == "ok"  # the harness's own control may


@pytest.mark.parametrize("options", [{"isolation": "process"}, {"needs": "('files',)"}])
def test_without_the_guard_it_could_and_the_record_says_so(
    supervisor: Supervisor, tmp_path: Path, options: dict[str, str]
):
    run = _run(supervisor, tmp_path, **options)
    assert run.candidate("peeking")["status"] == "ok"
    record = run.record("peeking")
    assert record["environment"]["isolation"] == "process" or record["model"]["needs"] == ["files"]
