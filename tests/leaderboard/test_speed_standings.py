"""Speeds on a board: which differences are ties, which speeds are void, which are lower bounds."""

from dataclasses import replace

import pytest
from boards import SPEED, by_name, changed, scored
from records import score

from genbench.leaderboard import Leaderboard
from genbench.leaderboard.statistics import Ruler
from genbench.records.kinds import Scale
from genbench.records.record import Record
from genbench.records.score import AT_LEAST, not_applicable
from genbench.report.board_page import leaders
from genbench.report.table import Shown, entry

SEEDS, VOID = range(5), "its 8 repetitions differ by 80%"


def timed(name: str, speed: float, seed: int, tie: float = 1.25, **changes: object) -> Record:
    """A record of a speed that hardly scatters over seeds."""
    own = scored(name, seed)
    scores = {**own.candidates[0].scores, SPEED: score(SPEED, speed * (1 + seed / 1000), tie=tie, **changes)}
    return changed(own, scores=scores)


def void(record: Record) -> Record:
    """The same where the speed was not one."""
    (own,) = record.candidates
    scores = {name: found for name, found in own.scores.items() if name != SPEED}
    missing = {**own.missing, SPEED: not_applicable(f"void: {VOID}")}
    return changed(record, scores=scores, missing=missing, timing=replace(own.timing, void=VOID))


@pytest.mark.parametrize(("ratio", "tiers"), [(1.2, (1, 1)), (1.3, (1, 2))])
def test_speeds_that_differ_by_less_than_their_tie_share_a_tier(ratio: float, tiers: tuple[int, int]):
    board = Leaderboard.of([*(timed("a", 1000 * ratio, seed) for seed in SEEDS), *(timed("b", 1000, s) for s in SEEDS)])
    rows = by_name(board)
    assert tuple(rows[name].places["speed"].tier for name in "ab") == tiers


def test_without_a_tie_the_same_difference_is_one():
    records = [timed(name, speed, seed, tie=1.0) for name, speed in (("a", 1200), ("b", 1000)) for seed in SEEDS]
    assert by_name(Leaderboard.of(records))["b"].places["speed"].tier == 2


def test_a_tie_is_a_factor_whichever_way_is_better():
    for ruler in (Ruler(Scale.SPEED, tie=1.25), Ruler(Scale.SPEED, higher=False, tie=1.25)):
        better = 125.0 if ruler.higher else 80.0
        assert ruler.untied(ruler.position(100.0)) == pytest.approx(ruler.position(better))
    assert Ruler(Scale.SPEED).untied(2.0) == 2.0


def test_a_speed_that_is_void_has_no_rank_and_says_why():
    records = [*(void(timed("a", 9000, seed)) for seed in SEEDS), *(timed("b", 1000, seed) for seed in SEEDS)]
    row = by_name(Leaderboard.of(records))["a"]
    assert row.places["speed"].missing == f"n/a: void: {VOID}"
    assert row.places["quality"].rank is not None


@pytest.mark.parametrize(("voids", "ranked"), [(2, True), (3, False)])
def test_a_speed_that_is_void_at_most_seeds_is_not_ranked(voids: int, ranked: bool):
    own = [timed("a", 9000, seed) for seed in SEEDS]
    records = [*map(void, own[:voids]), *own[voids:], *(timed("b", 1000, seed) for seed in SEEDS)]
    board = Leaderboard.of(records)
    place = by_name(board)["a"].places["speed"]
    assert (place.rank is not None) is ranked
    if not ranked:
        assert place.missing == f"off this axis: void at 3 of 5 seeds: {VOID}"
        assert board.best(next(column for column in board.columns if column.name == SPEED)) == pytest.approx(1002)


def test_a_speed_that_measures_the_harness_is_at_least_that():
    records = [timed("a", 1e5, seed, details={AT_LEAST: 1e5}) for seed in SEEDS]
    board = Leaderboard.of([*records, *(timed("b", 1000, seed) for seed in SEEDS)])
    column = next(column for column in board.columns if column.name == SPEED)
    assert [entry(by_name(board)[name], column, Shown.of(board))["text"][:2] for name in "ab"] == ["≥ ", "1,"]
    assert next(found["value"] for found in leaders(board) if found["words"] == "Fastest").startswith("≥ 100,")
