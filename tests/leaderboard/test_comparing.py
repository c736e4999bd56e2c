"""Two boards, or two candidates, against each other."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from boards import COVERAGE, FD, MACHINES, QUALITY, SPEED, changed, failing, gated, scored
from records import MACHINE, SUITE, TERMS, audits, board_records, control, memorisation, record, score, terms

from genbench.errors import GenbenchError
from genbench.leaderboard import boards
from genbench.leaderboard.comparing import candidates_compared, compared
from genbench.leaderboard.comparison import Change, Comparison, Finding
from genbench.records.audits import AuditStatus
from genbench.records.gates import GateStatus
from genbench.records.kinds import ControlKind
from genbench.records.record import Record
from genbench.records.status import Status


def seeds(name: str, count: int = 5, **values: float) -> list[Record]:
    """A candidate whose seeds scatter by 0.2 % of each value."""
    return [
        scored(name, seed, **{score: value * (1 + 0.001 * (seed % 3 - 1)) for score, value in values.items()})
        for seed in range(count)
    ]


def held(before: Iterable[Record], after: Iterable[Record], *scores: str) -> Comparison:
    return compared(boards(before), boards(after), scores)


def of(comparison: Comparison, candidate: str, score: str = "") -> Finding:
    (found,) = [own for own in comparison.findings if (own.candidate, own.score) == (candidate, score)]
    return found


USUAL: dict[str, Any] = {"quality": 0.5, "coverage": 0.6, "fd": 20.0, "speed": 1000.0}


def test_what_rises_is_better_or_worse_by_the_direction_of_its_score() -> None:
    before = seeds("a", **USUAL)
    found = held(before, seeds("a", **USUAL | {"quality": 0.6, "fd": 25.0, "speed": 1100.0}))
    changes = {own.score: own.change for own in found.findings}
    assert changes == {
        QUALITY: Change.BETTER,
        FD: Change.WORSE,
        COVERAGE: Change.INSEPARABLE,
        SPEED: Change.INSEPARABLE,  # less than the tie of 1.25
    }
    assert found.regressed
    assert not held(before, seeds("a", **USUAL | {"fd": 15.0})).regressed
    assert of(found, "a", FD).difference.estimate == pytest.approx(1.25, rel=1e-3)  # type: ignore[union-attr]


def test_the_same_records_differ_in_nothing() -> None:
    found = held(board_records(5), board_records(5))
    assert found.changed == ()
    assert not found.regressed
    assert {own.adjusted for own in found.findings if own.difference} == {1.0}


def test_holms_correction_goes_over_all_that_is_shown() -> None:
    def pair(*scores: str) -> Comparison:
        noisy = [replace_all(own, 0.03 * (own.seed - 2)) for own in seeds("a", **USUAL)]
        return held(noisy, [replace_all(own, 0.03 * (own.seed - 2) + 0.075) for own in seeds("a", **USUAL)], *scores)

    alone, among = of(pair(QUALITY), "a", QUALITY), of(pair("all"), "a", QUALITY)
    assert alone.difference == among.difference
    assert alone.adjusted == alone.difference.p  # type: ignore[union-attr]
    assert (alone.change, among.change) == (Change.BETTER, Change.INSEPARABLE)
    assert pair(QUALITY).tests == 1
    assert pair("all").tests == 5


def replace_all(own: Record, by: float) -> Record:
    scores = own.candidates[0].scores
    return changed(own, scores=scores | {QUALITY: replace(scores[QUALITY], value=scores[QUALITY].value + by)})


def test_scores_are_named_with_or_without_their_extractor() -> None:
    found = held(seeds("a", **USUAL), seeds("a", **USUAL), "fd", SPEED)
    assert [own.score for own in found.findings] == [FD, SPEED]
    with pytest.raises(GenbenchError, match="no score is named 'fdd'; did you mean 'fd'"):
        held(seeds("a", **USUAL), seeds("a", **USUAL), "fdd")


def test_failing_at_all_seeds_or_at_one_more_is_a_new_failure_and_the_other_way_round_recovered() -> None:
    whole, gone = seeds("a", **USUAL), [failing("a", seed) for seed in range(5)]
    once = [*whole[:4], failing("a", 4, status=Status.TIMEOUT, reason="limit of 9 s")]
    for before, after, change in ((whole, gone, Change.FAILED), (gone, whole, Change.RECOVERED)):
        found = held(before, after)
        assert [own.change for own in found.findings] == [change]
        assert "RuntimeError: boom" in found.findings[0].reason
        assert found.regressed is (change is Change.FAILED)
    assert of(held(whole, once), "a").reason == "at seed 4: limit of 9 s"
    assert of(held(whole, once), "a", FD).change is Change.INSEPARABLE  # of the seeds that are left
    assert of(held(once, whole), "a").change is Change.RECOVERED
    assert [own.change for own in held(gone, gone).findings] == [Change.UNCOMPARED]
    assert [own.score for own in held(once, once).findings if not own.score] == []


def test_a_candidate_that_is_flagged_now_is_a_new_failure_and_its_scores_count_no_more() -> None:
    clear = [gated("a", GateStatus.CLEAR, seed, quality=0.5) for seed in range(5)]
    found = held(clear, [gated("a", GateStatus.FLAGGED, 0, quality=0.9), *clear[1:]])
    assert [(own.change, own.reason) for own in found.findings] == [(Change.FAILED, "flagged as a copy")]


def test_a_score_that_is_lost_or_does_not_count_any_more_is_a_new_failure() -> None:
    dense = seeds("a", bits=2.0)
    failed = [changed(own, audits=audits(AuditStatus.FAILED)) for own in dense]
    found = of(held(dense, failed), "a", "bits-per-dim")
    assert found.change is Change.FAILED
    assert found.reason.startswith("its density failed an audit")
    assert of(held(failed, dense), "a", "bits-per-dim").change is Change.RECOVERED
    assert of(held(failed, failed), "a", "bits-per-dim").change is Change.UNCOMPARED
    plain = seeds("a", **USUAL)
    lost = of(held([*dense, *seeds("b", bits=3.0)], [*plain, *seeds("b", bits=3.0)]), "a", "bits-per-dim")
    assert (lost.change, lost.reason) == (Change.FAILED, "n/a: no density")
    assert "bits-per-dim" not in {own.score for own in held(plain, plain).findings}


def test_who_stands_on_one_board_alone_is_named_and_no_regression() -> None:
    found = held([*seeds("a"), *seeds("b")], [*seeds("b"), *seeds("c")])
    assert (of(found, "a").change, of(found, "c").change) == (Change.ONLY_BEFORE, Change.ONLY_AFTER)
    assert not found.regressed


def test_fewer_than_three_seeds_are_not_tested() -> None:
    found = of(held(seeds("a", 2, **USUAL), seeds("a", 5, **USUAL | {"fd": 90.0})), "a", FD)
    assert (found.change, found.reason) == (Change.UNCOMPARED, "fewer than 3 seeds: not tested")
    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(4.5, rel=1e-2)


def test_speeds_and_seconds_of_several_machines_are_not_compared_and_the_machines_are_named() -> None:
    moved = [replace(own, machine=MACHINES[1]) for own in seeds("a", **USUAL | {"speed": 9e6, "quality": 0.9})]
    found = held(seeds("a", **USUAL), moved, "all")
    assert of(found, "a", SPEED).change is of(found, "a", "fit-time").change is Change.UNCOMPARED
    assert "AMD EPYC, 1 thread; NVIDIA H200, 1 thread" in of(found, "a", SPEED).reason
    assert of(found, "a", QUALITY).change is Change.BETTER
    assert any(note.startswith("hardware AMD EPYC") for note in found.notes)


def test_two_protocols_are_refused_with_what_differs() -> None:
    other = [replace(own, protocol="d0" * 32, suite=replace(SUITE, images=75_000)) for own in seeds("a")]
    words = r"two protocols \(training images 300,000 and 75,000\): no score of one is comparable"
    with pytest.raises(GenbenchError, match=words):
        held(seeds("a"), other)


def test_another_exam_is_not_compared_and_nothing_else_is_left() -> None:
    other = [replace(own, suite=terms(count=99)) for own in seeds("a")]
    with pytest.raises(GenbenchError, match="generate, 599 questions and generate, 99 questions: not compared"):
        held(seeds("a"), other)


def test_tasks_of_one_suite_alone_are_named_and_the_others_compared() -> None:
    both = replace(SUITE, tasks={"generate": TERMS, "more": TERMS})
    found = held(seeds("a"), [replace(own, suite=both) for own in seeds("a")])
    assert found.notes == ("task more: only after",)
    assert {own.task for own in found.findings} == {"generate"}


def test_a_score_of_another_version_is_not_compared() -> None:
    newer = [changed(own, scores={**own.candidates[0].scores, FD: score(FD, 9.0, version="2")}) for own in seeds("a")]
    found = held(seeds("a"), newer)
    assert FD not in {own.score for own in found.findings}
    assert f"{FD}: another version: not compared" in found.notes


def test_other_software_and_code_are_told_and_compared_all_the_same() -> None:
    edited = [
        replace(own, machine=replace(MACHINE, torch="3.0"), model=replace(own.model, code="ef" * 32))
        for own in seeds("a")
    ]
    found = held(seeds("a"), edited)
    assert found.notes == ("torch 2.15.0 before, 3.0 after", "other code of a")
    assert found.counts == {Change.INSEPARABLE: 4}


def test_two_candidates_of_one_board_are_compared_with_each_other() -> None:
    board = boards([*seeds("a", **USUAL), *seeds("b", **USUAL | {"quality": 0.7}), *seeds("c", bits=2.0)])
    found = candidates_compared(board, "a", "b")
    assert (found.first, found.second) == ("a", "b")
    assert found.counts == {Change.BETTER: 1, Change.INSEPARABLE: 3}
    assert [own.score for own in found.changed] == [QUALITY]
    assert [own.change for own in candidates_compared(board, "c", "a").changed] == [Change.ONLY_BEFORE]
    assert [own.change for own in candidates_compared(board, "a", "c").changed] == [Change.ONLY_AFTER]


def test_a_candidate_may_be_held_against_a_control() -> None:
    ceiling = control("real-held-out", ControlKind.CEILING, memorisation=memorisation(GateStatus.FLAGGED))
    more = [replace(ceiling, seed=seed) for seed in range(5)]  # it is real data, so that the gate has its word too
    found = candidates_compared(boards([*seeds("a", quality=0.4), *more]), "real-held-out", "a")
    assert [own.score for own in found.changed] == [QUALITY]


def test_candidates_that_cannot_be_compared_are_refused_in_a_line() -> None:
    board = boards([*seeds("a"), *(failing("b", seed) for seed in range(5))])
    with pytest.raises(GenbenchError, match="no candidate is named 'x'"):
        candidates_compared(board, "a", "x")
    with pytest.raises(GenbenchError, match="takes two candidates, got 'a' twice"):
        candidates_compared(board, "a", "a")
    skipped = boards([*seeds("a"), failing("b", status=Status.SKIPPED, reason="no images")])
    with pytest.raises(GenbenchError, match="a and b share no task"):
        candidates_compared(skipped, "a", "b")
    (found,) = candidates_compared(board, "a", "b").findings
    assert (found.change, found.reason) == (Change.UNCOMPARED, "b: failed: error (RuntimeError: boom)")


def test_a_model_of_several_samplers_is_answered_with_their_names() -> None:
    own = replace(record("vae").candidates[0], name="vae/mean")
    with pytest.raises(GenbenchError, match=r"known: vae/mean\)"):
        candidates_compared(boards([record("vae", candidates=[own]), *seeds("a")]), "vae", "a")
