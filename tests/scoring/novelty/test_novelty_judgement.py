"""What the gate's tests find in distances: tails, one-third rules, the nearest pairs and the verdict on them."""

import numpy as np
import pytest
from copied import PRODUCT, measured
from numpy.typing import NDArray

from genbench.contracts import dataset
from genbench.errors import Unavailable
from genbench.geometry.nearest import nearest, nearest_others
from genbench.geometry.neighbours import Nearest
from genbench.records.gates import CopyFinding, GateStatus
from genbench.scoring.novelty.evidence import Beside, InPixels, Near
from genbench.scoring.novelty.judgement import judged, one_third
from genbench.scoring.novelty.pairs import distinct, nearest_pairs


def test_fresh_real_data_are_not_flagged_in_any_of_20_splits(splits):
    pool = np.concatenate([getattr(splits, name).x for name in dataset.SPLITS])
    verdicts = []
    for seed in range(20):
        parts = np.array_split(pool[np.random.default_rng(seed).permutation(len(pool))], 4)
        verdicts.append(judged(measured(*parts), "pixels"))
    assert [verdict.reason for verdict in verdicts if verdict.status is not GateStatus.CLEAR] == []


def line(*points: float) -> NDArray[np.float32]:
    return np.array(points, np.float32)[:, None]


def on_a_line(x: NDArray[np.float32], known: NDArray[np.float32], control: NDArray[np.float32]) -> CopyFinding:
    return one_third("train", *(InPixels(nearest(of, known, PRODUCT)) for of in (x, control)))


def test_one_third_means_nearer_than_a_third_of_the_second_nearest():
    known, control = line(0, 4, 100), line(50, 50)
    # Distances to 0 and 4: 1 and 3 are exactly a third, 0.999 and 3.001 less, 1.001 and 2.999 more.
    for x, share in ((1, 0), (0.999, 1), (1.001, 0), (0, 1)):
        assert on_a_line(line(x), known, control).share == share


def test_one_third_is_flagged_from_one_point_on_and_from_five_samples_on():
    known, control = line(0, 100), line(*[50] * 300)
    for copies, n, expected in ((5, 501, False), (5, 500, True), (4, 200, False), (5, 200, True)):
        found = on_a_line(line(*[0] * copies + [50] * (n - copies)), known, control)
        assert (found.share, found.control, found.flagged) == (copies / n, 0, expected)


def test_one_third_has_to_be_significant_where_fresh_data_break_it_too():
    known, control = line(0, 100), line(*[0] * 5 + [50] * 95)
    for copies, expected in ((6, False), (19, False), (20, True)):
        found = on_a_line(line(*[0] * copies + [50] * (100 - copies)), known, control)
        assert (found.share, found.control, found.flagged) == (copies / 100, 0.05, expected)
        assert (found.bound > 0) is expected


@pytest.mark.parametrize("dim", [1, 3])
def test_fresh_points_of_few_dimensions_are_not_flagged(dim):
    # The one-third rule alone would flag more than half of these.
    draws = [np.random.default_rng(seed).standard_normal((4, 300, dim), np.float32) for seed in range(40)]
    assert {judged(measured(*draw), "").status for draw in draws} == {GateStatus.CLEAR}


def test_five_samples_can_show_nothing():
    features = Nearest(np.random.default_rng(0).random((5, 1)) + 1, np.zeros((5, 1), np.intp))
    near = Near(features, InPixels(Nearest(np.ones((5, 2)), np.zeros((5, 2), np.intp))))
    verdict = judged(dict.fromkeys(("train", "test"), Beside(near, near)), "x")
    assert verdict.status is GateStatus.UNAVAILABLE
    assert dict(verdict.detectable) == {"train": None, "test": None}
    assert verdict.reason == "too few samples to see copies of training and test data, however many there are"


def test_the_nearest_pairs_come_first_and_each_row_once():
    train = Nearest(np.array([[4.0, 9], [1, 9], [0, 9]]), np.array([[7, 0], [7, 0], [3, 0]]))
    test = Nearest(np.array([[0.25, 9], [9, 9], [9, 9]]), np.array([[1, 0], [2, 0], [2, 0]]))
    pairs = [(p.sample, p.against, p.row, p.distance) for p in nearest_pairs({"train": train, "test": test}, most=4)]
    assert pairs == [(2, "train", 3, 0), (0, "test", 1, 0.5), (1, "train", 7, 1), (1, "test", 2, 3)]


def test_a_set_of_one_distinct_row_is_refused():
    with pytest.raises(Unavailable, match="at least two distinct rows"):
        nearest(line(1), line(3), PRODUCT)


def test_values_that_cannot_be_multiplied_are_refused():
    with pytest.raises(Unavailable, match="exceed 1e"):
        nearest(line(1e20), line(3, 4), PRODUCT)
    with pytest.raises(Unavailable, match="exceed 1e"):
        nearest_others(line(1, 2, np.nan), PRODUCT, 1)


def test_no_sample_is_among_the_nearest_others_of_itself():
    found = nearest_others(line(0, 1, 3, 3), PRODUCT, 2)
    assert (found.squared.tolist(), found.indices.tolist()) == (
        [[1, 9], [1, 4], [0, 4], [0, 4]],
        [[1, 2], [0, 2], [3, 1], [2, 1]],
    )


def test_distinct_rows_are_the_first_of_each():
    assert distinct(np.array([[1, 2], [3, 4], [1, 2], [5, 6], [3, 4]])).tolist() == [0, 1, 3]
