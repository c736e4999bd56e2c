"""Quality by class: no class makes up for another, and chance does not look like a shortfall."""

import numpy as np
import pytest

from genbench.builtin.metrics.by_class import FEWEST, Ratios, Shares, grouped, ratios_by_class

CLASSES, ROWS = 10, 45  # of digits
HELD = np.linspace(0.35, 0.75, CLASSES)  # the mean share of each class


def drawn(means, rows, seed):
    """Shares of balls, in fifths, of `rows` rows of each class about its mean."""
    rng, labels = np.random.default_rng(seed), np.repeat(np.arange(len(means)), rows)
    return Shares(rng.binomial(1, np.asarray(means)[labels]).astype(np.float64), labels)


def exact(means, rows):
    """Shares that are the mean of their class, but for a scatter that leaves it."""
    labels = np.repeat(np.arange(len(means)), rows)
    return Shares(np.asarray(means)[labels] + np.resize([-0.2, 0.2], len(labels)), labels)


def test_a_class_that_lies_too_dense_does_not_make_up_for_those_that_lie_too_thin():
    held = exact([0.5] * CLASSES, 400)
    thin = exact([0.3] * CLASSES, 400)
    bought = exact([0.3] * 5 + [0.7] * 5, 400)  # 0.5 in the mean
    assert bought.shares.mean() == pytest.approx(held.shares.mean())
    assert ratios_by_class(thin, held).even == pytest.approx(0.4, abs=1e-3)
    assert ratios_by_class(bought, held).even == pytest.approx(0.4, abs=1e-3)


def test_a_class_that_is_not_drawn_has_no_quality():
    held = exact([0.5] * CLASSES, 400)
    without = exact([0.5] * (CLASSES - 1), 400)
    assert ratios_by_class(without, held).shortfall == pytest.approx(1 / CLASSES)


def test_what_is_bad_counts_for_its_share_where_all_of_it_looks_like_one_class():
    held, good = exact([0.5] * CLASSES, 40), exact([0.5] * CLASSES, 28)
    junk = Shares(np.zeros(120), np.zeros(120, np.int64))
    mixed = Shares(np.append(good.shares, junk.shares), np.append(good.labels, junk.labels))
    assert ratios_by_class(mixed, held).shortfall == pytest.approx(0.3, abs=1e-9)


def test_chance_does_not_look_like_a_shortfall():
    pairs = [(drawn(HELD, ROWS, seed), drawn(HELD, ROWS, 1000 + seed)) for seed in range(60)]
    found = [ratios_by_class(*pair) for pair in pairs]
    assert np.mean([of.shortfall for of in found]) > 0.12
    assert np.mean([of.even for of in found]) < 0.06


def test_a_true_shortfall_is_found_beside_what_chance_adds():
    pairs = [(drawn(0.7 * HELD, ROWS, seed), drawn(HELD, ROWS, 1000 + seed)) for seed in range(60)]
    # .02 less: over a held mean of 45 rows, which scatters, a ratio is larger in the mean.
    assert np.mean([ratios_by_class(*pair).even for pair in pairs]) == pytest.approx(0.3, abs=0.03)


def test_what_is_expected_by_chance_is_the_mean_of_draws():
    errors = np.array([0.1, 0.3])
    ratios = Ratios(np.array([0.25, 0.75]), np.array([0.25, 0.75]), np.ones(2), errors)
    z = np.random.default_rng(0).standard_normal((200_000, 2))
    for even in (0.0, 0.2):
        simulated = (np.abs(even + errors * z) @ ratios.weights).mean()
        assert ratios.expected(even) == pytest.approx(simulated, abs=2e-3)


def test_held_rows_beside_themselves_are_all_there_is():
    held = drawn(HELD, ROWS, 0)
    assert ratios_by_class(held, held).shortfall == 0


def test_nothing_is_nothing_whatever_chance_does():
    held = drawn(HELD, ROWS, 0)
    assert ratios_by_class(Shares(np.zeros(len(held.labels)), held.labels), held).even == 1


def test_small_classes_are_taken_together_with_as_many_others_as_they_need():
    labels = np.repeat(np.arange(5), [100, 3, 30, 4, 60])
    groups = grouped(Shares(np.full(len(labels), 0.5), labels), 6)  # nobody has the sixth
    assert groups.tolist() == [1, 2, 2, 2, 0, 2]
    assert FEWEST == 20


def test_a_class_whose_held_rows_lie_in_no_ball_is_not_told_apart():
    labels = np.repeat(np.arange(3), 40)
    groups = grouped(Shares((labels > 0) / 2, labels), 3)
    assert len(set(groups.tolist())) == 2
    assert groups[0] in groups[1:]


def test_large_classes_are_told_apart_each_by_itself():
    held = exact([0.5] * 3, FEWEST)
    assert sorted(grouped(held, 3).tolist()) == [0, 1, 2]
