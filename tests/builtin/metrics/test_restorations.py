"""Scores of restorations: closed forms, what each trap of theirs is, and what they refuse."""

import math

import numpy as np
import pytest

from genbench.builtin.metrics.consistency import Consistency, inconsistency
from genbench.builtin.metrics.crps import RankedProbability, fair_crps
from genbench.builtin.metrics.energy import Energy, energy_scores
from genbench.builtin.metrics.posterior_ratio import PosteriorRatio, posterior_ratio
from genbench.builtin.metrics.psnr import DrawRatio, MeanRatio, psnr
from genbench.builtin.metrics.rank_distance import RankDistance, rank_shares
from genbench.builtin.metrics.ssim import StructuralSimilarity, ssim
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.records.space import Space

METRICS = [Energy, RankedProbability, PosteriorRatio, RankDistance, DrawRatio, MeanRatio, StructuralSimilarity]
Q, K, D = 20_000, 8, 3
RNG = np.random.default_rng(0)
X = RNG.standard_normal((Q, D))
DRAWS = RNG.standard_normal((Q, K, D))  # of the same law: the exact posterior
ONCE = np.zeros((Q, K, D))  # its mean, k times
SPACE = Space((D,), levels=256)


def evidence(draws, x=X, hidden=None, space=SPACE, **more) -> Evidence:
    hidden = np.ones(x.shape, np.float32) if hidden is None else hidden
    return Evidence(space, draws[:, 0], answers=draws, key={"x": x, "hidden": hidden}, **more)


def norm(d: int) -> float:
    """E‖z‖, z standard normal of d entries: √2 Γ((d + 1) / 2) / Γ(d / 2)."""
    return math.sqrt(2) * math.gamma((d + 1) / 2) / math.gamma(d / 2)


@pytest.mark.parametrize("k", [2, 3, 8])
def test_the_energy_of_the_exact_law_is_half_of_the_distance_of_two_draws_for_any_k(k):
    """E‖x_i - x‖ = √2 E‖z‖, of which the spread takes half."""
    value = Energy().score(evidence(DRAWS[:, :k])).value
    assert value == pytest.approx(norm(D) / math.sqrt(2), abs=4 * 1.2 / math.sqrt(Q))  # deviation of one score: < 1.2


def test_the_exact_law_has_less_energy_than_any_other_spread_or_place():
    exact = Energy().score(evidence(DRAWS)).value
    for other in (ONCE, 0.7 * DRAWS, 1.4 * DRAWS, DRAWS + 0.4):
        assert Energy().score(evidence(other)).value > exact + 0.02


def test_one_answer_k_times_has_its_distance_for_energy_and_no_spread():
    score = Energy().score(evidence(ONCE))
    assert score.value == pytest.approx(np.linalg.norm(X, axis=1).mean())
    assert score.details == {"error": pytest.approx(score.value), "spread": 0}


def test_energy_sees_how_entries_hang_together_and_crps_does_not():
    together = np.repeat(RNG.standard_normal((Q, 1)), D, axis=1)  # one number in all entries
    own = np.repeat(RNG.standard_normal((Q, K, 1)), D, axis=2)
    energies = [Energy().score(evidence(draws, together)).value for draws in (own, DRAWS)]
    assert energies[1] > energies[0] + 0.05
    each = [RankedProbability().score(evidence(draws, together)).value for draws in (own, DRAWS)]
    assert each[0] == pytest.approx(each[1], abs=0.02)


def test_the_fair_crps_of_a_standard_normal_law_is_one_over_the_root_of_pi():
    value = RankedProbability().score(evidence(DRAWS)).value
    assert value == pytest.approx(1 / math.sqrt(math.pi), abs=4 * 0.5 / math.sqrt(Q * D))  # .564


