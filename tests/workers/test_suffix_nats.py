"""What a model says of the true rest of a row, entry by entry, is scored where it draws that rest by the same law."""

from pathlib import Path

import numpy as np
import pytest
import tiny
from safetensors.numpy import load_file

from genbench.builtin.datasets.digits import Digits
from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

PLUGIN = Path(__file__).parent / "plugins/sequentials.py"
UNCROP = """
[tasks.uncrop]
ask = "restore[operator=crop,draws=4]"
solvers = ["ancestral", "importance[particles=16]"]
count = 40
scores = ["energy", "suffix-nats", "parameters", "throughput"]
axes = { fidelity = "energy", realism = "parameters", speed = "throughput" }
"""
BESIDE = (
    "needs answers that a solver makes of the law of each entry, and a model whose likelihood was verified "
    "entry by entry in the same run"
)


def ran(supervisor: Supervisor, out: Path, *tasks: str) -> tiny.Run:
    suite = tiny.write_suite(out)
    suite.write_text(suite.read_text() + UNCROP)
    return tiny.run(supervisor, out, [PLUGIN], ["chain", "rewrites"], suite, tasks=list(tasks))


@pytest.fixture(scope="module")
def board(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """The finished run of both tasks."""
    return ran(supervisor, tmp_path_factory.mktemp("suffixes"), "generate", "uncrop")


def test_the_nats_are_those_of_what_is_hidden_of_the_verified_rows(board: tiny.Run):
    folder = board.root / "chain.default.0"
    said = load_file(folder / "verify/log-weights.safetensors")["log_weights"].astype(float)
    key, test = load_file(folder / "stream/key.safetensors"), Digits().splits().test.x
    rows = test[key["tested"][key["verified"]]].reshape(-1, 64)
    hidden = load_file(next(board.root.glob("exams/uncrop/key/*.safetensors")))["hidden"][0].ravel() == 1
    p = np.exp(said) / np.exp(said).sum(2, keepdims=True)  # [64, rows, 17]
    nats = -np.log(np.take_along_axis(p, rows.T[:, :, None].astype(int), 2))[hidden].sum(0)[:, 0]
    found = board.candidate("chain/ancestral", "uncrop").scores["suffix-nats"]
    assert 0 < hidden.sum() < 64
    assert (found.value, found.details["rows"]) == (pytest.approx(nats.mean()), len(rows))


def test_who_draws_by_another_law_or_left_something_else_has_none(board: tiny.Run):
    assert board.candidate("chain/importance[particles=16]", "uncrop").missing["suffix-nats"].reason == BESIDE
    rewritten = board.candidate("rewrites/ancestral", "uncrop")
    assert rewritten.status is Status.INVALID_EVIDENCE
    assert "is not what it answered before it was told the entries" in rewritten.reason


def test_without_the_task_that_asks_entry_by_entry_it_is_missing_and_says_so(supervisor: Supervisor, tmp_path: Path):
    found = ran(supervisor, tmp_path, "uncrop").candidate("chain/ancestral", "uncrop")
    assert "energy" in found.scores
    assert found.missing["suffix-nats"].reason == BESIDE
