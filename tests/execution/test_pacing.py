"""What a run is told: one seed after the other, the scored batches the same whatever else is drawn."""

import math
from pathlib import Path

import pytest

from genbench.contracts.job import Call, Pace, Section, Telling, Timeline
from genbench.execution.pacing import (
    AGAIN,
    ALONE,
    LEAST,
    Disclosed,
    Paced,
    Repeated,
    batch_secret,
    call_secret,
    called,
    counted,
    teller,
)
from genbench.seeds import derived

SECRET, OTHER = "5e" * 32, "a7" * 32


def drawn(lap: float, scored: int = 6, seconds: float = 2.0, secret: str = SECRET) -> tuple[list[str], tuple[int, ...]]:
    """What a run whose laps take so long is told, and the laps of it that are scored."""
    paced = Paced(Pace("run", scored, seconds), secret)
    told, word, spent = [], paced.ready("run"), 0.0
    while word:
        told.append(word)
        spent += lap
        word = paced.lap("run", "digest", spent)
    return told, paced.places


@pytest.mark.parametrize("lap", [0.003, 0.05, 0.3, 1.0, 20.0])
def test_the_scored_batches_are_the_same_however_many_others_there_are(lap: float):
    told, places = drawn(lap)
    assert [told[place] for place in places] == [derived(SECRET, "batch", i) for i in range(6)]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize(("lap", "laps"), [(0.01, 200), (0.1, 20), (0.3, 7), (0.5, 6), (7.0, 6)])
def test_a_run_goes_on_until_it_has_lasted_and_no_longer(lap: float, laps: int):
    told, _ = drawn(lap)
    assert abs(len(told) - laps) <= 1


def test_a_run_of_few_long_batches_has_five():
    assert len(drawn(3.0, scored=2)[0]) == LEAST


def test_a_run_that_need_not_last_draws_what_is_scored():
    assert drawn(0.001, scored=3, seconds=0.0)[1] == (0, 1, 2)


def test_scored_batches_lie_all_over_the_run():
    places = [place / 200 for seed in range(40) for place in drawn(0.01, secret=derived(SECRET, seed))[1]]
    quarters = [sum(quarter <= 4 * place < quarter + 1 for place in places) / len(places) for quarter in range(4)]
    assert min(quarters) > 0.15  # of 240, each with a standard error of .03
    assert drawn(0.01)[1] != drawn(0.01, secret=OTHER)[1]


def test_nothing_that_a_run_is_told_gives_another_seed_away():
    told, _ = drawn(0.01)
    others = {derived(word, "batch", i) for word in told for i in range(6)}
    assert not others & {*told, SECRET}
    assert SECRET not in told


def test_which_batches_are_scored_is_told_when_the_run_is_over():
    paced = Paced(Pace("run", 2), SECRET)
    assert paced.ready("latency") not in ("", SECRET, derived(SECRET, "batch", 0))
    assert (paced.done("latency"), paced.lap("latency", "", 1.0)) == ("", "")
    paced.ready("run")
    paced.lap("run", "", 1.0)
    assert paced.lap("run", "", 2.0) == ""
    assert paced.done("run") == "0,1"


def test_a_batch_that_comes_out_alike_is_asked_for_once_more_at_most():
    alike, other = Repeated(OTHER, 3, "d"), Repeated(OTHER, 3, "d")
    assert (alike.ready("load"), alike.ready(AGAIN)) == ("", f"{OTHER} 3")
    assert alike.lap(AGAIN, "d", 1.0) == ""
    assert [other.lap(AGAIN, "e", math.nan) for _ in range(3)] == [OTHER, "", ""]


def test_the_batch_that_is_drawn_again_is_any_scored_one_but_the_runs_first(tmp_path: Path):
    calls = [
        Call("s", "m:f", tmp_path, {}, 1.0, secrets={"run": derived(SECRET, i)}, pace=Pace("run", 3)) for i in range(60)
    ]
    assert {counted(call, (0, 4, 5)) for call in calls} == {1, 2}
    assert {counted(call, (3, 4, 5)) for call in calls} == {0, 1, 2}
    assert {counted(call, (0,)) for call in calls} == {0}
    assert batch_secret(calls[0], 2) == derived(derived(SECRET, 0), "batch", 2)


def test_the_call_for_one_sample_that_is_made_again_is_any_but_the_first(tmp_path: Path):
    calls = [
        Call("s", "m:f", tmp_path, {}, 1.0, secrets={"run": derived(SECRET, i)}, pace=Pace("run", 3)) for i in range(60)
    ]
    timed = Timeline({"latency": (Section(3.0, (1.0,) * 3, digests=("a", "b", "c")),), "run": (Section(1.0),)})
    assert {called(call, timed) for call in calls} == {("latency", 1), ("latency", 2)}
    assert called(calls[0], Timeline({"call": (Section(3.0, (1.0,) * 3),)})) is None  # which committed to nothing
    # As it was told while it was timed.
    assert call_secret(calls[0], "call") == teller(calls[0]).ready("call")


def test_what_is_drawn_again_is_told_in_the_section_of_its_own():
    told = Repeated(OTHER, 3, "d", alone="secret latency 7")
    assert (told.ready(ALONE), told.ready(AGAIN), told.ready("load")) == ("secret latency 7", f"{OTHER} 3", "")
    assert told.lap(ALONE, "e", 1.0) == ""
    assert told.lap(AGAIN, "e", 1.0) == OTHER


def test_a_line_is_told_after_each_lap_that_commits_to_something(tmp_path: Path):
    (tmp_path / "lines").write_text("3,1\n4,1\n")
    told = Disclosed(Telling("verify", tmp_path / "lines"), {"verify": SECRET})
    assert (told.ready("verify"), told.ready("load")) == (SECRET, "")
    assert (told.lap("verify", "", 0.0), told.lap("load", "digest", 0.0)) == ("", "")
    assert [told.lap("verify", "digest", 0.0) for _ in range(3)] == ["3,1", "4,1", ""]
    assert told.done("verify") == ""
