import pytest
import torch
from genbench_logit import Logit


@pytest.mark.parametrize("levels", [1, 2, 17, 256])
def test_the_inverse_undoes_the_logit_and_its_slope_is_the_derivative(levels):
    logit = Logit(levels, 0.05)
    v = (levels * torch.rand(3, 1, 2, 2, dtype=torch.float64)).requires_grad_()
    y, log_det = logit(v)
    torch.testing.assert_close(logit.inverse(y), v)  # float64, rounding alone
    slope = torch.autograd.grad(y.sum(), v)[0]
    torch.testing.assert_close(log_det, slope.log().flatten(1).sum(1))


def test_every_number_within_the_width_of_a_level_becomes_that_level_and_its_middle_shows_it():
    logit, x = Logit(17, 0.05), torch.arange(17).view(1, 1, 17, 1)
    for u in (0.01, 0.5, 0.99):
        assert torch.equal(logit.integers(logit(x + u)[0]), x)
    torch.testing.assert_close(logit.shown(logit(x + 0.5)[0]), x.float(), atol=1e-4, rtol=0)  # float32 of 17 levels


def test_what_lies_beyond_the_cube_is_its_nearest_level():
    y = torch.tensor([-50.0, 50.0]).view(2, 1, 1, 1)
    assert Logit(5, 0.05).integers(y).flatten().tolist() == [0, 4]
    assert Logit(5, 0.05).shown(y).flatten().tolist() == [0.0, 4.0]


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_the_first_level_is_as_wide_as_the_logit_of_few_levels_makes_it(levels):
    """However many levels there are: else a flow has to tell those of a dark background apart."""
    y, _ = Logit(levels, 0.05)(torch.tensor([0.0, 1.0]).view(2, 1, 1, 1))
    assert y[1] - y[0] > 0.7
