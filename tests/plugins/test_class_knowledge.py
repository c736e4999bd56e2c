"""What the first-party models know of classes: their densities and denoisers given one, and what follows of it."""

import numpy as np
import pytest
import torch
from genbench_class_gaussians import ClassGaussians
from genbench_ddpm import DDPM
from genbench_glow import Glow
from genbench_hierarchical_vae import HierarchicalVAE
from genbench_image_transformer import ImageTransformer
from genbench_masked_diffusion import MaskedDiffusion
from genbench_pixelcnn import PixelCNN
from genbench_pixelrnn import PixelRNN
from genbench_realnvp import RealNVP
from genbench_score_sde import ScoreSDE
from genbench_vae import VAE
from scipy.stats import multivariate_normal

import genbench
from genbench.builtin.solvers.bayes import Bayes
from genbench.builtin.solvers.diffusion_classifier import DiffusionClassifier
from genbench.workers.untrusted import class_promises
from genbench.workers.untrusted.promises import Asked

SMALL = {
    PixelCNN: {"width": 8, "layers": 1},
    PixelRNN: {"width": 8, "layers": 1},
    ImageTransformer: {"width": 8, "layers": 1},
    ScoreSDE: {"width": 8, "depth": 1, "steps": 2},
    MaskedDiffusion: {"width": 8, "depth": 1, "steps": 4},
    RealNVP: {"width": 8, "draws": 2},
    VAE: {"width": 8, "draws": 4},
    Glow: {"width": 8, "steps": 2, "draws": 2, "dequantisation": "uniform"},
    HierarchicalVAE: {"width": 16, "depth": 1, "draws": 4},
    DDPM: {"steps": 10, "width": 8, "depth": 1},
}
IMAGES = {VAE: 6_000, DDPM: 6_000}  # of those that are fitted: they learn the fastest of all


@pytest.fixture(scope="module")
def models(digits):
    """Each class; some after a short fit on the digits."""
    made = {}
    for cls, settings in SMALL.items():
        torch.manual_seed(0)
        data = digits(IMAGES.get(cls, 1))
        made[cls] = cls(data.space, **settings)
        if cls in IMAGES:
            made[cls].fit(data)
        made[cls].eval()
    return made


@pytest.fixture(scope="module")
def valid(digits):
    split = digits(1).valid
    return split.x[:40], split.y[:40]


@pytest.mark.parametrize("cls", SMALL)
def test_each_keeps_the_promises_of_its_types(cls, models, valid):
    asked = Asked(models[cls], models[cls].space, valid[0][:6])
    with torch.no_grad():
        assert "10 classes" in class_promises.conditional_density(asked)
        if issubclass(cls, genbench.ConditionalDenoiser):
            assert "10 classes" in class_promises.conditional_denoiser(asked)
    assert models[cls].class_prior.sum() == pytest.approx(1)


@pytest.mark.parametrize("cls", [PixelCNN, PixelRNN, ImageTransformer, ScoreSDE, MaskedDiffusion, DDPM])
def test_each_row_is_told_under_its_own_class(cls, valid):
    torch.manual_seed(0)
    model = cls(genbench.Space((1, 8, 8), levels=17, classes=10), **SMALL[cls]).eval()
    x, y = valid[0][:5], torch.arange(5)

    def told(labels):
        torch.manual_seed(1)  # a bound and an estimate draw
        return model.log_prob(x, labels=labels)

    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
        every = torch.stack([told(torch.full((5,), k)) for k in range(10)], dim=1)  # [N, classes]
        torch.testing.assert_close(told(y), every.gather(1, y[:, None]).squeeze(1), rtol=1e-4, atol=0)  # float32
    assert (every.std(1) > 1e-3).all()


@pytest.mark.parametrize("cls", IMAGES)
def test_bayes_tells_classes_apart_by_each(cls, models, valid):
    x, y = valid
    torch.manual_seed(0)
    with torch.no_grad():
        called = Bayes().lift(models[cls], models[cls].space).posterior(x).argmax(1)
    assert (called == y).double().mean() > 0.3  # .1 is what nothing knows


def test_a_diffusion_model_tells_classes_apart_by_its_errors(models, valid):
    x, y = valid
    solver = DiffusionClassifier(steps=10, draws=2)
    torch.manual_seed(0)
    with torch.no_grad():
        called = solver.lift(models[DDPM], models[DDPM].space).posterior(x).argmax(1)
    assert (called == y).double().mean() > 0.3


def test_without_labels_a_denoiser_says_what_it_said(models, valid):
    model, x = models[DDPM], models[DDPM].scaled(valid[0])
    sigma = model.sigmas[5].expand(len(x))
    with torch.no_grad():
        blind, told = model.denoise(x, sigma), model.denoise(x, sigma, labels=valid[1])
    assert not torch.equal(blind, told)


def test_discriminant_analysis_is_the_exact_posterior_of_its_gaussians(digits):
    data = digits(1)
    model = ClassGaussians(data.space)
    model.fit(data)
    x = data.valid.x[:20]
    nats = [
        multivariate_normal(mu, tril @ tril.T).logpdf(x.flatten(1).numpy()) + np.log(share)
        for mu, tril, share in zip(
            model.mu.double().numpy(), model.scale_tril.double().numpy(), model.share.numpy(), strict=True
        )
    ]
    expected = torch.tensor(np.stack(nats, axis=1)).log_softmax(1)
    torch.testing.assert_close(model.posterior(x).log_softmax(1), expected, rtol=0, atol=1e-4)
    called = model.posterior(data.valid.x[:]).argmax(1)
    assert (called == data.valid.y[:]).double().mean() > 0.93


def test_models_of_data_without_classes_go_on_as_before():
    space = genbench.Space((1, 8, 8), levels=17)
    torch.manual_seed(0)
    for cls, settings in SMALL.items():
        model = cls(space, **settings).eval()
        with torch.no_grad():
            assert model.log_prob(torch.randint(17, (3, 1, 8, 8))).shape == (3,)
