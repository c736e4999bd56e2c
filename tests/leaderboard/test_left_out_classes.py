"""Who leaves a class of the data out is off the axis of coverage, and in the running for no verdict."""

from dataclasses import replace

import pytest
from boards import CEILING, COVERAGE, FLOOR, QUALITY, by_name, changed, scored

from genbench.leaderboard import Leaderboard
from genbench.records.record import Record
from genbench.records.score import LEFT_OUT

SEEDS = range(5)


def lacking(record: Record, classes: int = 1) -> Record:
    """The same, of samples that leave classes out."""
    scores = record.candidates[0].scores
    told = replace(scores[COVERAGE], details={LEFT_OUT: float(classes)})
    return changed(record, scores={**scores, COVERAGE: told})


def board(seeds: int, classes: int = 1) -> Leaderboard:
    """A candidate that leads on every axis and leaves classes out at some seeds, and an honest one."""
    own = [scored("a", seed, quality=0.9 + seed / 1000, coverage=0.9 + seed / 1000, speed=9000) for seed in SEEDS]
    other = [scored("b", seed, quality=0.8 + seed / 1000, coverage=0.8 + seed / 1000, speed=1000) for seed in SEEDS]
    return Leaderboard.of([*(lacking(r, classes) for r in own[:seeds]), *own[seeds:], *other, FLOOR, CEILING])


@pytest.mark.parametrize(("seeds", "ranked"), [(0, True), (2, True), (3, False), (5, False)])
def test_it_has_no_rank_in_coverage_where_it_does_so_at_most_seeds(seeds: int, ranked: bool):
    places = by_name(board(seeds))["a"].places
    assert (places["coverage"].rank is not None) is ranked
    assert places["quality"].rank == 1
    if not ranked:
        words = f"off this axis: 1 class of the data left out at {seeds} of 5 seeds"
        assert places["coverage"].missing == words
        assert by_name(board(seeds))["b"].places["coverage"].rank == 1


def test_it_wins_nothing_by_it():
    assert board(0).standings.verdict.winner == "a"
    assert board(5).standings.verdict.winner != "a"


def test_several_classes_are_counted_at_their_most():
    assert "2 classes of the data" in by_name(board(5, classes=2))["a"].places["coverage"].missing


def test_other_features_bar_from_their_own_scores_alone():
    own = board(5)
    quality = next(column for column in own.columns if column.name == QUALITY)
    coverage = next(column for column in own.columns if column.name == COVERAGE)
    row = by_name(own)["a"]
    assert row.left_out(coverage)
    assert not row.left_out(replace(coverage, name=f"{coverage.name}-of-others@other"))
    assert not row.unranked(quality)
