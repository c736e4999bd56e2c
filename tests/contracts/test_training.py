"""TrainingData: the budget is kept, every image comes equally often, and nothing but train and valid is there."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn

from genbench.contracts import cpu_budget
from genbench.contracts.cpu_budget import CpuBudget
from genbench.contracts.dataset import Examples
from genbench.contracts.training import BestWeights, Split, TrainingData
from genbench.errors import GenbenchError
from genbench.records.space import Space

SPACE = Space((1,), levels=256, classes=10)


def split(rows: int) -> Split:
    return Split(Examples(np.arange(rows, dtype=np.uint8)[:, None], np.arange(rows) % 10))


def data(rows: int, images: int, **fields: object) -> TrainingData:
    return TrainingData(SPACE, split(rows), split(3), images, **fields)


def drawn(batches: object) -> list[list[int]]:
    return [x.flatten().tolist() for x, _ in batches]


ROWS, IMAGES, SIZES = st.integers(1, 40), st.integers(1, 400), st.integers(1, 60)


@settings(deadline=None, max_examples=60)
@given(ROWS, IMAGES, SIZES)
def test_batches_spend_the_budget_as_far_as_whole_batches_go_and_never_more(rows, images, size):
    training = data(rows, images)
    if size > images:
        with pytest.raises(GenbenchError, match="a training stage got no batches"):
            training.batches(size)
        return
    batches = drawn(training.batches(size))
    assert {len(batch) for batch in batches} == {size}
    assert images - size < len(batches) * size == training.seen <= images


@settings(deadline=None, max_examples=60)
@given(ROWS, IMAGES, SIZES)
def test_every_image_comes_equally_often_at_every_moment_give_or_take_one(rows, images, size):
    counts = np.zeros(rows, int)
    for x, _ in data(rows, images).batches(size) if size <= images else ():
        np.add.at(counts, x.flatten().numpy(), 1)
        assert np.ptp(counts) <= 1


@settings(deadline=None, max_examples=60)
@given(ROWS, st.lists(st.floats(0.05, 1), min_size=1, max_size=4), st.integers(1, 5))
def test_stages_spend_their_shares_and_together_never_more_than_the_budget(rows, shares, size):
    training, claimed = data(rows, images=200), 0.0
    for share in shares:
        claimed += share
        end = min(200, round(claimed * 200))
        if training.seen + size > end:
            with pytest.raises(GenbenchError, match="a training stage got no batches"):
                training.batches(size, share=share)
            return
        drawn(training.batches(size, share=share))
        assert end - size < training.seen <= end


def test_a_stage_without_a_batch_says_what_is_left():
    training = data(10, images=100)
    drawn(training.batches(30))
    with pytest.raises(GenbenchError, match="it asks for 30 images at a time and 10 of 100 are left for it"):
        training.batches(30)


def test_two_stages_that_run_beside_each_other_share_one_budget():
    training = data(10, images=100)
    pairs = zip(training.batches(10, share=0.5), training.batches(10, share=0.5), strict=False)
    assert len(list(pairs)) >= 2
    assert training.seen <= 100


def test_an_image_keeps_its_label():
    for x, y in data(40, images=80).batches(8):
        assert (x.flatten() % 10).tolist() == y.tolist()


def test_the_order_follows_from_the_seed_and_differs_between_stages():
    def order(seed: int) -> list[list[int]]:
        training = data(40, images=80, seed=seed)
        return [drawn(training.batches(40, share=0.5))[0] for _ in range(2)]

    assert order(1) == order(1)
    assert order(1) != order(2)
    first, second = order(1)
    assert first != second
    assert first != sorted(first)


def test_shuffling_leaves_the_models_own_random_numbers_alone():
    torch.manual_seed(0)
    alone = torch.rand(3)
    torch.manual_seed(0)
    drawn(data(10, images=50).batches(5))
    assert torch.equal(torch.rand(3), alone)


def test_progress_is_reported_with_each_batch_and_ends_at_the_budget():
    reports: list[tuple[int, float]] = []
    training = data(10, images=20, report=lambda images, share: reports.append((images, share)))
    assert training.progress == 0
    for _ in training.batches(5):
        assert reports[-1] == (training.seen, training.progress)
    assert reports == [(5, 0.25), (10, 0.5), (15, 0.75), (20, 1.0)]


def test_real_numbers_come_as_float32_and_integers_as_int64():
    real = Split(Examples(np.ones((4, 2), np.float32)))
    assert real.x[:].dtype == torch.float32
    assert real.y is None
    x, y = next(iter(data(10, images=10).batches(2)))
    assert (x.dtype, y.dtype) == (torch.int64, torch.int64)


def test_without_labels_batches_hold_none():
    train = Split(Examples(np.zeros((4, 2), np.uint8)))
    assert [y for _, y in TrainingData(Space((2,)), train, train, 4).batches(2)] == [None, None]


@pytest.mark.parametrize("index", [slice(1, 3), [1, 2], torch.tensor([1, 2])])
def test_rows_are_read_by_slice_list_or_tensor(index):
    assert split(5).x[index].tolist() == [[1], [2]]
    assert split(5).x.shape == (5, 1)


def test_who_changes_the_rows_he_got_changes_no_data():
    examples = Examples(np.ones((4, 1), np.float32))
    Split(examples).x[:].zero_()
    assert examples.x.all()


def test_a_split_is_walked_in_order_and_its_last_batch_may_be_smaller():
    assert drawn(split(7).batches(3)) == [[0, 1, 2], [3, 4, 5], [6]]


def test_test_data_are_not_there():
    assert not [name for name in dir(data(5, images=5)) if "test" in name]


def test_the_curve_holds_finite_numbers_at_the_count_of_images():
    training = data(10, images=10)
    next(training.batches(4))
    training.log(loss=torch.tensor(1.5), bad=float("nan"), worse=float("inf"))
    (point,) = training.curve
    assert point.pop("seconds") >= 0
    assert point == {"images": 4, "loss": 1.5}


def test_the_best_weights_are_those_of_the_lowest_loss():
    module = nn.Linear(1, 1)
    best = BestWeights(module)
    offered = []
    for weight, loss in [(1.0, 3.0), (2.0, 1.0), (3.0, 2.0), (4.0, float("nan")), (5.0, 1.0)]:
        module.weight.data.fill_(weight)
        offered.append(best.offer(loss))
    best.restore()
    assert offered == [True, True, False, False, False]
    assert best.loss == 1.0
    assert module.weight.item() == 2.0


def test_without_a_finite_loss_the_weights_stay():
    module = nn.Linear(1, 1)
    best = BestWeights(module)
    best.offer(float("nan"))
    module.weight.data.fill_(7.0)
    best.restore()
    assert module.weight.item() == 7.0


def burn(seconds: float) -> None:
    until = cpu_budget.cpu_seconds() + seconds
    while cpu_budget.cpu_seconds() < until:
        pass


def test_batches_end_by_whichever_budget_is_spent_first():
    training = data(10, images=1_000_000, cpu=CpuBudget(0.2))
    for _ in training.batches(1):
        burn(0.03)
        assert training.progress == pytest.approx(training.cpu.share, abs=0.1) or training.progress == 1.0
    assert 2 < training.seen < 8
    assert training.progress == 1.0
    few = data(10, images=5, cpu=CpuBudget(60.0))
    assert len(drawn(few.batches(1))) == 5
    assert few.progress == 1.0


def test_a_stage_ends_by_its_share_of_cpu_seconds_and_one_that_is_left_none_is_told():
    training = data(10, images=1_000_000, cpu=CpuBudget(0.2))
    for _ in training.batches(1, share=0.5):
        burn(0.02)
    assert 0.5 <= training.progress < 0.8
    assert len(drawn(training.batches(1))) > 0
    with pytest.raises(GenbenchError, match=r"are spent before it, of 0\.2 until its end"):
        training.batches(1)


def test_what_happens_outside_of_batches_spends_cpu_seconds_too():
    training = data(10, images=1_000, cpu=CpuBudget(0.1))
    burn(0.12)
    with pytest.raises(GenbenchError, match="a training stage got no batches"):
        training.batches(1)


def test_a_budget_goes_on_where_an_earlier_process_left_it():
    assert CpuBudget(10.0).after(4.0).share == pytest.approx(0.4, abs=0.02)
    assert CpuBudget().after(4.0).share == 0.0


def test_a_fit_may_end_at_fewer_images_than_its_budget():
    training = data(10, images=100)
    assert len(drawn(training.batches(4, most=30))) == 7
    assert (training.seen, training.progress) == (28, 0.28)
    assert training.progress_to(56) == 0.5
    assert training.progress_to(20) == 1.0
    assert len(drawn(data(10, images=20).batches(4, most=30))) == 5