def test_crps_follows_its_definition_and_counts_what_is_hidden_alone():
    draws, x = np.array([[[0.0, 5], [4, 5], [1, 5]]]), np.array([[2.0, 9]])
    assert fair_crps(draws, x)[0].tolist() == pytest.approx([(2 + 2 + 1) / 3 - (4 + 1 + 3) / 6, 4])
    hidden = np.array([[1.0, 0]], np.float32)
    assert RankedProbability().score(evidence(draws, x, hidden)).value == pytest.approx(5 / 3 - 8 / 6)
    hidden[:] = 0.25, 0.75
    assert RankedProbability().score(evidence(draws, x, hidden)).value == pytest.approx(0.25 / 3 + 3)


def test_energy_follows_its_definition():
    draws, x = np.array([[[0.0, 0], [3, 4], [6, 8]]]), np.array([[3.0, 4]])
    assert energy_scores(draws, x)[0] == pytest.approx(10 / 3 - 20 / 6)
    flat = np.array([[[1.0], [2], [7]]])
    np.testing.assert_allclose(energy_scores(flat, np.array([[3.0]])), fair_crps(flat[..., 0], np.array([3.0])))


@pytest.mark.parametrize("k", [2, 8])
def test_the_posterior_ratio_is_one_of_the_exact_law_and_lowest_of_one_answer(k):
    assert PosteriorRatio().score(evidence(DRAWS[:, :k])).value == pytest.approx(1, abs=0.02)
    assert PosteriorRatio().score(evidence(ONCE[:, :k])).value == pytest.approx((1 + 1 / k) / 2)
    assert PosteriorRatio().score(evidence(0.5 * DRAWS[:, :k])).value < 0.95
    assert PosteriorRatio().score(evidence(2 * DRAWS[:, :k])).value > 1.05


def test_psnr_crowns_the_mean_above_a_draw_of_the_exact_law():
    """By 10 log₁₀ 2 = 3 dB; the energy score says the opposite."""
    exact, mean = (DrawRatio().score(evidence(draws)).value for draws in (DRAWS, ONCE))
    assert mean - exact == pytest.approx(10 * math.log10(2), abs=0.1)
    assert MeanRatio().score(evidence(DRAWS)).value == pytest.approx(mean - 10 * math.log10(1 + 1 / K), abs=0.1)
    assert Energy().score(evidence(DRAWS)).value < Energy().score(evidence(ONCE)).value


def test_one_exact_answer_does_not_make_psnr_infinite_and_all_of_them_have_none():
    draws, x = np.zeros((2, K, D)), np.zeros((2, D))
    x[1] = 3
    assert psnr(4.5, 255) == DrawRatio().score(evidence(draws, x)).value == pytest.approx(10 * math.log10(255**2 / 4.5))
    for metric in (DrawRatio, MeanRatio):
        with pytest.raises(Unavailable, match="exact, and the ratio is infinite"):
            metric().score(evidence(np.repeat(x[:, None], K, axis=1), x))
    with pytest.raises(Unavailable, match="exact"):
        posterior_ratio(np.stack([x - 1, x + 1], axis=1), x)


@pytest.mark.parametrize("levels", [None, 1])
def test_without_a_highest_level_there_is_no_peak(levels):
    with pytest.raises(Unavailable, match="peak is the highest"):
        DrawRatio().score(evidence(DRAWS, space=Space((D,), levels=levels)))


def test_calibrated_integers_have_uniform_ranks_though_most_of_them_are_tied():
    x, draws = RNG.integers(0, 3, (Q, D)).astype(float), RNG.integers(0, 3, (Q, K, D)).astype(float)
    shares = rank_shares(draws, x, np.ones(x.shape, np.float32))
    assert shares == pytest.approx(np.full(K + 1, 1 / (K + 1)), abs=0.003)
    score = RankDistance().score(evidence(draws, x))
    assert score.value < 0.01
    assert score.details == {"outside": pytest.approx(1, abs=0.03), "above": pytest.approx(0.5, abs=0.01)}


