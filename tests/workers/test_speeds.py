"""A slow model that looks fast is found out or timed as what it is; honest ones keep their speed."""

from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

pytestmark = pytest.mark.slow

PLUGINS = [Path(__file__).parent / "plugins/clocks.py", Path(__file__).parent / "plugins/forgers.py"]
AGAIN = "a scored batch, drawn again in a fresh process under its seed, is another one"
TWICE = "two calls under different seeds returned the same samples"
# Cheat → what its board says in place of its speed, or "" where its speed is that of a model which does as much.
CAUGHT = {
    "at-load": AGAIN,
    "by-load": "s beside a run of",
    "at-warm-up": AGAIN,
    "all-at-once": AGAIN,
    "threads": AGAIN,
    "quiet-children": "sets no handler of SIGCHLD",
}
TIMED = {
    "children": ("slow", 1.5),
    "unheard-children": ("slow", 1.5),
    "outliving": ("fast", 0.7),
}  # whose speed it stays below, times so much
COUNTED = ("hooked", "remembering")


@pytest.fixture(scope="module")
def board(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """The finished run of all of them."""
    out = tmp_path_factory.mktemp("clocks")
    suite = tiny.write_suite(out, limit=240, latency=0.0, run=1.0, count=300, scores='"throughput", "nfe"')
    names = ["slow", "fast", *CAUGHT, "lazy", *TIMED, *COUNTED, "from-bank", "swaps", "swaps-first", "forges"]
    return tiny.run(supervisor, out, PLUGINS, names, suite)


def speed(board: tiny.Run, name: str) -> float:
    return board.candidate(name).scores["throughput"].value


@pytest.mark.parametrize("name", ["slow", "fast"])
def test_an_honest_model_has_a_speed_and_its_evaluations(board: tiny.Run, name: str):
    found = board.candidate(name)
    assert found.timing.void == ""
    assert found.scores["nfe"].value == {"slow": 12, "fast": 1}[name]
    assert found.timing.seconds > 0.5  # of one, less what the markers cost, which is at most half
    assert len(found.timing.scored) == 6
    assert len(found.timing.repetitions) == 8
    assert all(own.cpu and own.yardstick for own in found.timing.repetitions)


def test_the_speeds_of_honest_models_tell_them_apart(board: tiny.Run):
    assert speed(board, "fast") > 2 * speed(board, "slow")


@pytest.mark.parametrize("name", CAUGHT)
def test_a_cheat_is_void_and_the_board_says_why(board: tiny.Run, name: str):
    found = board.candidate(name)
    words = str(found.missing.get("throughput") or found.reason)
    assert CAUGHT[name] in words or TWICE in words


@pytest.mark.parametrize("name", TIMED)
def test_work_that_is_put_off_or_given_to_others_is_timed(board: tiny.Run, name: str):
    # As slow as one that takes as many steps; threads that burn beside each batch cost as much as they take.
    void, (other, share) = board.candidate(name).timing.void, TIMED[name]
    if void:
        assert any(words in void for words in ("differ by", AGAIN)), void
    else:
        assert speed(board, name) < share * speed(board, other)


def test_samples_that_are_drawn_when_they_are_looked_at_are_refused(board: tiny.Run):
    found = board.candidate("lazy")
    assert found.status is Status.INVALID_EVIDENCE
    assert "expected a tensor of torch's own class" in found.reason


@pytest.mark.parametrize("name", COUNTED)
def test_evaluations_are_not_counted_of_a_batch_that_is_another_one(board: tiny.Run, name: str):
    assert "could not be counted" in board.candidate(name).missing["nfe"].reason
    assert speed(board, name) < 1.5 * speed(board, "slow")


def test_a_bank_shows_in_the_draws_of_the_run_that_are_not_scored(board: tiny.Run):
    found, honest = (board.candidate(name).memorisation for name in ("from-bank", "fast"))
    repeats = next(test for test in found.tests if test.test == "repeats")
    assert repeats.flagged
    assert found.flagged
    assert 30_000 < float(repeats.note.split()[-2].replace(",", "")) < 50_000  # as from a bank of so many images
    assert not any(test.flagged for test in honest.tests if test.against == "samples")


@pytest.mark.parametrize("name", ["swaps", "swaps-first", "forges"])
def test_samples_that_the_clock_did_not_see_are_no_evidence(board: tiny.Run, name: str):
    found = board.candidate(name)
    assert found.status in (Status.INVALID_EVIDENCE, Status.ERROR)
    assert not found.scores


def test_a_scored_batch_is_drawn_again(board: tiny.Run):
    timing = board.candidate("slow").timing
    assert timing.drawn_again in timing.scored
