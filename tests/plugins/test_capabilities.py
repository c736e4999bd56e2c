"""What the first-party models can be asked for besides samples, each held against what its type promises."""

import pytest
import torch
from genbench_autoencoder import Autoencoder
from genbench_ddpm import DDPM
from genbench_flow_matching import FlowMatching
from genbench_gan import GAN
from genbench_realnvp import RealNVP
from genbench_vae import VAE

import genbench
from genbench.builtin.solvers.ddim_slerp import DdimSlerp
from genbench.builtin.solvers.ho_t import HoT
from genbench.builtin.solvers.slerp import Slerp

SMALL = {
    VAE: {"width": 16, "batch": 64},
    RealNVP: {"width": 16, "batch": 64},
    GAN: {"width": 16, "batch": 32},
    FlowMatching: {"width": 8, "depth": 1},
    Autoencoder: {},
    DDPM: {"steps": 50, "width": 8, "depth": 1},
}
IMAGES = {VAE: 10_000, RealNVP: 3_000, GAN: 3_000, FlowMatching: 6_000, Autoencoder: 10_000, DDPM: 8_000}
DECODERS, LATENTS = (VAE, RealNVP, GAN, FlowMatching, Autoencoder), (VAE, RealNVP, FlowMatching, Autoencoder)


@pytest.fixture(scope="module")
def models(digits):
    """Each class after a short fit on the digits."""
    fitted = {}
    for cls, settings in SMALL.items():
        torch.manual_seed(0)
        data = digits(IMAGES[cls])
        fitted[cls] = cls(data.space, **settings)
        fitted[cls].fit(data)
        fitted[cls].eval()
    return fitted


@pytest.fixture(scope="module")
def x(digits):
    return digits(1).valid.x[:60]


def test_the_capabilities_of_each_model_are_read_from_its_type():
    kinds = (genbench.Encoder, genbench.Decoder, genbench.Denoiser)
    held = {cls: [kind.__name__ for kind in kinds if issubclass(cls, kind)] for cls in SMALL}
    both = ["Encoder", "Decoder"]
    assert held == dict.fromkeys(LATENTS, both) | {GAN: ["Decoder"], DDPM: ["Denoiser"]}


@pytest.mark.parametrize("cls", DECODERS)
def test_rendering_gives_numbers_in_levels_that_are_not_rounded(cls, models):
    z = torch.randn(20, models[cls].latent_dim)
    with torch.no_grad():
        shown = models[cls].render(z)
        assert torch.equal(models[cls].render(z), shown)
    assert shown.shape == (20, 1, 8, 8)
    assert shown.dtype == torch.float32
    assert shown.min() >= 0
    assert shown.max() <= 16
    assert (shown != shown.round()).any()


@pytest.mark.parametrize("cls", DECODERS)
def test_gradients_pass_through_rendering(cls, models):
    """A step against the gradient brings the rendering nearer to a target, as inversion needs it."""
    target = models[cls].render(torch.randn(8, models[cls].latent_dim)).detach()
    z = torch.randn(8, models[cls].latent_dim, requires_grad=True)
    loss = (models[cls].render(z) - target).square().mean()
    (gradient,) = torch.autograd.grad(loss, z)
    assert (gradient.flatten(1).norm(dim=1) > 0).all()
    nearer = z - 0.01 * gradient / gradient.norm(dim=1, keepdim=True)
    assert (models[cls].render(nearer) - target).square().mean() < loss


@pytest.mark.parametrize("cls", DECODERS)
def test_renderings_of_the_prior_look_like_samples(cls, models):
    """Their mean image is that of samples, up to what some hundred of each differ by."""
    with torch.no_grad():
        torch.manual_seed(1)
        shown = models[cls].render(torch.randn(400, models[cls].latent_dim)).mean(0)
        samples = models[cls].sample(400, **list(cls.samplers.values())[-1]).float().mean(0)
    assert (shown - samples).abs().mean() < 0.5  # pixels vary by 4: 0.3 is the standard error of such a difference


def test_what_a_sampler_without_pixel_noise_draws_is_a_rounded_rendering(models):
    with torch.no_grad():
        for cls, settings in ((VAE, {"noise": False}), (GAN, {}), (FlowMatching, {}), (Autoencoder, {})):
            torch.manual_seed(3)
            drawn = models[cls].sample(9, **settings)
            torch.manual_seed(3)
            assert torch.equal(models[cls].render(torch.randn(9, models[cls].latent_dim)).round().long(), drawn)


@pytest.mark.parametrize("cls", LATENTS)
def test_a_code_rebuilds_its_own_image_better_than_any_other(cls, models, x):
    with torch.no_grad():
        z = models[cls].encode(x)
        assert z.shape == (len(x), models[cls].latent_dim)
        assert z.dtype == torch.float32
        rebuilt = models[cls].render(z)
    own = (rebuilt - x).square().mean()
    assert own < 0.6 * (rebuilt.roll(1, 0) - x).square().mean()
    assert own < (x.float().mean(0) - x).square().mean()  # the best that knows no image