def test_ranks_see_draws_that_are_too_narrow_too_wide_or_off_to_one_side():
    narrow, wide, low = (RankDistance().score(evidence(draws)) for draws in (0.5 * DRAWS, 2 * DRAWS, DRAWS - 1))
    assert min(narrow.value, wide.value, low.value) > 0.1
    assert narrow.details["outside"] > 1.5
    assert wide.details["outside"] < 0.6
    assert low.details["above"] > 0.8


def test_a_tie_is_shared_by_all_ranks_that_it_could_have():
    draws, x = np.array([[[1.0], [2], [2], [5]]]), np.array([[2.0]])
    assert rank_shares(draws, x, np.ones((1, 1), np.float32)) == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 0])


def test_ranks_of_what_is_told_do_not_count():
    draws, x = np.array([[[1.0, 0], [2, 0]]]), np.array([[3.0, 0]])
    assert rank_shares(draws, x, np.array([[1, 0]], np.float32)).tolist() == [0, 0, 1]
    with pytest.raises(Unavailable, match="hidden"):
        RankDistance().score(evidence(draws, x, np.zeros((1, 2), np.float32)))


IMAGES = RNG.integers(0, 256, (4, 1, 12, 13)).astype(float)


def test_ssim_of_equal_images_is_one_and_of_a_shift_is_that_of_the_means():
    assert ssim(IMAGES, IMAGES, 255) == pytest.approx(np.ones(4))
    flat = np.full((1, 1, 11, 11), 100.0)
    c1 = (0.01 * 255) ** 2
    assert ssim(flat, flat + 50, 255)[0] == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1))


def test_ssim_of_an_image_and_its_negative_is_negative_and_noise_lowers_it():
    assert ssim(IMAGES, 255 - IMAGES, 255).max() < 0
    noised = IMAGES + 30 * RNG.standard_normal(IMAGES.shape)
    assert 0.5 < ssim(IMAGES, noised, 255).mean() < 0.99


def test_ssim_needs_eleven_pixels_a_side():
    space = Space((1, 12, 13), levels=256)
    draws = np.repeat(IMAGES[:, None], 2, axis=1)
    assert StructuralSimilarity().score(evidence(draws, IMAGES, space=space)).value == pytest.approx(1)
    small = Space((1, 10, 13), levels=256)
    with pytest.raises(Unavailable, match="11 pixels a side"):
        StructuralSimilarity().score(evidence(draws[..., :10, :], IMAGES[..., :10, :], space=small))


def test_consistency_is_what_the_harness_measures_itself():
    x = np.arange(6).reshape(2, 3)
    draws = np.stack([x, x + np.array([0, 0, 3]), x + np.array([0, 9, 0])], axis=1)
    y = x[:, [0, 2]].astype(np.float32)
    own = evidence(draws, x, questions={"y": y}, measure=lambda x: x[:, [0, 2]].astype(float))
    assert Consistency().score(own).value == pytest.approx(math.sqrt(9 / 6))
    assert inconsistency(draws[:, [0, 2]], y, own.measure) == 0
    for none in (evidence(draws, x), Evidence(SPACE, X), evidence(draws, x, questions={"y": y})):
        with pytest.raises(Unavailable, match="restorations of what was measured"):
            Consistency().score(none)


@pytest.mark.parametrize("metric", METRICS)
def test_what_is_no_restoration_has_no_score(metric):
    paths = Evidence(SPACE, X, questions={"a": X}, answers=DRAWS, key={})
    for none in (Evidence(SPACE, X), paths, Evidence(SPACE, X, answers=X, key={"x": X, "hidden": X})):
        with pytest.raises(Unavailable, match="needs restorations"):
            metric().score(none)
    with pytest.raises(Unavailable, match="2 or more draws"):
        metric().score(evidence(DRAWS[:, :1]))


def test_small_integers_do_not_wrap_around():
    x, draws = np.array([[0, 255]], np.uint8), np.array([[[255, 0], [255, 0]]], np.uint8)
    assert Energy().score(evidence(draws, x)).value == pytest.approx(255 * math.sqrt(2))
    assert DrawRatio().score(evidence(draws, x)).value == pytest.approx(0)
