import itertools
import math

import pytest
import torch
from genbench_ddpm import DDPM, LAMBDA
from genbench_diffusion_schedules import remaining_signal
from genbench_diffusion_targets import bound_weight, discretised, implied, target

import genbench

TINY = genbench.Space((1, 2, 2), levels=4)
SMALL = {"width": 8, "depth": 1, "steps": 20}
TELLS = ["v", "eps", "x0"]
KINDS = [
    *(
        {"schedule": s, "variance": v}
        for s, v in itertools.product(["cosine", "linear"], ["fitted", "posterior", "beta"])
    ),
    {"loss": "hybrid", "variance": "learned"},
    {"loss": "vlb", "variance": "learned"},
    {"tells": "eps", "loss": "l1"},
    {"tells": "x0", "networks": "separate", "steps": 4},
]


def scrambled(space, **settings):
    """A float64 model whose zero-initialised layers got random weights."""
    model = DDPM(space, **{**SMALL, **settings}).double().eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def test_the_cosine_of_nichol_and_dhariwal_is_that_of_eq_17():
    """f(t) / f(0), f(t) = cos²((t/T + s) / (1 + s) π/2), s = .008; β ≤ .999, which the last step alone needs."""
    steps = 1000
    f = [math.cos((t / steps + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(steps + 1)]
    found = remaining_signal("nichol-dhariwal", steps, first=0.01)
    expected = torch.tensor([own / f[0] for own in f], dtype=torch.float64)
    torch.testing.assert_close(found[:-1], expected[:-1], rtol=1e-9, atol=0)
    assert (1 - found[-1] / found[-2]).item() == pytest.approx(0.999)
    assert DDPM(TINY, **SMALL, schedule="nichol-dhariwal").sample(2).shape == (2, 1, 2, 2)


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
    log_p = discretised(x_0, torch.full_like(x_0, mean), model.sigma2[1].sqrt(), model.half_gap)
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
        p = torch.distributions.Normal(model.posterior_mean(model.reverse(x_t, t)[0], x_t, t), model.sigma2[t].sqrt())
        assert torch.allclose(nats, torch.distributions.kl_divergence(q, p), rtol=1e-9)


@pytest.mark.parametrize("settings", KINDS, ids=lambda settings: "-".join(map(str, settings.values())))
def test_the_bound_never_gives_all_images_more_than_one(settings, ramps):
    model = DDPM(TINY, **{**DDPM.audit_settings, **settings})
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

    def v(x_t, share, label=None):
        signal, noisy = model.shares((model.steps * share).round().long())
        return (signal * x_t - 0.1) / noisy

    model.net.forward = v
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


def test_solvers_are_functions_of_their_starting_noise_and_ddpm_is_not():
    model = scrambled(TINY).float()
    x_t = torch.randn(50, 1, 2, 2)
    for steps in (1, 7, 20, 25):
        for method in ("ddim", "dpm"):
            assert torch.equal(model.solved(x_t, method, steps), model.solved(x_t, method, steps))
    assert not torch.equal(model.ancestral(x_t), model.ancestral(x_t))


def test_solvers_with_the_right_v_land_on_the_image():
    """Where v is that of x_0 and the true noise, each step of eq. 12 keeps x_t on the line from x_0 to the noise."""
    model = DDPM(TINY, **SMALL).double()
    x_0, noise = torch.tensor([[[[-1.0, 1.0], [0.3, 0.0]]]]).double(), torch.randn(1, 1, 2, 2).double()

    def v(x_t, share, label=None):
        alpha_bar = model.alpha_bar[round(20 * share.item())]
        return alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * x_0

    model.net.forward = v
    x_t = model.diffused(x_0, 20, noise)
    # Float32 buffers, and a division by √α_bar_T = 0.006.
    for method in ("ddim", "dpm"):
        assert torch.allclose(model.solved(x_t, method, 5), x_0, atol=1e-4)


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


@pytest.mark.parametrize("tells", TELLS)
def test_the_image_follows_from_what_is_told(tells):
    model, t = DDPM(TINY, **SMALL), torch.tensor([1, 5, 20])
    x_0, noise = torch.rand(3, 1, 2, 2) * 2 - 1, torch.randn(3, 1, 2, 2)
    shares = model.shares(t)
    found = implied(tells, target(tells, x_0, noise, *shares), model.diffused(x_0, t, noise), *shares)
    torch.testing.assert_close(found, x_0, rtol=0, atol=1e-4)  # float32, divided by √α_bar_T = 0.006


@pytest.mark.parametrize("tells", TELLS)
def test_the_weights_of_the_bound_turn_mistakes_into_nats(tells):
    """The divergence of two Gaussians of one variance, for a mistake of 0.1 in what is told at each t."""
    model = DDPM(TINY, **SMALL, variance="posterior").double()
    t, x_0, noise = torch.arange(2, 21), torch.full((19, 1, 1, 1), 0.3).double(), torch.randn(19, 1, 1, 1).double()
    x_t, shares = model.diffused(x_0, t, noise), model.shares(t)
    guess = implied(tells, target(tells, x_0, noise, *shares) + 0.1, x_t, *shares)
    nats = model.nats(x_0, x_t, t, guess, model.posterior[t].view(-1, 1, 1, 1)).flatten()
    weight = bound_weight(tells, model.alpha_bar, model.beta, model.posterior)
    assert weight[1:].mean().item() == pytest.approx(1)
    torch.testing.assert_close(weight[t] / weight[2], nats / nats[0], rtol=1e-4, atol=0)  # buffers of six digits


@pytest.mark.parametrize(
    ("tells", "loss", "wanted"),
    [
        ("x0", "simple", lambda x_0, alpha_bar: x_0.square().mean()),
        ("x0", "l1", lambda x_0, alpha_bar: x_0.abs().mean()),
        ("eps", "simple", lambda x_0, alpha_bar: 1.0),
        ("eps", "l1", lambda x_0, alpha_bar: math.sqrt(2 / math.pi)),
        ("v", "simple", lambda x_0, alpha_bar: alpha_bar.mean() + (1 - alpha_bar).mean() * x_0.square().mean()),
    ],
)
def test_the_loss_of_a_network_that_tells_zero_is_the_moment_of_what_it_should_tell(tells, loss, wanted):
    model = DDPM(TINY, **SMALL, tells=tells, loss=loss)
    model.net.head[-1].bias.data.zero_()  # its weights are zero as they are made
    x = torch.randint(4, (20_000, 1, 2, 2))
    # Four standard errors of the mean of 80,000 squares of normals are 0.02.
    found = wanted(model.scaled(x), model.alpha_bar[1:])
    assert model.loss(x).item() == pytest.approx(float(found), rel=1e-5 if tells == "x0" else 0.021)


@pytest.mark.parametrize("variance", ["beta", "learned"])
def test_the_loss_vlb_is_the_bound_per_entry_without_its_constant_term(variance):
    # An untrained network tells one x_0 of everything, so that no term depends on the noise.
    model = DDPM(TINY, **{**SMALL, "steps": 5}, tells="x0", loss="vlb", variance=variance).eval()
    x = torch.tensor([[[[0, 3], [1, 2]]]])
    with torch.no_grad():
        terms = model.bound_terms(x)[:, :-1]  # L_0 … L_{T-1}
        found = model.loss(x.expand(10, 1, 2, 2))  # each t twice
    assert found.item() == pytest.approx(terms.sum().item() / 4, rel=1e-5)  # float32


def test_the_hybrid_loss_is_the_simple_one_and_a_thousandth_of_the_bound():
    losses, first = {}, scrambled(TINY)
    for loss in ("simple", "vlb", "hybrid"):
        model = DDPM(TINY, **SMALL, loss=loss, variance="beta").double().eval()
        model.net.load_state_dict(first.net.state_dict())
        torch.manual_seed(1)
        losses[loss] = model.loss(torch.arange(80).view(20, 1, 2, 2) % 4).item()
    assert losses["hybrid"] == pytest.approx(losses["simple"] + LAMBDA * losses["vlb"], rel=1e-9)


def test_a_learned_variance_goes_from_beta_tilde_to_beta_and_the_bound_teaches_it_alone():
    model, gradients = scrambled(TINY, loss="hybrid", variance="learned"), {}
    t, x_t = torch.tensor([2, 9, 20]), torch.randn(3, 1, 2, 2).double()
    for loss in ("hybrid", "simple"):
        model.kind = loss
        model.zero_grad()
        torch.manual_seed(1)
        model.loss(torch.arange(80).view(20, 1, 2, 2) % 4).backward()
        gradients[loss] = model.net.head[-1].weight.grad
    mean, variance = gradients["hybrid"].split(1)
    torch.testing.assert_close(mean, gradients["simple"][:1])
    assert (variance != 0).any()
    assert (gradients["simple"][1:] == 0).all()
    for nu, wanted in ((-1, model.posterior[t]), (0, (model.posterior[t] * model.beta[t]).sqrt()), (1, model.beta[t])):
        model.net.forward = lambda x_t, share, label, nu=nu: torch.cat([x_t, torch.full_like(x_t, nu)], dim=1)
        torch.testing.assert_close(model.told(x_t, t)[1][:, 0, 0, 0], wanted)


def test_guidance_goes_from_no_class_by_way_of_the_class_beyond_it():
    model = scrambled(genbench.Space((1, 2, 2), levels=4, classes=3))
    x_t, label = torch.randn(6, 1, 2, 2).double() / 4, torch.tensor([0, 1, 2, 0, 1, 2])
    torch.testing.assert_close(model.reverse(x_t, 3, label, 0.0)[0], model.reverse(x_t, 3)[0])
    torch.testing.assert_close(model.reverse(x_t, 3, label, 1.0)[0], model.reverse(x_t, 3, label)[0])
    without, with_it, beyond = (model.reverse(x_t, 3, label, s)[0] for s in (0.0, 1.0, 2.5))
    inside = beyond.abs() < 1  # not clipped
    assert inside.any()
    torch.testing.assert_close((beyond - without)[inside], 2.5 * (with_it - without)[inside])
    for method in ({}, {"method": "dpm", "steps": 4}):
        drawn = []
        for guidance in (1.0, 0.0, 4.0):
            torch.manual_seed(5)
            drawn.append(model.float().sample(300, labels=label.repeat(50), guidance=guidance, **method))
        assert not torch.equal(drawn[0], drawn[1])
        assert not torch.equal(drawn[0], drawn[2])


def test_of_separate_networks_that_of_its_time_alone_is_asked_and_taught():
    model = scrambled(genbench.Space((1, 2, 2), levels=4, classes=3), networks="separate", steps=5)
    x_t, t, label = torch.randn(6, 1, 2, 2).double(), torch.tensor([4, 2, 2, 5, 4, 2]), torch.tensor([0, 3, 1, 2, 3, 0])
    told = model.told(x_t, t, label)[0]
    for row in range(6):
        one = slice(row, row + 1)
        alone = model.net.nets[t[row] - 1](x_t[one], t[one] / 5, label[one])
        torch.testing.assert_close(told[one], alone)
        torch.testing.assert_close(model.told(x_t[one], t[row].item(), label[one])[0], alone)
    told.square().sum().backward()
    taught = [any((p.grad != 0).any() for p in net.parameters() if p.grad is not None) for net in model.net.nets]
    assert taught == [False, True, False, True, True]


def test_separate_networks_train_and_come_back(ramps, reloaded):
    settings = {**SMALL, "networks": "separate", "steps": 4}
    model = DDPM(TINY, **settings)
    before = [parameter.clone() for parameter in model.parameters()]
    model.fit(ramps(TINY, 256))
    moved = [not torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True)]
    assert sum(moved) > len(moved) / 2
    for sampler in DDPM.samplers.values():
        drawn = []
        for m in (model.eval(), reloaded(model, **settings)):
            torch.manual_seed(7)
            with torch.no_grad():
                drawn.append(m.sample(3, **sampler))
        assert torch.equal(*drawn)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"variance": "learned"}, "needs loss=vlb or loss=hybrid"), ({"networks": "separate"}, "needs steps of at most")],
)
def test_settings_that_contradict_each_other_are_unsuitable(settings, reason):
    with pytest.raises(genbench.Unsuitable, match=reason):
        DDPM(TINY, **settings)