def test_noise_levels_rise_and_are_those_of_the_schedule(models):
    sigmas = models[DDPM].sigmas
    assert sigmas.shape == (50,)
    assert (sigmas.diff() > 0).all()
    assert sigmas[0] > 0
    # x_t = √α_bar x + √(1 - α_bar) ε, so that x_t / √α_bar has this noise. α_bar is float32 and near 1 at first.
    alpha_bar = models[DDPM].alpha_bar[1:]
    torch.testing.assert_close(sigmas, (1 - alpha_bar).sqrt() / alpha_bar.sqrt(), rtol=1e-4, atol=0)


def test_denoising_is_the_step_that_sampling_takes(models):
    model = models[DDPM]
    x_t = torch.randn(7, 1, 8, 8)
    with torch.no_grad():
        for t in (1, 20, 50):
            sigma = model.sigmas[t - 1].expand(7)
            found = model.denoise(x_t / model.alpha_bar[t].sqrt(), sigma)
            # At t = T x_t is divided by √α_bar = 0.006, which takes float32 two of its digits.
            torch.testing.assert_close(found, model.reverse(x_t, t)[0], rtol=0, atol=2e-3)


def test_denoising_little_noise_changes_little_and_more_noise_brings_the_mean_nearer(models, x, digits):
    model, clean = models[DDPM], models[DDPM].scaled(x)
    mean = model.scaled(digits(1).train.x[:]).mean(0)
    changed, apart = [], []
    torch.manual_seed(0)
    with torch.no_grad():
        for sigma in model.sigmas[[0, 10, 25]]:  # 0.05 to 1.1
            noised = clean + sigma * torch.randn_like(clean)
            found = model.denoise(noised, sigma.expand(len(clean)))
            changed.append((found - noised).square().mean().sqrt().item())
            apart.append((found - mean).square().mean().sqrt().item())
            assert (found - clean).square().mean().sqrt() < sigma  # better than nothing done
    assert changed[0] < 0.05 < changed[1] < changed[2]
    assert apart[2] < apart[1] < apart[0]


def test_with_the_right_v_the_posterior_mean_comes_out_the_mean_itself_at_the_highest_level():
    """Data N(0.3, 0.2²): E[x | x_σ] = (0.04 x_σ + 0.3 σ²) / (0.04 + σ²)."""
    model = DDPM(genbench.Space((1, 2, 2), levels=4), steps=20, width=8, depth=1).double()
    x = torch.linspace(-0.5, 0.9, 8, dtype=torch.float64).view(2, 1, 2, 2)

    def posterior_mean(noised, sigma):
        return (0.04 * noised + 0.3 * sigma**2) / (0.04 + sigma**2)

    def v(x_t, share, label=None):
        alpha_bar = model.alpha_bar[(share * model.steps).round().long()].view(-1, 1, 1, 1)
        noised, sigma = x_t / alpha_bar.sqrt(), (1 / alpha_bar - 1).sqrt()
        return (alpha_bar.sqrt() * x_t - posterior_mean(noised, sigma)) / (1 - alpha_bar).sqrt()

    model.net.forward = v
    for sigma in model.sigmas:
        found = model.denoise(x, sigma.expand(2))
        # The buffers were float32, and the highest level, 158, leaves three digits of what is near 0.3.
        torch.testing.assert_close(found, posterior_mean(x, sigma), rtol=0, atol=1e-4)
    torch.testing.assert_close(found, torch.full_like(x, 0.3), rtol=0, atol=1e-4)


def test_each_row_is_denoised_at_a_level_of_its_own_and_between_levels_too(models, x):
    model, noised = models[DDPM], models[DDPM].scaled(x[:3])
    sigma = torch.stack([model.sigmas[0], (model.sigmas[10] * model.sigmas[11]).sqrt(), model.sigmas[49]])
    with torch.no_grad():
        found = model.denoise(noised, sigma)
        for row in range(3):
            alone = model.denoise(noised[row : row + 1], sigma[row : row + 1])
            torch.testing.assert_close(found[row : row + 1], alone, rtol=0, atol=1e-4)
    assert found.isfinite().all()


@pytest.mark.parametrize(
    ("solver", "cls"),
    [(Slerp(), VAE), (Slerp(), RealNVP), (DdimSlerp(steps=10), DDPM), (HoT(t=0.2, steps=5), DDPM)],
    ids=["vae/slerp", "realnvp/slerp", "ddpm/ddim-slerp", "ddpm/ho-t"],
)
def test_every_solver_connects_images_by_a_first_party_model(solver, cls, models, x):
    assert issubclass(cls, solver.lifts)
    able = solver.lift(models[cls], models[cls].space)
    assert isinstance(able, solver.to)
    a, b = x[:30], x[30:60]
    with torch.no_grad():
        path = able.between(a, b, 5)
    assert path.shape == (30, 5, 1, 8, 8)
    assert path.dtype == torch.int64
    assert 0 <= path.min() <= path.max() <= 16
    apart = (a - b).float().square().mean().sqrt()
    for i, end in ((0, a), (-1, b)):
        assert (path[:, i] - end).float().square().mean().sqrt() < 0.65 * apart  # the mean of the data would have 0.71
