"""Every first-party model that trains for long goes on from a checkpoint and ends with the same weights."""

import pytest
import torch
from genbench_ddgan import DDGAN
from genbench_ddpm import DDPM
from genbench_flow_matching import FlowMatching
from genbench_gan import GAN
from genbench_pixelcnn import PixelCNN
from genbench_realnvp import RealNVP
from genbench_vae import VAE

from genbench.contracts.training import TrainingData
from genbench.store.checkpoints import FolderKeeper

BATCH, BATCHES, KILLED_AFTER = 16, 30, 17


class Killed(BaseException):
    """Ends a fit between two batches."""


def _fitted(cls, data: TrainingData, folder, killed: bool) -> torch.nn.Module:
    def report(images: int, share: float) -> None:
        if killed and images > KILLED_AFTER * BATCH:
            raise Killed

    torch.manual_seed(3)
    model = cls(data.space, batch=BATCH, width=8)
    told = (data.space, data.train, data.valid, BATCH * BATCHES)
    model.fit(TrainingData(*told, seed=1, report=report, keeper=FolderKeeper(folder, 0)))
    return model


@pytest.mark.parametrize("cls", [DDGAN, DDPM, FlowMatching, GAN, PixelCNN, RealNVP, VAE])
def test_a_killed_fit_ends_with_the_weights_of_an_undisturbed_one(cls, digits, tmp_path):
    data = digits(BATCH * BATCHES)
    whole = _fitted(cls, data, tmp_path / "undisturbed", killed=False)
    with pytest.raises(Killed):
        _fitted(cls, data, tmp_path / "resume", killed=True)
    resumed = _fitted(cls, data, tmp_path / "resume", killed=False)
    states = whole.state_dict(), resumed.state_dict()
    assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []
