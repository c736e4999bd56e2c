"""slerp: the arc between two vectors, and the solver that goes along it in a latent space."""

import math

import pytest
import torch
from analytic import Turned

from genbench.builtin.solvers.slerp import Slerp, slerp
from genbench.records.space import Space

SHARES = [0.0, 0.2, 0.5, 0.9, 1.0]


def angle(x, y):
    return torch.nn.functional.cosine_similarity(x, y).clamp(-1, 1).acos()


@pytest.mark.parametrize("share", SHARES)
def test_vectors_of_one_length_keep_it_and_turn_evenly(share):
    a, b = torch.nn.functional.normalize(torch.randn(2, 50, 7, dtype=torch.float64), dim=2)
    between = slerp(a, b, share)
    torch.testing.assert_close(between.norm(dim=1), torch.ones(50, dtype=torch.float64))
    # acos loses half of the digits near 0.
    torch.testing.assert_close(angle(a, between), share * angle(a, b), rtol=0, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_ends_are_the_two_vectors_whatever_their_lengths(dtype):
    a, b = torch.randn(5, 2, 3, dtype=dtype), 4 * torch.randn(5, 2, 3, dtype=dtype)
    assert slerp(a, b, 0.3).dtype == dtype
    torch.testing.assert_close(slerp(a, b, 0.0), a)
    torch.testing.assert_close(slerp(a, b, 1.0), b)


def test_standard_normal_vectors_stay_as_long_as_the_prior_draws_them():
    a, b = torch.randn(2, 200, 100)
    assert slerp(a, b, 0.5).norm(dim=1).mean() == pytest.approx(10, abs=0.15)  # √100; four standard errors of 0.5/√200
    assert torch.lerp(a, b, 0.5).norm(dim=1).mean() < 7.3  # a straight line leaves the sphere: √50


@pytest.mark.parametrize("times", [1.0, 1.0000001, 3.0, -1.0, -2.0])
@pytest.mark.parametrize("share", SHARES)
def test_vectors_on_one_line_are_mixed_along_it(times, share):
    a = torch.randn(4, 6)
    torch.testing.assert_close(slerp(a, times * a, share), (1 - share) * a + share * times * a, rtol=1e-5, atol=1e-6)


def test_each_row_turns_by_its_own_angle():
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    b = torch.tensor([[0.0, 1.0], [math.cos(0.4), math.sin(0.4)]])
    expected = [[math.cos(math.pi / 4), math.sin(math.pi / 4)], [math.cos(0.2), math.sin(0.2)]]
    torch.testing.assert_close(slerp(a, b, 0.5), torch.tensor(expected))


def test_a_latent_model_goes_along_the_arc_of_its_own_vectors():
    space = Space((2,), levels=256)
    a, b = torch.tensor([[255, 128]]), torch.tensor([[128, 255]])
    path = Slerp().lift(Turned(), space).between(a, b, 3)
    assert path.dtype == torch.int64
    # In z the ends are 12.75 away from the middle of all levels, at right angles; so is what lies halfway.
    halfway = round(127.5 + 127.5 / math.sqrt(2))
    assert path[0].tolist() == [[255, 128], [halfway, halfway], [128, 255]]


def test_the_ends_are_those_that_the_model_rebuilds():
    space = Space((2,), levels=256)
    a, b = torch.tensor([[100, 20]]), torch.tensor([[7, 250]])
    path = Slerp().lift(Turned(offset=3.4), space).between(a, b, 5)
    assert path[0, 0].tolist() == [103, 23]
    assert path[0, -1].tolist() == [10, 253]


def test_what_is_rendered_beyond_the_levels_is_kept_in_range():
    path = Slerp().lift(Turned(offset=600), Space((2,), levels=256)).between(*torch.randint(256, (2, 9, 2)), 3)
    assert path.max() == path.min() == 255


def test_real_numbers_are_not_rounded():
    model = Turned(levels=None)
    path = (
        Slerp().lift(model, Space((2,), levels=None)).between(torch.tensor([[1.5, 0.0]]), torch.tensor([[0, 1.5]]), 3)
    )
    assert path.dtype == torch.float32
    torch.testing.assert_close(path[0, 1], torch.tensor([1.5 / math.sqrt(2)] * 2))
