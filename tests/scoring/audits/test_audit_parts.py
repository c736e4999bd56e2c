"""What audits are made of sums to one, and their bounds hold where they must and give way where they should."""

import json
import math

import numpy as np
import pytest

from genbench.files.codec import encoded
from genbench.records.audits import AuditStatus
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits import alternatives, autoregression, findings, rungs
from genbench.scoring.audits.answers import Twice
from genbench.scoring.audits.kernels import Kernels

TINY = Space((1, 2, 2), 4)
EVERY = rungs.states(TINY).reshape(-1, 4)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_kernels_sum_to_one_over_the_integers(rng):
    q = Kernels(rng.integers(4, size=(5, 4)), 4)
    assert np.exp(q.log_prob(EVERY)).sum() == pytest.approx(1, abs=1e-12)


def test_kernels_draw_what_they_state(rng):
    q = Kernels(np.array([[0, 3], [1, 1]]), 40)
    drawn = q.draw(200_000, rng)
    every = np.array([(a, b) for a in range(40) for b in range(40)])
    share = np.bincount(drawn @ [40, 1], minlength=1600) / len(drawn)
    stated = np.exp(q.log_prob(every))
    # Half the summed differences of 200,000 draws: at most √(S / 2πn) for S states that matter, here about 300.
    assert np.abs(share - stated).sum() / 2 < 0.02
    assert drawn.min() == 0


def test_the_ladder_lists_every_state_once_in_the_order_of_its_index():
    for tiny in rungs.ladder(Space((3, 32, 32), classes=10)):
        every = rungs.states(tiny)
        assert len(every) <= 2**16
        assert (rungs.indices(every, tiny) == np.arange(tiny.levels**tiny.dim)).all()
        assert tiny.classes == 2
    assert [tiny.shape for tiny in rungs.ladder(Space((28,), 5))] == [(4,), (16,)]


def test_tiny_data_are_the_same_each_time_and_far_from_uniform():
    first, again = rungs.examples(TINY, "train"), rungs.examples(TINY, "train")
    assert (first.x == again.x).all()
    counts = np.bincount(rungs.indices(first.x, TINY), minlength=256)
    assert counts.max() > 20 * counts.mean()
    assert (counts > 0).sum() > 100


def test_alternatives_sum_to_one_over_the_integers(rng):
    first = rng.integers(4, size=(256, 4)) // 2
    found = alternatives.of_samples(np.concatenate([first, EVERY]), 4)
    assert len(found) == 3
    for log_q in found:
        assert np.exp(log_q).sum() == pytest.approx(1, abs=1e-9)
    p = rng.dirichlet(np.ones(256))
    places = np.concatenate([rng.integers(256, size=256), np.arange(256)])
    for log_q in alternatives.of_table(np.log(p), places):
        assert np.exp(log_q).sum() == pytest.approx(1, abs=1e-9)


def test_split_likelihood_ratios_are_below_one_on_average_where_sampler_and_density_agree(rng):
    log_p = np.log(rng.dirichlet(np.ones(256)))
    found = []
    for _ in range(200):
        places = rng.choice(256, size=400, p=np.exp(log_p))
        found.append(alternatives.log_e(log_p[places[200:]], alternatives.of_table(log_p, places)))
    # E e ≤ 1, so by Markov e > 100 for 2 of 200 runs at most on average; P(more than 8) < 1e-3.
    assert np.mean(np.exp(found)) < 3
    assert sum(value > math.log(100) for value in found) <= 8


def test_samples_of_a_state_without_probability_refute_the_density():
    assert alternatives.log_e(np.array([-1.0, -np.inf]), [np.array([-2.0, -np.inf])]) == math.inf


def test_a_sum_above_one_fails_and_below_fails_an_exact_density_alone():
    table = np.full((2, 256), -math.log(256.0))
    for kind, passing in ((Likelihood.EXACT, {0}), (Likelihood.LOWER_BOUND, {-0.01, 0})):
        for shift in (-0.01, 0, 0.01):
            found = findings.exhaustive_sum(table + shift, kind, "somewhere")
            assert found.status is (AuditStatus.PASSED if shift in passing else AuditStatus.FAILED), (kind, shift)


@pytest.mark.parametrize(("scatter", "rounds"), [(0.1, 8), (0.5, 64)])
def test_the_scatter_of_an_honest_estimate_stays_within_the_tolerance(rng, scatter: float, rounds: int):
    log_p = np.log(rng.dirichlet(np.full(256, 0.3)))
    for _ in range(50):
        found = findings.total(log_p + rng.normal(0, scatter, (rounds, 256)))
        assert found.value <= 1 + found.tolerance  # four standard errors: once in thirty thousand


