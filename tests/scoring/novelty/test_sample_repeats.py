"""Repeats: the birthday estimate of a bank, what is a bank and what a collapse, and families of near-equal samples."""

import math

import numpy as np
import pytest
from copied import PRODUCT

from genbench.geometry.nearest import nearest_others
from genbench.scoring.novelty.repeats import Repeats, counted, families, in_family, repeats

FRESH = np.arange(1000)[:, None]


@pytest.mark.parametrize("size", [300, 2000, 10_000])
def test_the_birthday_estimate_is_the_size_of_the_bank(size):
    found = [repeats(np.random.default_rng(seed).integers(0, size, (1000, 1)), FRESH).bank for seed in range(20)]
    assert np.mean(found) == pytest.approx(size, rel=0.1)


def test_pairs_and_rows_that_come_again_are_counted():
    x = np.array([[1, 2], [3, 4], [1, 2], [1, 2], [3, 4], [5, 6]])
    found = repeats(x, FRESH)
    assert (found.rows, found.pairs, found.count) == (2, 3 + 1, 6)
    assert found.bank == 15 / 4
    assert sorted(counted(x)) == [1, 2, 3]
    assert repeats(FRESH, FRESH).bank == math.inf


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (np.random.default_rng(0).integers(0, 20_000, 1000), True),  # a bank of twenty times as many rows
        (np.random.default_rng(0).integers(0, 200, 1000), True),
        (np.arange(1000) % 500, True),  # each row twice, in a fixed order
        (np.random.default_rng(0).integers(0, 10, 1000), False),  # ten images: a collapse, which coverage shows
        (np.zeros(1000, int), False),
        (np.r_[np.zeros(30, int), np.arange(1, 971)], False),  # one image again and again among others: blank ones
        (np.arange(1000), False),
    ],
)
def test_a_bank_is_flagged_and_a_collapse_is_not(x, expected):
    assert repeats(x[:, None], FRESH).flagged is expected


def test_rows_that_come_again_in_fresh_data_excuse_those_of_samples():
    fresh = np.random.default_rng(1).integers(0, 3000, (1000, 1))
    x = np.random.default_rng(2).integers(0, 3000, (1000, 1))
    assert not repeats(x, fresh).flagged
    assert repeats(x, FRESH).flagged


def test_four_rows_that_come_again_are_too_few():
    assert [Repeats(rows, rows, 100, 0, 10_000).flagged for rows in (4, 5)] == [False, True]


def points(n: int, seed: int, dim: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


def others(x: np.ndarray):
    return nearest_others(x, PRODUCT, 5)


def test_a_bank_with_noise_is_a_number_of_families_and_fresh_data_none():
    bank = points(400, 0)[np.random.default_rng(1).integers(0, 400, 600)]
    found = families(others(bank + 0.02 * points(600, 2)), others(points(600, 3)))
    assert found.share > 0.7  # 1 - e^-1.5 have another of their row
    assert found.flagged
    assert not families(others(points(600, 4)), others(points(600, 3))).flagged


@pytest.mark.parametrize(
    "honest",
    [
        0.01 * points(600, 5),  # all alike
        points(600, 5) * ([1] * 4 + [0] * 12),  # of few directions
        points(5, 5)[np.random.default_rng(6).integers(0, 5, 600)] + 0.02 * points(600, 7),  # of five kinds
        np.zeros((600, 16), np.float32),
    ],
)
def test_a_model_that_has_collapsed_is_no_bank(honest):
    assert not families(others(honest.astype(np.float32)), others(points(600, 3))).flagged


@pytest.mark.parametrize(("members", "expected"), [(1, False), (2, True), (5, True), (6, False)])
def test_a_family_has_two_to_five_members(members, expected):
    x = np.r_[np.arange(members) * 0.01, 10, 18, 25, 33, 40, 49].astype(np.float32)[:, None]
    assert in_family(others(x))[:members].tolist() == [expected] * members
