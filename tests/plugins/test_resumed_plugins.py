"""Every first-party model that trains for long goes on from a checkpoint and ends with the same weights."""

import importlib
import inspect

import numpy as np
import pytest
import torch

from genbench.contracts.training import TrainingData
from genbench.store.checkpoints import FolderKeeper

pytestmark = pytest.mark.slow

BATCH, BATCHES, KILLED_AFTER = 16, 30, 17
LARGEST_BATCH = 128  # of a model that has no such setting
MODELS = {  # module → class; those that train in stages have a test of their own
    "genbench_ddgan": "DDGAN",
    "genbench_ddpm": "DDPM",
    "genbench_edm": "EDM",
    "genbench_flow_matching": "FlowMatching",
    "genbench_gan": "GAN",
    "genbench_glow": "Glow",
    "genbench_image_transformer": "ImageTransformer",
    "genbench_masked_diffusion": "MaskedDiffusion",
    "genbench_meanflow": "MeanFlow",
    "genbench_ncsn": "NCSN",
    "genbench_pixelcnn": "PixelCNN",
    "genbench_pixelrnn": "PixelRNN",
    "genbench_realnvp": "RealNVP",
    "genbench_score_sde": "ScoreSDE",
    "genbench_srgan": "SRGAN",
    "genbench_torchcfm": "TorchCFM",
    "genbench_vae": "VAE",
    "genbench_zuko_spline_flow": "ZukoSplineFlow",
}


class Killed(BaseException):
    """Ends a fit between two batches."""


def _fitted(cls, data: TrainingData, folder, killed: bool) -> torch.nn.Module:
    given = {"batch": BATCH} if "batch" in inspect.signature(cls).parameters else {}
    batch = BATCH if given else LARGEST_BATCH

    def report(images: int, share: float) -> None:
        if killed and images > KILLED_AFTER * batch:
            raise Killed

    torch.manual_seed(3)
    np.random.seed(3)  # of it torchcfm draws its pairs
    model = cls(data.space, width=8, **given)
    told = (data.space, data.train, data.valid, batch * BATCHES)
    model.fit(TrainingData(*told, seed=1, report=report, keeper=FolderKeeper(folder, 0)))
    return model


@pytest.mark.parametrize("module", sorted(MODELS))
def test_a_killed_fit_ends_with_the_weights_of_an_undisturbed_one(module, digits, tmp_path):
    cls, data = getattr(importlib.import_module(module), MODELS[module]), digits(BATCH * BATCHES)
    whole = _fitted(cls, data, tmp_path / "undisturbed", killed=False)
    with pytest.raises(Killed):
        _fitted(cls, data, tmp_path / "resume", killed=True)
    resumed = _fitted(cls, data, tmp_path / "resume", killed=False)
    states = whole.state_dict(), resumed.state_dict()
    assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []
