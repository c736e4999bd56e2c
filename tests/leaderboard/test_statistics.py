import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from genbench.leaderboard.statistics import (
    Contest,
    Interval,
    Ruler,
    Ruling,
    hypervolume,
    interval,
    pareto_front,
    replicates,
    tiers,
    verdict,
)
from genbench.records.kinds import Scale

# t quantiles at .975 from Student's table: 12.7062 at 1 degree of freedom, 4.30265 at 2, 2.77645 at 4.
TABLE = {2: 12.706204736, 3: 4.302652730, 5: 2.776445105}
points = st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12)


@pytest.mark.parametrize("n", TABLE)
def test_an_interval_is_the_t_quantile_times_the_standard_error(n: int) -> None:
    values = [float(i) for i in range(n)]
    deviation = math.sqrt(n * (n + 1) / 12)  # of 0 … n - 1, with n - 1 in the denominator
    found = interval(values)
    assert found.mean == (n - 1) / 2
    assert found.half_width == pytest.approx(TABLE[n] * deviation / math.sqrt(n), rel=1e-9)  # digits of the table


def test_one_value_has_no_interval() -> None:
    assert interval([3.5]) == Interval(3.5, None)


def test_equal_values_have_an_interval_of_width_zero() -> None:
    assert interval([0.1, 0.1, 0.1]).half_width == pytest.approx(0, abs=1e-15)  # 0.1 three times: one rounding


def test_more_confidence_is_a_wider_interval() -> None:
    assert interval([1.0, 2.0, 4.0], 0.99).half_width > interval([1.0, 2.0, 4.0]).half_width


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        interval([])


def test_the_front_keeps_what_no_other_point_dominates() -> None:
    assert pareto_front([(3, 1), (2, 2), (1, 3), (1, 2), (2, 1)]) == [True, True, True, False, False]


def test_equal_points_share_their_fate() -> None:
    assert pareto_front([(2, 2), (2, 2), (1, 1), (1, 1)]) == [True, True, False, False]


def test_a_tie_on_one_axis_is_decided_by_the_other() -> None:
    assert pareto_front([(2, 1), (2, 2)]) == [False, True]


def test_no_points_have_no_front() -> None:
    assert pareto_front([]) == []


def test_points_with_different_numbers_of_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="some points have more axes than others"):
        pareto_front([(1, 2), (1, 2, 3)])


@given(points)
def test_every_point_off_the_front_is_dominated_by_one_on_it(values: list[tuple[int, ...]]) -> None:
    on = pareto_front(values)
    front = [value for value, is_on in zip(values, on, strict=True) if is_on]
    assert front
    for value, is_on in zip(values, on, strict=True):
        beaten = any(all(a >= b for a, b in zip(f, value, strict=True)) and f != value for f in front)
        assert beaten is not is_on


