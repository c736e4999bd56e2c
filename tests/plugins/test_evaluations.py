"""Presets ask their network as often as their docstrings say: NFE is what a board's speeds are explained by."""

import pytest
import torch
from genbench_ddpm import DDPM
from genbench_flow_matching import FlowMatching
from genbench_gan import GAN
from genbench_latent_diffusion import LatentDiffusion
from genbench_masked_diffusion import MaskedDiffusion
from genbench_realnvp import RealNVP
from genbench_vae import VAE

import genbench

PRESETS = [
    (DDPM, "ddpm", 100),
    (DDPM, "ddim-25", 25),
    (DDPM, "dpm-10", 10),
    (DDPM, "guided-10", 20),
    (FlowMatching, "euler-20", 20),
    (FlowMatching, "midpoint-20", 40),
    (MaskedDiffusion, "ancestral", 64),
    (MaskedDiffusion, "parallel-16", 16),
    (MaskedDiffusion, "parallel-8", 8),
    (LatentDiffusion, "ddim-25", 25),
    (LatentDiffusion, "ddpm-100", 100),
]


@pytest.mark.parametrize(("cls", "preset", "evaluations"), PRESETS)
def test_presets_ask_the_network_as_often_as_they_say(cls, preset, evaluations):
    small = {"prior_width": 8, "prior_depth": 1} if cls is LatentDiffusion else {"width": 8, "depth": 1}
    model, asked = cls(genbench.Space((1, 8, 8), levels=4, classes=2), **small).eval(), []
    model.get_submodule("prior" if cls is LatentDiffusion else "net").register_forward_hook(lambda *_: asked.append(1))
    with torch.no_grad():
        model.sample(2, **cls.samplers[preset])
    assert len(asked) == evaluations


@pytest.mark.parametrize(("cls", "part"), [(VAE, "net"), (RealNVP, "f"), (GAN, "G")])
def test_one_step_models_ask_theirs_once(cls, part):
    model, asked = cls(genbench.Space((1, 8, 8), levels=4, classes=2), width=8).eval(), []
    whole = model.get_submodule(part)
    last = [own for own in whole.modules() if isinstance(own, torch.nn.Conv2d)][-1]
    last.register_forward_hook(lambda *_: asked.append(1))
    with torch.no_grad():
        model.sample(2)
    assert len(asked) == 1
