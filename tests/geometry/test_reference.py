"""Reference and comparison: what candidates share, and who is nearest to whom across the three sets."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from genbench.builtin.metrics import METRICS
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.geometry.reference import Reference
from genbench.records.space import Space


def ranked(x, y, k):
    squared = ((x[:, None].astype(np.float64) - y[None]) ** 2).sum(2)
    order = np.argsort(squared, 1)[:, :k]
    return np.take_along_axis(squared, order, 1), order


@pytest.fixture
def sets(draw):
    return draw(150, 6, 1), draw(170, 6, 2, scale=0.9), draw(130, 6, 3)


def test_the_nearest_training_and_test_vectors_are_those_of_every_distance(sets):
    real, generated, train = sets
    compared = Comparison(real, generated, train, block=40)
    for found, x, y in (
        (compared.train_of_generated, generated, train),
        (compared.train_of_real, real, train),
        (compared.across.real_of_generated, generated, real),
    ):
        squared, order = ranked(x, y, 2)
        np.testing.assert_array_equal(found.indices, order)
        np.testing.assert_allclose(found.squared, squared, rtol=1e-12)


def test_the_nearest_other_training_vector_is_not_the_vector_itself(sets):
    train = sets[2]
    squared, order = ranked(train, train, 2)
    found = Comparison(*sets, block=40).train_within
    np.testing.assert_array_equal(found.indices[:, 0], order[:, 1])
    np.testing.assert_allclose(found.squared[:, 0], squared[:, 1], rtol=1e-12)


@pytest.mark.parametrize("name", ["train_of_generated", "train_of_real", "train_within", "moments_train"])
def test_without_training_data_their_neighbours_are_unavailable(sets, name):
    with pytest.raises(Unavailable, match="needs the features of the training data"):
        getattr(Comparison(*sets[:2]), name)


def test_without_training_data_nobody_is_asked_for_copies_of_real_ones(sets):
    with pytest.raises(Unavailable, match="needs the features of the training data"):
        _ = Comparison(*sets[:2]).across.real_of_generated


def test_candidates_share_what_depends_on_real_data_alone(draw, sets):
    reference = Reference(sets[0], sets[2])
    one, other = Comparison(reference, sets[1]), Comparison(reference, draw(170, 6, 9))
    for name in ("within_real", "moments_real", "moments_train", "train_of_real", "train_within"):
        assert getattr(one, name) is getattr(other, name)
    for name in ("within_generated", "moments_generated", "train_of_generated", "across"):
        assert getattr(one, name) is not getattr(other, name)


def test_a_shared_reference_changes_no_score(draw, sets):
    reference = Reference(sets[0], sets[2])
    candidates = [draw(150, 6, seed, scale=0.9) for seed in (1, 2, 3)]
    for generated in candidates:
        shared, own = Comparison(reference, generated), Comparison(sets[0], generated, sets[2])
        for metric in (m for m in METRICS if m.uses_features and not m.reads and m.name != "class-tv"):
            score = [
                metric().score(Evidence(Space((6,), levels=None), generated, features=c, held=lambda own=own: own))
                for c in (shared, own)
            ]
            assert score[0] == score[1], metric.name


def test_candidates_of_different_sizes_draw_their_own_subsets_of_the_real_data(draw):
    reference = Reference(draw(1100, 4, 1))
    for size in (1000, 1050):
        shared, own = (Comparison(real, draw(size, 4, 2)) for real in (reference, reference.real))
        np.testing.assert_array_equal(shared.within_real.kernel.of_subset, own.within_real.kernel.of_subset)


def test_any_number_of_threads_gives_the_same_bytes(draw):
    real, generated = draw(1300, 12, 1), draw(1200, 12, 2)
    found = []
    for threads in (1, 3):
        with threadpool_limits(threads, user_api="blas"):
            compared = Comparison(real, generated, block=100)
            kernels = [part.kernel for part in (compared.within_real, compared.within_generated, compared.across)]
        found.append([(kernel.of_row, kernel.of_column, kernel.of_subset) for kernel in kernels])
        found[-1] += [(compared.within_real.squared, compared.within_real.neighbours)]
    for one, other in zip(*found, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_blas_has_its_threads_again_after_a_sweep(draw):
    from threadpoolctl import threadpool_info

    def threads():
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        _ = Comparison(draw(50, 4, 1), draw(50, 4, 2)).across
        assert threads() == before
