"""Accounting: network evaluations and floating-point operations are counted and not declared."""

import pytest
import torch
from torch import Tensor, nn

from genbench.workers.untrusted.accounting import accounted


class Sampler(nn.Module):
    """`steps` calls of a trunk of two layers, then one of a head: as many diffusion samplers do."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
        self.head = nn.Linear(4, 2)
        self.gain = nn.Parameter(torch.ones(()))

    def draw(self, n: int) -> Tensor:
        x = torch.ones(n, 4)
        with torch.no_grad():
            for _ in range(self.steps):
                x = self.trunk(x) * self.gain
            return self.head(x)


@pytest.mark.parametrize("steps", [1, 25])
@pytest.mark.parametrize("n", [1, 6])
def test_the_layers_that_run_most_often_are_counted_per_call_and_the_operations_per_sample(steps, n):
    sampler = Sampler(steps)
    # A matrix product [n, a] x [a, b] takes 2 n a b operations; biases and activations are not counted.
    assert accounted(sampler, lambda: sampler.draw(n), n) == (steps, steps * 2 * (4 * 8 + 8 * 4) + 2 * 4 * 2)


def test_a_module_without_layers_has_neither_evaluations_nor_operations():
    module = nn.Module()
    module.weight = nn.Parameter(torch.ones(3))
    assert accounted(module, lambda: torch.zeros(2, 3), 2) == (None, None)


def test_a_layer_called_as_a_function_is_an_operation_and_no_evaluation():
    module = nn.Module()
    module.layer = nn.Linear(4, 8, bias=False)
    assert accounted(module, lambda: torch.ones(2, 4) @ module.layer.weight.detach().T, 2) == (None, 2 * 4 * 8)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
def test_a_torchscript_module_is_counted_as_a_whole():
    module = nn.Module()
    module.net = torch.jit.trace(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), torch.ones(1, 4))
    with torch.no_grad():
        found = accounted(module, lambda: [module.net(torch.ones(2, 4)) for _ in range(3)], 6)
    assert found == (3, 2 * 4 * 8)


def test_nothing_is_counted_any_more_once_it_is_over_however_it_ended():
    sampler = Sampler(2)
    with pytest.raises(ZeroDivisionError):
        accounted(sampler, lambda: sampler.draw(1 // 0), 1)
    assert not any(module._forward_hooks for module in sampler.modules())
    assert accounted(sampler, lambda: sampler.draw(1), 1)[0] == 2


class Picked(nn.Module):
    """Each step has a network of its own."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nn.Sequential(nn.Linear(4, 4)) for _ in range(steps))

    def forward(self, x: Tensor, step: int) -> Tensor:
        return self.nets[step](x)


def test_networks_of_which_each_step_picks_another_one_are_counted_together():
    module = nn.Module()
    module.net = Picked(8)
    with torch.no_grad():
        assert accounted(module, lambda: [module.net(torch.ones(2, 4), step) for step in range(8)], 2)[0] == 8
        assert accounted(module, lambda: module.net(torch.ones(2, 4), 3), 2)[0] == 1