@given(points, st.randoms(use_true_random=False))
def test_the_front_does_not_depend_on_the_order(values: list[tuple[int, ...]], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    by_value = dict(zip(shuffled, pareto_front(shuffled), strict=True))
    assert pareto_front(values) == [by_value[value] for value in values]


# Scales


@pytest.mark.parametrize("scale", Scale)
@pytest.mark.parametrize("higher", [True, False])
def test_a_position_gives_its_value_back_and_better_is_larger(scale: Scale, higher: bool) -> None:
    ruler = Ruler(scale, higher)
    low, high = ruler.position(0.2), ruler.position(0.7)
    assert (low < high) is higher
    assert ruler.value(low) == pytest.approx(0.2, rel=1e-14)  # two roundings of a transcendental function each way


@pytest.mark.parametrize(
    ("scale", "value"), [(Scale.SHARE, 1.01), (Scale.SHARE, -0.01), (Scale.DISTANCE, 0.0), (Scale.SPEED, -1.0)]
)
def test_what_a_scale_does_not_hold_has_no_position(scale: Scale, value: float) -> None:
    assert Ruler(scale).position(value) is None


@pytest.mark.parametrize(
    ("ruler", "value", "better"),
    [
        (Ruler(Scale.SHARE), 0.52, 0.57),
        (Ruler(Scale.SPEED), 10.0, 20.0),
        (Ruler(Scale.DISTANCE, False), 2.1, 2.0),
    ],
)
def test_a_margin_is_a_difference_of_shares_and_a_factor_of_the_rest(ruler: Ruler, value: float, better: float) -> None:
    assert ruler.value(ruler.ahead(ruler.position(value))) == pytest.approx(better, rel=1e-13)


def test_nothing_is_ahead_of_a_share_near_one() -> None:
    assert Ruler(Scale.SHARE).ahead(Ruler(Scale.SHARE).position(0.96)) == math.inf


# Volume


def test_the_volume_of_one_box_is_the_product_of_its_sides() -> None:
    assert hypervolume([(0.5, 0.4, 0.25)]) == pytest.approx(0.05, rel=1e-15)


def test_the_volume_of_two_boxes_counts_what_they_share_once() -> None:
    one, other = (0.5, 0.8, 1.0), (0.9, 0.3, 0.5)
    assert hypervolume([one, other]) == pytest.approx(0.4 + 0.135 - 0.5 * 0.3 * 0.5, rel=1e-14)
    assert hypervolume([one, other, (0.4, 0.3, 0.2), one]) == pytest.approx(0.46, rel=1e-14)  # nothing new
    assert hypervolume([]) == 0


# Boards with known answers

AXES = {"quality": Ruler(Scale.PLAIN), "coverage": Ruler(Scale.PLAIN), "speed": Ruler(Scale.PLAIN)}
SHARES = {"quality": Ruler(Scale.DISTANCE, False), "coverage": Ruler(Scale.SHARE), "speed": Ruler(Scale.SPEED)}


def simulated(means: dict[str, tuple[float, ...]], deviation: float, seed: int, seeds: int = 3) -> Contest:
    """A contest of normal seeds around true means."""
    rng = np.random.default_rng(seed)
    return Contest(AXES, {name: rng.normal(mean, deviation, (seeds, 3)).tolist() for name, mean in means.items()})


WINNER = {"a": (3.0, 3.0, 3.0), "b": (2.0, 1.0, 2.0), "c": (1.0, 2.0, 1.0)}
CYCLE = {"gan": (2.0, 1.0, 3.0), "vae": (1.0, 3.0, 2.0), "ddpm": (3.0, 2.0, 1.0)}


def test_a_planted_winner_of_all_three_is_found_with_its_weakest_comparisons() -> None:
    found = verdict(simulated(WINNER, 0.05, 0), list(WINNER))
    assert (found.ruling, found.winner) == (Ruling.WINS, "a")
    assert sorted(c.worse for c in found.deciding) == ["b", "c"]
    assert all(c.better == "a" and c.ahead for c in found.deciding)


def test_a_planted_cycle_has_no_winner_and_names_who_beats_whom() -> None:
    found = verdict(simulated(CYCLE, 0.05, 0), list(CYCLE))
    assert found.ruling is Ruling.NONE
    assert {c.worse for c in found.deciding} == set(CYCLE)
    assert all(c.separated for c in found.deciding)


def test_equal_candidates_are_undecided_and_every_pair_is_listed() -> None:
    found = verdict(simulated(dict.fromkeys("abc", (1.0, 1.0, 1.0)), 0.1, 0), list("abc"))
    assert (found.ruling, found.unbeaten) == (Ruling.UNDECIDED, ("a", "b", "c"))
    assert {(c.axis, *sorted((c.better, c.worse))) for c in found.deciding} >= {
        (axis, *pair) for axis in AXES for pair in (("a", "b"), ("a", "c"), ("b", "c"))
    }


def test_one_that_nobody_beats_and_that_does_not_beat_all_leaves_it_undecided() -> None:
    means = {"a": (3.0, 3.0, 3.0), "b": (1.0, 3.0, 1.0)}  # level on coverage
    found = verdict(simulated(means, 0.05, 3), ["a", "b"])
    assert (found.ruling, found.unbeaten) == (Ruling.UNDECIDED, ("a",))
    assert [c.axis for c in found.deciding] == ["coverage"]


def test_a_rival_that_is_off_an_axis_is_a_rival_on_the_others() -> None:
    contest = simulated(WINNER, 0.05, 0)
    rows = {name: [list(row) for row in seeds] for name, seeds in contest.seeds.items()}
    rows["off"] = [[None, None, 9.0 + 0.05 * seed] for seed in range(3)]
    found = verdict(Contest(AXES, rows), list(WINNER))
    assert found.ruling is Ruling.NONE
    assert {c.better for c in found.deciding} == {"off"}


def test_one_candidate_alone_wins_nothing() -> None:
    assert verdict(simulated({"a": (1.0, 1.0, 1.0)}, 0.1, 0), ["a"]).ruling is Ruling.UNDECIDED


def test_a_win_by_less_than_the_margin_is_no_win_with_margins() -> None:
    shares = {"quality": Ruler(Scale.SHARE), "coverage": Ruler(Scale.SHARE), "speed": Ruler(Scale.SPEED)}
    values = {"a": (0.53, 0.73, 150.0), "b": (0.50, 0.70, 100.0)}
    jitter = (0.999, 1.0, 1.001)
    rows = {
        name: [[axis.position(v * j) for axis, v in zip(shares.values(), own, strict=True)] for j in jitter]
        for name, own in values.items()
    }
    contest = Contest(shares, rows)
    assert verdict(contest, ["a", "b"]).winner == "a"
    margins = verdict(contest, ["a", "b"], margins=True)
    assert (margins.ruling, margins.margins, margins.tested) == (Ruling.UNDECIDED, True, True)


PUBLISHED = {  # CIFAR-10, one value a cell: FID, recall, seconds for 100 images. Xiao, Kreis, Vahdat 2022, Table 1
    "DDGAN": (3.75, 0.57, 0.21),
    "DDPM": (3.21, 0.57, 80.5),
    "DDIM": (4.67, 0.53, 4.01),
    "VE": (2.20, 0.59, 423.2),
    "VP": (2.41, 0.59, 421.5),
    "LSGM": (2.10, 0.61, 44.5),
    "StyleGAN2-ADA": (2.92, 0.49, 0.04),
}


def published() -> Contest:
    values = {name: (fid, recall, 100 / seconds) for name, (fid, recall, seconds) in PUBLISHED.items()}
    axes = SHARES.values()
    rows = {name: [[a.position(v) for a, v in zip(axes, own, strict=True)]] for name, own in values.items()}
    return Contest(SHARES, rows)


def test_the_published_table_has_no_winner_by_the_margins_alone() -> None:
    found = verdict(published(), list(PUBLISHED))
    assert (found.ruling, found.margins, found.tested) == (Ruling.NONE, True, False)
    assert {c.worse for c in found.deciding} == set(PUBLISHED)
    assert all(c.p is None for c in found.deciding)
    pairs = {(c.axis, c.better, c.worse): c for c in published().contrasts(margins=True)}
    assert not pairs["quality", "LSGM", "VE"].separated  # 2.20 / 2.10 is less than 5 %
    assert pairs["quality", "LSGM", "DDGAN"].separated
    assert not pairs["coverage", "LSGM", "DDPM"].separated  # .04 of recall
    assert pairs["coverage", "DDPM", "StyleGAN2-ADA"].separated


# Tiers, ranks and replicates


def test_a_tier_ends_where_all_above_are_separated_from_all_below() -> None:
    means = {"a": (3.0,) * 3, "b": (2.95,) * 3, "c": (2.0,) * 3, "d": (1.0,) * 3}
    contest = simulated(means, 0.1, 0, seeds=5)
    assert contest.tiers("quality", contest.comparisons(margins=False)) == {"a": 1, "b": 1, "c": 2, "d": 3}


def test_a_tier_begins_with_whoever_is_apart_from_the_first_of_the_last_one() -> None:
    apart = np.zeros((4, 4), bool)
    assert tiers(apart) == [1, 1, 1, 1]
    apart[0, 2] = True  # neighbours that nobody separates do not chain the ends
    assert tiers(apart) == [1, 1, 2, 2]
    apart[1, 3] = True  # who is no first of a tier begins none
    assert tiers(apart) == [1, 1, 2, 2]
    apart[2, 3] = True
    assert tiers(apart) == [1, 1, 2, 3]
    apart[0, 1] = True
    assert tiers(apart) == [1, 2, 2, 3]
    assert tiers(np.zeros((0, 0), bool)) == []


def test_replicates_are_the_same_each_time_and_shares_add_up_on_a_clear_board() -> None:
    contest = simulated(CYCLE, 0.05, 0)
    found = replicates(contest)
    assert found == replicates(contest)
    assert found.front == dict.fromkeys(CYCLE, 1.0)
    assert found.ranks["quality"] == {"gan": (2, 2), "vae": (3, 3), "ddpm": (1, 1)}


def test_equal_candidates_may_have_any_rank_and_are_on_the_front_at_times() -> None:
    found = replicates(simulated(dict.fromkeys("abc", (1.0, 1.0, 1.0)), 0.1, 2))
    assert all(high - low >= 1 for axis in AXES for low, high in found.ranks[axis].values())
    assert all(0 < share <= 1 for share in found.front.values())


def test_a_candidate_with_one_seed_and_one_that_is_off_an_axis_are_ranked_where_they_stand() -> None:
    rows = {name: [list(row) for row in seeds] for name, seeds in simulated(WINNER, 0.05, 0).seeds.items()}
    rows |= {"single": [[2.5, 2.5, 2.5]], "off": [[None, 4.0, 4.0], [None, 4.1, 4.1]]}
    found = replicates(Contest(AXES, rows))
    assert found.ranks["quality"]["single"] == (2, 2)
    assert "off" not in found.ranks["quality"]
    assert found.ranks["speed"]["off"] == (1, 1)
    assert set(found.front) == {"a", "b", "c", "single"}


def test_rank_intervals_hold_the_true_rank() -> None:
    means = {name: (0.2 * i, 0.1 * i, 0.4 * i) for i, name in enumerate("abcde")}
    held, boards = [], 60
    for seed in range(boards):
        ranks = replicates(simulated(means, 0.1, seed)).ranks
        held += [low <= 5 - i <= high for axis in AXES for i, (low, high) in enumerate(ranks[axis][n] for n in "abcde")]
    assert np.mean(held) >= 0.93  # .95 less a little for 60 boards
