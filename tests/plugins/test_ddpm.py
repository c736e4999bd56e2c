import itertools
import math

import pytest
import torch
from genbench_ddpm import DDPM, remaining_signal

import genbench

TINY = genbench.Space((1, 2, 2), levels=4)
SMALL = {"width": 8, "depth": 1, "steps": 20}
KINDS = list(itertools.product(["cosine", "linear"], ["fitted", "posterior", "beta"]))


def scrambled(space, **settings):
    """A float64 model whose zero-initialised layers got random weights."""
    model = DDPM(space, **{**SMALL, **settings}).double().eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("steps", [2, 20, 250, 4000])
def test_the_signal_falls_from_all_to_almost_nothing(schedule, steps):
    alpha_bar = remaining_signal(schedule, steps, first=0.01)
    assert alpha_bar[0] == 1
    assert alpha_bar[1].item() == pytest.approx(0.99)
    assert (alpha_bar.diff() < 0).all()
    assert 0 < alpha_bar[-1] < 2e-3


def test_x_t_has_the_moments_of_a_chain_of_single_steps():
    """x_t = √(1 - β_t) x_{t-1} + √β_t ε, applied t times to 0.8, eq. 2, against `diffused`, eq. 4."""
    model = DDPM(TINY, **SMALL)
    t, x_0 = 9, torch.full((200_000, 1, 1, 1), 0.8)
    chain = x_0
    for beta in model.beta[1 : t + 1]:
        chain = (1 - beta).sqrt() * chain + beta.sqrt() * torch.randn_like(chain)
    direct = model.diffused(x_0, t, torch.randn_like(x_0))
    # Four standard errors of the difference of two means, and of two standard deviations, of 200,000 draws.
    assert direct.mean().item() == pytest.approx(chain.mean().item(), abs=4 * (2 / 200_000) ** 0.5)
    assert direct.std().item() == pytest.approx(chain.std().item(), abs=4 * (1 / 200_000) ** 0.5)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_the_posterior_is_that_of_bayes(schedule):
    """q(x_{t-1} | x_t, x_0) ∝ q(x_t | x_{t-1}) q(x_{t-1} | x_0), on a fine grid of x_{t-1}."""
    model = DDPM(TINY, **{**SMALL, "schedule": schedule}).double()
    grid = torch.linspace(-8, 8, 160_001, dtype=torch.float64)
    x_0, x_t = torch.tensor(0.4, dtype=torch.float64), torch.tensor(-0.7, dtype=torch.float64)
    for t in (2, 7, 20):
        beta, before = model.beta[t], model.alpha_bar[t - 1]
        step = (x_t - (1 - beta).sqrt() * grid).square() / beta
        log_q = -(step + (grid - before.sqrt() * x_0).square() / (1 - before)) / 2
        q = log_q.softmax(0)
        mean = (q * grid).sum()
        # The buffers are float32: six digits.
        assert model.posterior_mean(x_0, x_t, t).item() == pytest.approx(mean.item(), abs=1e-5)
        assert model.posterior[t].item() == pytest.approx((q * (grid - mean).square()).sum().item(), rel=1e-4)


@pytest.mark.parametrize("levels", [2, 3, 17, 256])
@pytest.mark.parametrize("mean", [-1.0, -0.98, 0.3, 1.0])
def test_the_decoder_is_a_distribution_over_the_levels(levels, mean):
    model = DDPM(genbench.Space((1, 1, 1), levels=levels), **SMALL).double()
    x_0 = model.scaled(torch.arange(levels)).double()
    log_p = model.decoded(x_0, torch.full_like(x_0, mean))
    assert log_p.isfinite().all()
    # x_0 is float32: the edges of the levels meet to seven digits.
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert (x_0[log_p.argmax()] - mean).abs() < 1.01 * model.half_gap


def test_integers_survive_the_scaling():
    for levels in (2, 4, 17, 256):
        model = DDPM(genbench.Space((1, 2, 2), levels=levels), **SMALL)
        x = torch.arange(levels)
        assert torch.equal(model.integers(model.scaled(x)), x)


