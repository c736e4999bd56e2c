"""What a candidate's fits took stands on the board, and what they hide is marked."""

import pytest
from boards import QUALITY, by_name, named
from records import candidate, record, score

from genbench.cli.summary import gated
from genbench.leaderboard import Leaderboard
from genbench.records.effort import Effort
from genbench.records.record import Record


def fitted(name: str, seed: int, fit: Effort | None, **model: object) -> Record:
    return record(name, seed, model={"fit": fit, **model})


def test_cpu_and_wall_seconds_of_fits_are_means_over_seeds():
    taken = [fitted("vae", seed, Effort(40.0 + seed, 50.0, 1.0), images=100 + seed) for seed in range(3)]
    board = Leaderboard.of([*taken, fitted("old", 0, None)])
    cost = by_name(board)["vae"].cost
    assert (cost.images, cost.cpu, cost.seconds, cost.elsewhere, cost.hides) == (100, 41.0, 50.0, False, False)
    assert (by_name(board)["old"].cost.cpu, by_name(board)["old"].cost.seconds) == (None, None)
    assert board.frame().loc["vae", "fit_cpu_seconds"] == 41.0
    assert {row["name"]: row["fit_cpu_seconds"] for row in board.to_json()["rows"]} == {"vae": 41.0, "old": None}


def test_a_fit_that_trains_elsewhere_and_one_that_hides_are_told():
    later, hidden = Effort(63.0, 70.0, 60.0), Effort(1.0, 70.0, 0.0, hides_children=True)
    found = list(gated(Leaderboard.of([fitted("later", 0, later, images=9), fitted("hidden", 0, hidden, images=9)])))
    assert any(line.startswith("trained beside its fit: later") and "63.0 CPU seconds" in line for line in found)
    assert any(line.startswith("hidden work: hidden") for line in found)


@pytest.mark.parametrize(("cpu", "beside", "told"), [(8.0, 4.9, False), (8.0, 6.0, True), (60.0, 6.0, False)])
def test_saving_and_checking_are_allowed_for(cpu: float, beside: float, told: bool):
    assert Effort(cpu, 9.0, beside).elsewhere == told


def test_what_keeps_its_knowledge_outside_of_parameters_is_told_with_its_size():
    bare, learnt = {"parameters": 0, "checkpoint_bytes": 2048}, {"parameters": 7, "checkpoint_bytes": 2048}
    found = by_name(Leaderboard.of([fitted("bare", 0, None, **bare), fitted("learnt", 0, None, **learnt)]))
    assert (found["bare"].cost.unlearnt, found["learnt"].cost.unlearnt) == (2048, None)


def test_a_contracted_candidate_is_told_by_extractor_and_seeds():
    values, limit = named({"quality": 0.6}), {"ratio": 1.4, "limit": 1.1}
    records = [
        record("mixup", seed, candidates=[_with(candidate("mixup", values), limit if seed < 2 else {})])
        for seed in range(3)
    ]
    board = Leaderboard.of(records)
    assert by_name(board)["mixup"].contracted == {QUALITY: 2}
    assert "contracted by digits-net: mixup at 2 of 3 seeds: samples lie denser than fresh real data do" in [
        *gated(board)
    ]


def _with(own, details):
    own.scores[QUALITY] = score(QUALITY, 0.6, details=details)
    return own
