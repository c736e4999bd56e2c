"""The tests that separate candidates: against other implementations, closed forms and simulated boards."""

import math

import numpy as np
import pytest
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from genbench.leaderboard.statistics import (
    MODERATED,
    WELCH,
    Contest,
    Ruler,
    Ruling,
    Scatter,
    Spread,
    holm,
    moderated,
    prior,
    spreads,
    verdict,
)
from genbench.leaderboard.statistics.prior import trigamma_inverse
from genbench.records.kinds import Scale

AXES = {"quality": Ruler(Scale.PLAIN), "coverage": Ruler(Scale.PLAIN), "speed": Ruler(Scale.PLAIN)}
FIVE = {"a": [0.31, 0.35, 0.28, 0.30, 0.33], "b": [0.2, 0.5, 0.1, 0.4, 0.35, 0.3], "c": [0.9, 0.91, 0.9, 0.92, 0.9]}


def chance(groups: dict[str, list[float]], one: str, other: str, target: float | None = None) -> float:
    found, names = spreads(groups), list(groups)
    squares = found.variances / [len(values) for values in groups.values()]
    difference = np.mean(groups[one]) - (np.mean(groups[other]) if target is None else target)
    places = [np.array([names.index(name)]) for name in (one, other)]
    return float(Scatter(squares, found.freedoms, found.procedure is WELCH).superiority(difference[None], *places)[0])


# The tests


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("b", "a"), ("c", "a"), ("c", "b")])
def test_at_five_seeds_the_test_is_welchs(one: str, other: str) -> None:
    theirs = stats.ttest_ind(FIVE[one], FIVE[other], equal_var=False, alternative="greater").pvalue
    assert spreads(FIVE).procedure is WELCH
    assert chance(FIVE, one, other) == pytest.approx(theirs, rel=1e-10)  # the variances' rounding


def test_one_candidate_with_four_seeds_makes_the_whole_axis_moderated() -> None:
    groups = FIVE | {"d": [0.1, 0.2, 0.3, 0.4]}
    assert spreads(groups).procedure is MODERATED
    assert chance(groups, "a", "b") > chance(FIVE, "a", "b")


def test_moderated_variances_are_never_below_a_candidates_own_or_the_pooled_one() -> None:
    rng = np.random.default_rng(0)
    groups = {str(i): (rng.normal(size=3) * np.exp(rng.normal())).tolist() for i in range(12)}
    found = spreads(groups)
    own = {name: float(np.var(values, ddof=1)) for name, values in groups.items()}
    pooled = float(np.mean(list(own.values())))
    common = prior([Spread(variance, 2) for variance in own.values()])
    posterior, _ = moderated(np.array(list(own.values())), np.full(12, 2.0), common)
    for (name, variance), moved in zip(own.items(), posterior, strict=True):
        assert found.of(name).variance == pytest.approx(max(variance, pooled, moved), rel=1e-12)
        assert found.of(name).freedom == min(24, common.freedom + 2)


def test_equal_spreads_have_students_test_at_the_degrees_of_freedom_of_all_seeds() -> None:
    a = [0.31, 0.35, 0.28]
    groups = {"a": a, "b": [value + 0.03 for value in reversed(a)]}
    theirs = stats.ttest_ind(groups["b"], groups["a"], alternative="greater").pvalue
    assert chance(groups, "b", "a") == pytest.approx(theirs, rel=1e-10)  # the variances' rounding