def test_the_terms_at_t_are_the_divergence_of_two_gaussians():
    model = scrambled(TINY, variance="beta")
    x_0 = model.scaled(torch.randint(4, (5, 1, 2, 2))).double()
    for t in (2, 10, 20):
        torch.manual_seed(t)
        nats = model.step_nats(x_0, t)
        torch.manual_seed(t)
        x_t = model.diffused(x_0, t, torch.randn_like(x_0))
        q = torch.distributions.Normal(model.posterior_mean(x_0, x_t, t), model.posterior[t].sqrt())
        p = torch.distributions.Normal(model.posterior_mean(model.predicted(x_t, t), x_t, t), model.sigma2[t].sqrt())
        assert torch.allclose(nats, torch.distributions.kl_divergence(q, p), rtol=1e-9)


@pytest.mark.parametrize(("schedule", "variance"), KINDS)
def test_the_bound_never_gives_all_images_more_than_one(schedule, variance, ramps):
    model = DDPM(TINY, **{**DDPM.audit_settings, "schedule": schedule, "variance": variance})
    model.fit(ramps(TINY, 6000))
    x = torch.tensor(list(itertools.product(range(4), repeat=4))).view(-1, 1, 2, 2)
    with torch.no_grad():
        nats = model.eval().log_prob(x).double()
    assert nats.exp().sum().item() <= 1 + 1e-3
    assert nats.exp().sum().item() > 0.1  # and is no empty bound
    assert nats.max() > math.log(3 / 256)  # it has learnt: far from uniform


def knowing(space, images, **settings):
    """A model whose network knows the only image of each class [classes, C, H, W]: x_0 is always told right."""
    model = DDPM(space, **settings).eval()

    def v_of_images(x_t, share, label=None):
        x_0 = model.scaled(images)[torch.zeros(1, dtype=torch.long) if label is None else label]
        alpha_bar = model.alpha_bar[(model.steps * share).round().long()].view(-1, 1, 1, 1)
        return (alpha_bar.sqrt() * x_t - x_0) / (1 - alpha_bar).sqrt()

    model.net.forward = v_of_images
    return model


def test_the_bound_of_a_model_that_knows_the_only_image_is_near_zero_and_else_far_below():
    """With x_0 predicted right every KL divergence but that of σ_t² is nothing, and L_T is small."""
    x = torch.tensor([[[[0, 1], [1, 0]]]])
    model = knowing(genbench.Space((1, 2, 2), levels=2), x, steps=50)
    assert model.log_prob(x).item() == pytest.approx(0, abs=5e-3)
    assert model.log_prob(1 - x).item() < -20


def test_the_bound_of_a_model_that_knows_the_image_of_each_class_is_the_probability_of_the_class():
    x = torch.tensor([[[[0, 1], [1, 0]]], [[[1, 1], [1, 0]]], [[[0, 0], [0, 0]]]])
    model = knowing(genbench.Space((1, 2, 2), levels=2, classes=3), x, steps=50)
    model.net.share.copy_(torch.tensor([0.2, 0.8, 0.0]))
    times = torch.tensor([10, 25, 40])
    assert model.net.likeliest(model.scaled(x[[1, 0, 1]]), times, model.error).tolist() == [1, 0, 1]
    assert model.log_prob(x[:2]).exp().tolist() == pytest.approx([0.2, 0.8], abs=5e-3)
    assert model.log_prob(x[2:]).item() < -20  # no sample is of a class that was never seen
    for sampler in DDPM.samplers.values():
        assert torch.equal(model.sample(4, labels=torch.tensor([2, 0, 1, 1]), **sampler), x[[2, 0, 1, 1]])
        drawn = model.sample(400, **sampler)
        share = (drawn == x[1]).flatten(1).all(1).float().mean().item()
        assert share == pytest.approx(0.8, abs=4 * (0.16 / 400) ** 0.5)  # four standard errors


