"""The weights of a TorchScript module, which lacks some of what other modules have, are saved and come back."""

from pathlib import Path

import pytest
import torch
from torch import nn

from genbench.errors import GenbenchError
from genbench.store.weights import load_weights, save_weights

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")


class Scripted(nn.Module):
    """Parameters, and the buffers of a normalisation, in TorchScript."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        net = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width)).eval()
        self.net = torch.jit.trace(net, torch.zeros(4, 2))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


def test_parameters_and_buffers_come_back(file: Path) -> None:
    fitted, fresh = Scripted(), Scripted()
    for value in fitted.state_dict().values():
        value.fill_(2)
    save_weights(fitted, file)
    load_weights(fresh, file)
    assert all((value == 2).all() for value in fresh.state_dict().values())
    # y = (2 Σx + 2 - 2) / √(2 + ε) · 2 + 2: what runs are these weights, not copies beside them.
    assert torch.allclose(fresh.net(torch.ones(4, 2)), torch.tensor(4 / (2 + 1e-5) ** 0.5 * 2 + 2))


def test_a_parameter_of_another_shape_is_refused(file: Path) -> None:
    save_weights(Scripted(4), file)
    with pytest.raises(GenbenchError, match=r"parameter net\.0\.\w+ is "):
        load_weights(Scripted(3), file)
