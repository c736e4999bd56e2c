"""The controls of classify: what each knows, and how sure of it it is."""

import math

import pytest
import torch

from genbench.builtin.controls.classes import ClassFrequencies, LogisticRegression, NearestRow, TestTable, TrueClass
from genbench.builtin.controls.data import ControlData
from genbench.builtin.datasets.digits import Digits
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError, Unsuitable
from genbench.records.space import Space
from genbench.store.datasets import laid_down
from genbench.store.weights import load_weights, save_weights

ALL = (TrueClass, TestTable, LogisticRegression, NearestRow, ClassFrequencies)


@pytest.fixture(scope="module")
def splits():
    return Digits().splits()


@pytest.fixture(scope="module")
def models(splits):
    data = ControlData(splits.space, Split(splits.train), Split(splits.valid), images=1, home=laid_down(splits))
    found = {cls: cls(splits.space) for cls in ALL}
    for model in found.values():
        model.fit(data)
    return found


def accuracy(model, examples) -> float:
    called = model.posterior(torch.from_numpy(examples.x).long()).argmax(1)
    return (called == torch.from_numpy(examples.y)).double().mean().item()


def test_the_truth_knows_all_that_is_asked_about(models, splits):
    for examples in (splits.test, splits.held, splits.valid):
        assert accuracy(models[TrueClass], examples) == 1
    p = models[TrueClass].posterior(torch.from_numpy(splits.test.x[:9]).long()).exp()
    assert p.max(1).values.tolist() == pytest.approx([0.999] * 9)
    assert p.sum(1).tolist() == pytest.approx([1] * 9)


def test_a_table_of_the_test_set_is_right_of_test_rows_and_surer_of_them(models, splits):
    table = models[TestTable]
    assert accuracy(table, splits.test) == 1
    assert 0.9 < accuracy(table, splits.held) < 1
    sure = [table.posterior(torch.from_numpy(e.x).long()).softmax(1).max(1).values for e in (splits.test, splits.held)]
    assert sure[0].mean() > sure[1].mean() + 0.01


def test_those_who_learn_beat_the_floor_and_do_not_know_the_truth(models, splits):
    assert 0.9 < accuracy(models[LogisticRegression], splits.test) < 1
    assert 0.9 < accuracy(models[NearestRow], splits.test) < 1
    assert accuracy(models[ClassFrequencies], splits.test) < 0.15


def test_frequencies_are_counted_with_one_more_of_each():
    space = Space((2,), levels=4, classes=3)
    model = ClassFrequencies(space)
    model.fit(small(space, [0, 0, 1, 0]))
    assert model.posterior(torch.zeros(2, 2)).exp().tolist() == [pytest.approx([4 / 7, 2 / 7, 1 / 7])] * 2


def test_the_nearest_rows_word_is_as_good_as_it_was_of_training_rows():
    """Of rows at 0, 1, 10, 11 with classes 0, 0, 1, 2 the nearest other is right twice: (2 + 1) / (4 + 2)."""
    space = Space((1,), levels=20, classes=3)
    model = NearestRow(space)
    model.fit(small(space, [0, 0, 1, 2], [0, 1, 10, 11]))
    p = model.posterior(torch.tensor([[2], [12]])).exp()
    assert p.tolist() == [pytest.approx([0.5, 0.25, 0.25]), pytest.approx([0.25, 0.25, 0.5])]


def small(space, labels, rows=None) -> TrainingData:
    import numpy as np

    from genbench.contracts.dataset import Examples

    x = np.zeros((len(labels), *space.shape), np.uint8) if rows is None else np.array(rows, np.uint8)[:, None]
    split = Split(Examples(x, np.array(labels)))
    return TrainingData(space, split, split, images=1)


@pytest.mark.parametrize("cls", ALL)
def test_what_they_know_is_saved_and_loaded(cls, models, splits, tmp_path):
    save_weights(models[cls], tmp_path / "weights")
    loaded = cls(splits.space)
    load_weights(loaded, tmp_path / "weights")
    x = torch.from_numpy(splits.held.x[:20]).long()
    assert torch.equal(loaded.posterior(x), models[cls].posterior(x))


@pytest.mark.parametrize("cls", [TrueClass, TestTable])
def test_a_plugin_that_derives_from_who_knows_the_test_set_gets_none(cls):
    space = Space((2,), levels=4, classes=3)
    with pytest.raises(GenbenchError, match="fitted by the harness alone"):
        cls(space).fit(small(space, [0, 1, 2]))


@pytest.mark.parametrize("cls", ALL)
def test_they_need_classes_and_one_is_enough(cls):
    with pytest.raises(Unsuitable, match="needs classes"):
        cls(Space((2,), levels=4))
    if cls in (NearestRow, ClassFrequencies, LogisticRegression):
        space = Space((1,), levels=20, classes=1)
        model = cls(space)
        model.fit(small(space, [0, 0, 0], [1, 5, 9]))
        assert model.posterior(torch.tensor([[2]])).log_softmax(1).tolist() == [[pytest.approx(math.log(1))]]