def test_the_fitted_variance_is_that_around_the_predicted_mean_and_makes_the_bound_higher():
    """Data N(0.1, 0.3²) of which the network only knows the mean: p_θ(x_{t-1} | x_t) has 0.3² more of x_0 in it."""
    model, x_0 = DDPM(genbench.Space((1, 2, 2), levels=256), steps=20).eval(), 0.1 + 0.3 * torch.randn(20_000, 1, 2, 2)
    x = model.integers(x_0)
    model.predicted = lambda x_t, t, label=None: torch.full_like(x_t, 0.1)
    before = model.log_prob(x[:500]).mean()
    model.fit_variance(x, None)
    for t in (2, 10, 20):
        share = model.alpha_bar[t - 1].sqrt() * model.beta[t] / (1 - model.alpha_bar[t])  # of x_0 in eq. 7
        wanted = (model.posterior[t] + (0.3 * share).square()).expand(1, 2, 2)
        torch.testing.assert_close(model.sigma2[t], wanted, rtol=0.06, atol=0)  # four errors of 20,000 squares: 4 %
    assert model.log_prob(x[:500]).mean() > before


def test_an_untrained_model_is_worse_than_uniform():
    model = DDPM(genbench.Space((1, 4, 4), levels=17), **SMALL).eval()
    with torch.no_grad():
        bits = -model.log_prob(torch.randint(17, (64, 1, 4, 4))).mean() / 16 / math.log(2)
    assert bits > math.log2(17)


def test_ddim_is_a_function_of_its_starting_noise_and_ddpm_is_not():
    model = scrambled(TINY).float()
    x_t = torch.randn(50, 1, 2, 2)
    for steps in (1, 7, 20, 25):
        assert torch.equal(model.implicit(x_t, steps), model.implicit(x_t, steps))
    assert not torch.equal(model.ancestral(x_t), model.ancestral(x_t))


def test_ddim_with_the_right_v_lands_on_the_image():
    """Where v is that of x_0 and the true noise, each step of eq. 12 keeps x_t on the line from x_0 to the noise."""
    model = DDPM(TINY, **SMALL).double()
    x_0, noise = torch.tensor([[[[-1.0, 1.0], [0.3, 0.0]]]]).double(), torch.randn(1, 1, 2, 2).double()

    def v(x_t, share, label=None):
        alpha_bar = model.alpha_bar[round(20 * share.item())]
        return alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * x_0

    model.net.forward = v
    x_t = model.diffused(x_0, 20, noise)
    # Float32 buffers, and a division by √α_bar_T = 0.006.
    assert torch.allclose(model.implicit(x_t, 5), x_0, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 9, 7), (1, 2, 2), (3, 1, 3)], ids=str)
def test_a_reloaded_model_draws_the_same_samples_by_every_sampler(shape, ramps, reloaded):
    space = genbench.Space(shape, levels=5)
    model = DDPM(space, **SMALL)
    model.fit(ramps(space, 256))
    for sampler in DDPM.samplers.values():
        drawn = []
        for m in (model.eval(), reloaded(model, **SMALL)):
            torch.manual_seed(7)
            with torch.no_grad():
                drawn.append(m.sample(3, **sampler))
        assert torch.equal(*drawn)
        assert drawn[0].shape == (3, *shape)
        assert drawn[0].dtype == torch.int64
        assert drawn[0].min() >= 0
        assert drawn[0].max() < 5


def test_a_short_fit_lowers_the_loss_and_the_bound(digits):
    data = digits(10_000)
    model = DDPM(data.space, steps=50, width=8, depth=1)
    x = data.valid.x[:]
    with torch.no_grad():
        before = model.eval().log_prob(x).mean()
    model.train().fit(data)
    with torch.no_grad():
        after = model.eval().log_prob(x).mean()
    losses = [point["loss"] for point in data.curve]
    assert sum(losses[-10:]) < 0.75 * sum(losses[:10])
    assert -after < 0.75 * -before


@pytest.mark.parametrize(
    "space",
    [genbench.Space((1, 2, 2), levels=None), genbench.Space((5,)), genbench.Space((1, 2, 2), levels=1)],
    ids=str,
)
def test_what_is_no_image_of_integers_is_unsuitable(space):
    with pytest.raises(genbench.Unsuitable, match="2 or more levels"):
        DDPM(space)
