"""What a model answers for an entry before it is told it is verified; whoever lies there has no rank for bits/dim."""

import math
from pathlib import Path

import numpy as np
import pytest
import tiny
from safetensors.numpy import load_file

from genbench.builtin.datasets.digits import Digits
from genbench.execution.supervisor import Supervisor
from genbench.records.audits import Assurance, AuditFinding, AuditStatus
from genbench.records.status import Status

PLUGIN = Path(__file__).parent / "plugins/sequentials.py"
REFUSED = "refused: what the process left is not what it answered before it was told the entries"
CAUGHT = {  # cheat → what its finding says
    "peeks": "and log_prob() declares",
    "adds": "and log_prob() declares",
    "rewrites": REFUSED,
    "postpones": REFUSED,
    "hurries": REFUSED,
    "company": "and log_prob() declares",
}


@pytest.fixture(scope="module")
def board(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """The finished run of all of them."""
    out = tmp_path_factory.mktemp("verified")
    names = ["chain", *CAUGHT, "looks", "nothing", "bounded-chain", "apart", "remembers"]
    return tiny.run(supervisor, out, [PLUGIN], names, tiny.write_suite(out, count=449), afresh=True)


def test_a_latency_is_that_of_images_that_can_be_had_again(board: tiny.Run):
    chain, apart = board.candidate("chain"), board.candidate("apart")
    assert (chain.timing.void_alone, chain.timing.alone.count >= 3) == ("", True)
    assert chain.scores["latency"].value > 0
    words = "a call for one sample, made again in a fresh process under its seed, gives another one"
    assert apart.timing.void_alone == words
    assert words not in apart.timing.void
    assert apart.missing["latency"].reason == f"void: {words}"


def test_all_rows_are_asked_for_in_one_call_an_entry_so_that_a_model_may_go_on_from_its_last_call(board: tiny.Run):
    assert board.candidate("remembers").audits.assurance is Assurance.VERIFIED


def verified(board: tiny.Run, name: str) -> AuditFinding:
    return next(found for found in board.candidate(name).audits.audits if found.name == "verified")


def test_an_honest_model_is_verified_on_rows_that_nobody_could_foresee(board: tiny.Run):
    found = board.candidate("chain")
    assert (found.audits.status, found.audits.reason) == (AuditStatus.PASSED, None)
    assert found.audits.assurance is Assurance.VERIFIED
    assert found.audits.verified.rows == 200
    assert verified(board, "chain").value == pytest.approx(found.audits.verified.bits)
    # 200 of the 449 rows that the score is the mean of.
    assert abs(found.audits.verified.bits - found.scores["bits-per-dim"].value) < 4 * found.audits.verified.error


def test_what_is_verified_is_what_the_model_answered_for_the_true_entries(board: tiny.Run):
    folder = board.root / "chain.default.0"
    said = load_file(folder / "verify/log-weights.safetensors")["log_weights"].astype(float)
    key, test = load_file(folder / "stream/key.safetensors"), Digits().splits().test.x
    rows = test[key["tested"][key["verified"]]].reshape(200, 64)
    p = np.exp(said) / np.exp(said).sum(2, keepdims=True)  # [64, 200, 17]
    bits = -np.log2(np.take_along_axis(p, rows.T[:, :, None].astype(int), 2)).sum(0)[:, 0] / 64
    assert board.candidate("chain").audits.verified.bits == pytest.approx(bits.mean())
    assert board.candidate("chain").audits.verified.error == pytest.approx(bits.std(ddof=1) / math.sqrt(200))


@pytest.mark.parametrize("name", CAUGHT)
def test_a_cheat_is_found_out_and_its_bits_are_not_ranked(board: tiny.Run, name: str):
    found = board.candidate(name)
    assert found.status is Status.OK
    assert verified(board, name).status is AuditStatus.FAILED
    assert CAUGHT[name] in verified(board, name).words
    assert found.audits.status is AuditStatus.FAILED
    assert (found.audits.verified, found.audits.assurance) == (None, Assurance.DECLARED)
    row = next(row for row in board.finished.boards["generate"].rows if row.name == name)
    assert row.audits.unranked.startswith("its density failed an audit")


def test_whoever_looks_at_what_it_has_to_answer_for_has_the_worse_bits(board: tiny.Run):
    assert verified(board, "peeks").value > verified(board, "chain").value + 1


def test_the_process_finds_the_rows_in_no_file(board: tiny.Run):
    assert board.candidate("looks").audits.assurance is Assurance.VERIFIED
    log = (board.root / "looks.default.0/verify/log.txt").read_text()
    assert "told of False" in log
    if board.record("looks").machine.isolation != "process":
        assert "opened 0" in log


def test_answers_without_any_weight_fail_the_stage_and_the_bits_stay_declared(board: tiny.Run):
    found = board.candidate("nothing")
    assert board.record("nothing").stages["verify"].status is Status.INVALID_EVIDENCE
    assert verified(board, "nothing").status is AuditStatus.SKIPPED
    assert "no weight at all" in verified(board, "nothing").words
    assert (found.audits.status, found.audits.assurance) == (AuditStatus.PASSED, Assurance.DECLARED)


def test_a_bound_is_not_asked(board: tiny.Run):
    assert board.record("bounded-chain").stages["verify"].status is Status.SKIPPED
    assert "only an exact density of integers can be verified" in verified(board, "bounded-chain").words


@pytest.mark.parametrize("name", ["independent-pixels", "noise"])
def test_the_controls_that_have_a_probability_are_verified(board: tiny.Run, name: str):
    assert board.candidate(name).audits.assurance is Assurance.VERIFIED
