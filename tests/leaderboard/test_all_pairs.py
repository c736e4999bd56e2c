"""All pairs as arrays are what each pair by itself is, to the last bit: on random boards and on the published one."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pairwise
import pytest
from crowd import crowd

from genbench.leaderboard import Leaderboard, read_records
from genbench.leaderboard.statistics import Contest, Ruler, Ruling, hypervolume, kendall, pareto_front, verdict
from genbench.leaderboard.statistics.front import fronts
from genbench.leaderboard.statistics.replicates import _ranked
from genbench.records.kinds import Scale

PUBLISHED = Path(__file__).parents[2] / "leaderboards" / "digits" / "records"
RULERS = {
    "quality": Ruler(Scale.SHARE),
    "coverage": Ruler(Scale.DISTANCE, higher=False),
    "speed": Ruler(Scale.SPEED, tie=1.25),
}
BOARDS = 300


def drawn(board: int) -> tuple[Contest, list[str]]:
    """A random contest and its contenders: ties, seeds that agree, missing values and seeds, presets of one fit."""
    rng = np.random.default_rng(board)
    count, noise = int(rng.integers(1, 9)), rng.choice([0.0, 0.01, 0.1])
    seeds_of = [[5], [3, 4], [3, 5], [1, 2], [1, 5], [1, 2, 3, 4, 5, 6]][board % 6]
    seeds, fits = {}, {}
    for name in rng.permutation([f"m{place}" for place in range(count)]).tolist():
        levels = rng.choice([0.2, 0.4, 0.5, 0.8], 3) if board % 4 else np.sort(rng.choice([0.2, 0.9]) + np.zeros(3))
        values = levels + noise * rng.normal(size=(int(rng.choice(seeds_of)), 3))
        lacking = (rng.uniform(size=3) < 0.1) | (rng.uniform(size=values.shape) < 0.05)
        lacking |= rng.uniform() < 0.1
        rows = [
            [None if out else ruler.position(float(value)) for out, value, ruler in zip(*row, strict=True)]
            for row in zip(lacking, np.clip(values, 0.01, 0.99), [RULERS.values()] * len(values), strict=True)
        ]
        if any(position is not None for row in rows for position in row):
            seeds[name] = rows
            fits[name] = name if board % 3 else f"fit{rng.integers(3)}"
    contest = Contest(RULERS, seeds, fits)
    return contest, [name for name in seeds if all(name in group for group in contest.groups.values())]


def same(found: list[object], known: list[object]) -> None:
    assert list(map(astuple, found)) == list(map(astuple, known))


def test_random_boards_have_every_kind_of_verdict_and_all_are_those_of_pairs():
    rulings = []
    for board in range(BOARDS):
        contest, contenders = drawn(board)
        for margins in (False, True):
            found, known = verdict(contest, contenders, margins), pairwise.verdict(contest, contenders, margins)
            assert found == known, board
            rulings.append((known.tested, known.ruling, bool(known.fragile)))
    assert {(tested, ruling) for tested, ruling, _ in rulings} == {(t, r) for t in (True, False) for r in Ruling}
    assert {fragile for *_, fragile in rulings} == {True, False}


@pytest.mark.parametrize("rivals", [False, True])
@pytest.mark.parametrize("margins", [False, True])
def test_contrasts_and_tiers_of_random_boards_are_those_of_pairs(margins: bool, rivals: bool):
    tests = 0
    for board in range(BOARDS):
        contest, _ = drawn(board)
        known = pairwise.contrasts(contest, margins, rivals)
        same(contest.contrasts(margins, rivals), known)
        for axis in contest.axes if contest.tested else ():
            tests += 1
            assert contest.tiers(axis, contest.comparisons(margins, rivals)) == pairwise.tiers(contest, axis, known)
    assert tests > BOARDS


@pytest.mark.parametrize("task", ["generate", "interpolate"])
@pytest.mark.parametrize("short", [False, True], ids=["five-seeds", "one-lacks-a-seed"])
def test_the_published_board_says_what_pairs_say(task: str, short: bool):
    records = [r for r in read_records(PUBLISHED) if not (short and r.model.name == "vae" and r.seed == 1)]
    standings = Leaderboard.of(records, task).standings
    running, known = standings.running, pairwise.contrasts(standings.running, False)
    same(running.contrasts(False), known)
    assert standings.verdict == pairwise.verdict(running, standings.contenders, False)
    assert standings.with_margins == pairwise.verdict(running, standings.contenders, True)
    places = {axis: {row.name: row.places[axis].tier for row in standings.placed} for axis in standings.columns}
    for axis, own in places.items():
        tiers = pairwise.tiers(running, axis, known)
        assert {name: tier for name, tier in own.items() if tier} == tiers


def test_a_crowd_whose_spreads_are_moderated_is_decided_as_by_pairs():
    records = [r for r in crowd(24, 4) if not (r.model.name == "model-0003" and r.seed == 2)]
    standings = Leaderboard.of(records).standings
    assert len(standings.running.seeds) > 12
    assert standings.verdict == pairwise.verdict(standings.running, standings.contenders, False)
    assert standings.with_margins == pairwise.verdict(standings.running, standings.contenders, True)


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_fronts_and_volumes_with_ties_are_those_of_points_one_by_one(axes: int):
    rng = np.random.default_rng(axes)
    for levels in (2, 4, 1000):
        sets = rng.integers(0, levels, (40, 9, axes)) / levels
        assert fronts(sets).tolist() == [pairwise.front(points) for points in sets.tolist()]
        for points in sets.tolist():
            assert pareto_front(points) == pairwise.front(points)
            assert hypervolume(points) == pairwise.volume(points)


def test_a_rank_is_one_more_than_there_are_larger_values():
    values = np.random.default_rng(0).integers(0, 5, (50, 12)).astype(float)
    assert (_ranked(values) == 1 + (values[:, None, :] > values[:, :, None]).sum(2)).all()


def test_the_correlation_of_ranks_is_that_of_pairs():
    rng = np.random.default_rng(0)
    for _ in range(50):
        first, second = rng.integers(0, 4, (2, 9)).tolist()
        pairs = [(i, j) for i in range(9) for j in range(i)]
        one, other = ([np.sign(own[i] - own[j]) for i, j in pairs] for own in (first, second))
        untied = int(np.count_nonzero(one) * np.count_nonzero(other))
        assert kendall(first, second) == (float(np.dot(one, other)) / untied**0.5 if untied else None)