def test_states_without_probability_are_no_fault():
    table = np.full((2, 256), -np.inf)
    table[:, 0] = 0
    assert findings.exhaustive_sum(table, Likelihood.EXACT, "somewhere").status is AuditStatus.PASSED
    assert findings.noise_floor(np.full(8, -np.inf), np.full(8, 4), 4).status is AuditStatus.PASSED


def test_test_images_cost_at_least_their_entropy():
    x = np.arange(64).reshape(64, 1) * np.ones((1, 4), int)
    for distinct, entropy in ((64, 6), (32, 5)):
        for bits, status in ((entropy - 0.1, AuditStatus.FAILED), (entropy + 0.1, AuditStatus.PASSED)):
            test, one_bit = np.full(64, -bits * math.log(2)), np.full(4, -4 * math.log(2))
            found = findings.ordering(test, x % distinct, one_bit, 2 * one_bit)
            assert "valid 1.000, own samples 2.000" in found.words
            assert (found.status, found.bound) == (status, pytest.approx(entropy / 4))


def test_a_linear_autoregression_sums_to_one_and_draws_what_it_states(rng):
    q = autoregression.fitted(rng.integers(4, size=(256, 4)) // 2, 4)
    stated = np.exp(q.log_prob(EVERY))
    assert stated.sum() == pytest.approx(1, abs=1e-9)
    share = np.bincount(rungs.indices(q.draw(200_000, rng), TINY), minlength=256) / 200_000
    # Half the summed differences of 200,000 draws of 256 states: at most √(256 / 2π 200,000) = .014 on average.
    assert np.abs(share - stated).sum() / 2 < 0.02


def twice(nats: np.ndarray, together: int = 1) -> Twice:
    """Rows of which each `together` stand in the same two batches."""
    return Twice(nats, np.tile(np.arange(nats.shape[1]) // together, (2, 1)))


def test_a_bound_may_scatter_but_not_more_beside_other_rows(rng):
    def pairs(scatter: float, together: int) -> Twice:
        return twice(-100 + rng.normal(0, scatter, (2, 48)), together)

    honest = [findings.same_scatter(pairs(1, 4), pairs(1, 1)) for _ in range(300)]
    assert {found.status for found in honest} == {AuditStatus.PASSED}  # p < 1e-4 once in 10,000
    assert findings.same_scatter(pairs(1, 4), pairs(6, 1)).status is AuditStatus.FAILED
    still = twice(np.full((2, 48), -9.0), 4)
    assert findings.same_scatter(still, pairs(1, 1)).status is AuditStatus.FAILED
    some = rng.random((2, 48)) < 0.2
    assert findings.same_scatter(still, twice(-9.0 - some)).status is AuditStatus.FAILED
    few = [Twice(pairs.nats[:, :16], pairs.batches[:, :16]) for pairs in (still, pairs(1, 8))]
    assert findings.same_scatter(*few).status is AuditStatus.FAILED
    assert findings.same_scatter(twice(np.empty((2, 0))), pairs(1, 1)).status is AuditStatus.SKIPPED


def test_rounding_is_no_other_answer_and_a_row_without_probability_is_the_same_twice():
    same = np.array([[-100.0, -np.inf], [-100.005, -np.inf]])
    assert findings.same_answer(same).status is AuditStatus.PASSED
    once = np.array([[-100.0], [-np.inf]])
    assert findings.same_answer(np.concatenate([same, once], 1)).status is AuditStatus.FAILED


def test_findings_are_plain_json_also_where_a_number_is_infinite():
    found = findings.e_value([(np.full((2, 2), np.inf), np.zeros(2))])
    assert found.status is AuditStatus.FAILED
    assert json.loads(json.dumps(encoded(found), allow_nan=False))["value"] is None


def test_scatter_takes_no_more_off_an_e_value_than_its_limit(rng):
    scattered = rng.normal(60, 30, (2, 40))  # e^60 too much, and e^(30²/4) would be taken off
    assert findings.e_value([(scattered, np.zeros(40))]).status is AuditStatus.FAILED
    honest = rng.normal(0, 1, (2, 40))
    assert findings.e_value([(honest, np.zeros(40))]).status is AuditStatus.PASSED


def test_a_histogram_counts_the_equal_values_of_an_entry_and_half_a_sample_more(rng):
    first, second = rng.integers(3, size=(2, 30, 5))
    log_q = alternatives.of_samples(np.concatenate([first, second]), 3)[0]
    counts = (first[:, None] == second).sum(0)  # [30, 5]
    assert log_q == pytest.approx(np.log((counts + 0.5) / 31.5).sum(1), abs=1e-12)