def test_two_seeds_are_not_tested_and_no_seeds_know_no_spread() -> None:
    assert spreads({"a": [1.0, 2.0], "b": [2.0]}) is None
    assert set(spreads({"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0]}).known) == {"a"}


def test_a_margin_makes_superiority_harder() -> None:
    groups = {"a": [0.5, 0.6, 0.7], "b": [0.2, 0.3, 0.4]}
    assert chance(groups, "a", "b") < chance(groups, "a", "b", target=0.5) < 0.5
    assert chance(groups, "a", "b", target=math.inf) == 1.0


def test_seeds_that_all_agree_leave_no_doubt() -> None:
    groups = {name: [value] * 5 for name, value in (("a", 0.5), ("b", 0.4), ("c", 0.4))}
    assert chance(groups, "a", "b") == 0.0
    assert chance(groups, "b", "c") == 1.0  # equal


@pytest.mark.parametrize("seed", range(5))
def test_holms_correction_is_that_of_statsmodels(seed: int) -> None:
    p = np.random.default_rng(seed).uniform(size=20) ** 3
    p[3] = p[7]
    assert holm(p).tolist() == pytest.approx(multipletests(p, method="holm")[1].tolist(), rel=1e-14)
    assert holm(np.array([])).tolist() == []


# The prior of variances


def test_the_inverse_of_the_trigamma_function_gives_its_value_back() -> None:
    assert trigamma_inverse(math.pi**2 / 6) == pytest.approx(1, rel=1e-12)  # ψ′(1)
    assert trigamma_inverse(math.pi**2 / 2) == pytest.approx(0.5, rel=1e-12)  # ψ′(1/2)
    for value in (1e-6, 0.1, 40.0, 1e7):
        assert special.polygamma(1, trigamma_inverse(value)) == pytest.approx(value, rel=1e-9)  # Newton's last step


def test_a_prior_of_two_spreads_is_the_one_solved_by_hand() -> None:
    # e = ln s² + constant; the variance of two is half their squared distance, so ψ′(d₀/2) = ln²(r)/2 - ψ′(1) at d = 2.
    ratio = math.exp(math.sqrt(2 * (math.pi**2 / 2 + math.pi**2 / 6)))  # makes it ψ′(1/2): d₀ = 1
    found = prior([Spread(1.0, 2), Spread(ratio, 2)])
    assert found.freedom == pytest.approx(1, rel=1e-9)
    centre = math.log(ratio) / 2 + float(np.euler_gamma)  # -ψ(1) is Euler's constant
    assert math.log(found.variance) == pytest.approx(centre - float(np.euler_gamma) - math.log(2), rel=1e-9)


@pytest.mark.parametrize(("freedom", "seeds"), [(4.0, 3), (10.0, 3), (10.0, 5)])
def test_a_prior_that_variances_were_drawn_from_is_found_again(freedom: float, seeds: int) -> None:
    rng = np.random.default_rng(1)
    variances = 2.5 * freedom / rng.chisquare(freedom, 20_000)
    drawn = variances * rng.chisquare(seeds - 1, 20_000) / (seeds - 1)
    found = prior([Spread(float(variance), seeds - 1) for variance in drawn])
    assert found.freedom == pytest.approx(freedom, rel=0.15)  # its spread over generators is .03 to .06
    assert found.variance == pytest.approx(2.5, rel=0.05)


def test_spreads_that_differ_by_chance_alone_have_an_infinite_prior() -> None:
    drawn = np.random.default_rng(2).chisquare(2, 50) / 2
    regular = np.exp(np.log(drawn) * 0.5)  # closer together than chance makes them
    found = prior([Spread(float(variance), 2) for variance in regular])
    assert math.isinf(found.freedom)
    variances, freedoms = moderated(np.array([9.0, 1.0]), np.array([2.0, 4.0]), found)
    assert {*zip(variances, freedoms, strict=True)} == {(found.variance, found.freedom)}


def test_spreads_of_zero_say_nothing_of_the_prior() -> None:
    known = [Spread(1.0, 2), Spread(30.0, 2)]
    assert prior([*known, Spread(0.0, 2)]) == prior(known)
    assert prior([Spread(1.0, 2), Spread(0.0, 2)]) == Spread(0.0, 0.0)


# Error rates on simulated boards. Bounds are the level, .05, plus three binomial standard errors at that many boards.

BOARDS = 300
LEVEL = 0.05 + 3 * (0.05 * 0.95 / BOARDS) ** 0.5


def simulated(means: list[tuple[float, ...]], seeds: int, spread: float, seed: int) -> Contest:
    """A contest of normal seeds around true means, whose deviations are log-normal around 1."""
    rng = np.random.default_rng(seed)
    deviation = np.exp(spread * rng.standard_normal((len(means), 1, 3)))
    drawn = np.array(means)[:, None] + deviation * rng.standard_normal((len(means), seeds, 3))
    return Contest(AXES, {str(place): rows.tolist() for place, rows in enumerate(drawn)})


@pytest.mark.parametrize("seeds", [3, 4, 5])
@pytest.mark.parametrize("spread", [0.4, 0.8])
def test_equal_candidates_are_separated_as_rarely_as_the_level_says(seeds: int, spread: float) -> None:
    boards = [simulated([(1.0, 1.0, 1.0)] * 9, seeds, spread, seed) for seed in range(BOARDS)]
    wrong = sum(any(found.separated for found in board.contrasts(margins=False)) for board in boards)
    assert wrong / BOARDS <= LEVEL


@pytest.mark.parametrize("seeds", [3, 5])
def test_a_false_win_is_as_rare_as_the_level_says_where_it_is_easiest(seeds: int) -> None:
    # 0 wins everywhere but on quality, where 1 is just as good: the least favourable case of an intersection of claims.
    means = [(20.0, 30.0, 30.0), (20.0, 10.0, 10.0), (10.0, 10.0, 10.0), (10.0, 5.0, 20.0)]
    found = [verdict(simulated(means, seeds, 0.4, seed), list("0123")) for seed in range(BOARDS)]
    assert sum(own.ruling is Ruling.WINS for own in found) / BOARDS <= LEVEL
    assert sum(own.ruling is Ruling.NONE for own in found) / BOARDS <= LEVEL  # somebody is beaten by nobody


@pytest.mark.parametrize(("seeds", "least"), [(3, 0.5), (5, 0.6)])
def test_candidates_ten_spreads_apart_are_mostly_told_apart(seeds: int, least: float) -> None:
    means = [(10.0 * place, 1.0, 1.0) for place in range(6)]
    boards = [simulated(means, seeds, 0.4, seed).contrasts(margins=False) for seed in range(20)]
    assert np.mean([c.separated for board in boards for c in board if c.axis == "quality"]) >= least
