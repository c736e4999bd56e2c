"""The controls of interpolation: a blend of pixels, and a jump."""

import pytest
import torch

from genbench.builtin.controls.paths import Blend, Jump
from genbench.contracts.training import TrainingData
from genbench.records.space import Space
from genbench.store.weights import load_weights, save_weights

SPACE = Space((1, 1, 3), levels=256)
A = torch.tensor([[0, 10, 255], [7, 7, 7]]).view(2, 1, 1, 3)
B = torch.tensor([[9, 10, 0], [1, 2, 3]]).view(2, 1, 1, 3)


def test_a_blend_goes_evenly_from_one_to_the_other_and_is_rounded():
    path = Blend(SPACE).between(A, B, 4)
    assert path.dtype == torch.int64
    assert path[0].view(4, 3).tolist() == [[0, 10, 255], [3, 10, 170], [6, 10, 85], [9, 10, 0]]
    assert path[1].view(4, 3).tolist() == [[7, 7, 7], [5, 5, 6], [3, 4, 4], [1, 2, 3]]


def test_a_blend_of_the_largest_levels_loses_none():
    high = 2**31 - 1
    a, b = torch.tensor([[high]]), torch.tensor([[high - 2]])
    assert Blend(Space((1,), levels=2**31)).between(a, b, 3).flatten().tolist() == [high, high - 1, high - 2]


def test_a_blend_of_real_numbers_is_not_rounded():
    a, b = torch.tensor([[0.0]]), torch.tensor([[1.0]])
    path = Blend(Space((1,), levels=None)).between(a, b, 5)
    assert path.dtype == torch.float32
    assert path.flatten().tolist() == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("n", [2, 3, 8, 9])
def test_a_jump_shows_the_two_samples_and_nothing_else_in_a_single_step(n):
    path = Jump(SPACE).between(A, B, n)
    assert path.shape == (2, n, 1, 1, 3)
    from_a = [torch.equal(path[:, i], A) for i in range(n)]
    assert from_a == [True] * (n - n // 2) + [False] * (n // 2)
    assert all(torch.equal(path[:, i], B) for i in range(n) if not from_a[i])


@pytest.mark.parametrize("cls", [Blend, Jump])
def test_they_learn_nothing_and_survive_save_and_reload(cls, tmp_path):
    model = cls(SPACE)
    model.fit(TrainingData(SPACE, None, None, images=4))
    save_weights(model, tmp_path / "w")
    fresh = cls(SPACE)
    load_weights(fresh, tmp_path / "w")
    assert torch.equal(fresh.between(A, B, 5), model.between(A, B, 5))
