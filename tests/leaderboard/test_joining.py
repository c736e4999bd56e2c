"""Earlier records of a run's folder stand on its board where a board can hold them, and say why where not."""

from dataclasses import replace

import pytest
from records import DATASET, TERMS, VALUES, candidate, record, score, terms

from genbench.leaderboard import boards
from genbench.leaderboard.joining import joined
from genbench.records.record import Record
from genbench.report.provenance import asked


def names(records: tuple[Record, ...]) -> list[tuple[str, int]]:
    return sorted((own.model.reference, own.seed) for own in records)


def changed(own: Record, **changes: object) -> Record:
    """The record with another `fd` score."""
    fd = score("fd@digits-net", 3.0, **changes)
    return replace(own, candidates=(replace(own.candidates[0], scores={"fd@digits-net": fd}),))


def test_the_records_of_other_models_and_seeds_stand_beside_those_of_a_run() -> None:
    found = joined([record("mine")], [record("vae"), record("mine", 1), record("ddpm")])
    assert names(found.records) == [("ddpm", 0), ("mine", 0), ("mine", 1), ("vae", 0)]
    assert found.left_out == ()


def test_a_trial_that_the_run_has_too_is_the_runs() -> None:
    own = record("mine", finished="2026-01-01T00:00:00Z")
    found = joined([own], [record("mine", finished="2026-01-02T00:00:00Z")])
    assert (found.records, found.left_out) == ((own,), ())


def test_another_protocol_is_passed_over_without_a_word() -> None:
    found = joined([record("mine")], [record("vae", protocol="another")])
    assert (names(found.records), found.left_out) == ([("mine", 0)], ())


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (record("vae", dataset=replace(DATASET, sha256="e2" * 32)), "another dataset"),
        (record("vae", suite=terms(count=7)), "another exam of generate"),
        (record("mine", 1, model={"code": "0" * 64}), "another code of mine of generate"),
        (changed(record("vae"), version="2"), "another version of fd@digits-net of generate"),
        (changed(record("vae"), extractor="digits-net/2/ff"), "another extractor of fd@digits-net of generate"),
    ],
)
def test_what_a_board_cannot_mix_is_left_out_and_told(other: Record, what: str) -> None:
    own = record("mine", candidates=[candidate("mine", VALUES)])
    found = joined([own], [other])
    assert found.records == (own,)
    assert found.left_out == (f"{other.model.reference} seed {other.seed} is not on the board: {what}",)
    assert boards(found.records)


def test_of_earlier_records_that_do_not_agree_the_newest_stand() -> None:
    old = record("vae", 0, model={"code": "0" * 64}, finished="2026-01-01T00:00:00Z")
    new = record("vae", 1, model={"code": "1" * 64}, finished="2026-01-02T00:00:00Z")
    found = joined([record("mine")], [old, new])
    assert names(found.records) == [("mine", 0), ("vae", 1)]
    assert boards(found.records)


def test_a_model_may_have_answered_another_task_by_other_code() -> None:
    own = record("mine", candidates=[candidate("mine", VALUES)])
    other = record("mine", 1, candidates=[replace(candidate("mine", VALUES), task="box")], model={"code": "0" * 64})
    other = replace(other, suite=replace(other.suite, tasks={"box": TERMS}))
    assert joined([own], [other]).left_out == ()
    both = boards([own, other])
    assert {task: len(board.rows) for task, board in both.items()} == {"generate": 1, "box": 1}
    assert list(boards([other, own, record("vae")])) == ["generate", "box"]  # what most records were asked comes first
    assert [asked(both[task]) for task in ("generate", "box")] == [[own], [other]]
