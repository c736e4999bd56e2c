import itertools
import math

import pytest
import torch
from genbench_codes import GAMMA, Codebook, CodePrior
from genbench_networks import LogisticMixture
from genbench_vq_vae import VQVAE

import genbench

SMALL = {"codes": 8, "dim": 4, "width": 8, "prior_width": 8, "prior_layers": 2}
DIGITS = genbench.Space((1, 8, 8), levels=17, classes=10)


@pytest.fixture(autouse=True)
def without_gradients():
    """`fit` is called under enable_grad here, everything else as the harness calls it."""
    with torch.no_grad():
        yield


def fitted(model, data):
    with torch.enable_grad():
        model.fit(data)
    return model.eval()


def test_the_nearest_code_is_the_one_at_the_least_distance():
    book = Codebook(20, 3)
    book.e.normal_()
    z = torch.randn(4, 3, 5, 6)
    apart = (z.movedim(1, -1)[..., None, :] - book.e).norm(dim=-1)
    assert torch.equal(book.nearest(z), apart.argmin(-1))
    assert torch.equal(book(book.nearest(z))[2, :, 1, 3], book.e[apart[2, 1, 3].argmin()])


def test_a_code_in_use_is_the_running_mean_of_the_vectors_that_took_it():
    book = Codebook(2, 1)
    book.e.copy_(torch.tensor([[0.0], [10.0]]))
    book.count.fill_(3)
    book.total.copy_(book.e * 3)
    z = torch.tensor([1.0, 2.0, 9.0, 12.0]).view(1, 1, 2, 2)
    book.follow(z, book.nearest(z))
    for i, (before, sum_) in enumerate(((0.0, 3.0), (30.0, 21.0))):  # two vectors each: eq. 6 to 8
        count = GAMMA * 3 + (1 - GAMMA) * 2
        assert book.e[i].item() == pytest.approx((GAMMA * before + (1 - GAMMA) * sum_) / count, rel=1e-5)


def test_an_empty_book_finds_its_places_among_the_first_vectors():
    book, z = Codebook(6, 2), torch.randn(3, 2, 4, 4)
    book.follow(z, book.nearest(z))
    rows = z.movedim(1, -1).flatten(0, 2)
    assert (torch.cdist(book.e[1:], rows).amin(1) < 1e-6).all()
    assert len(book.nearest(z).unique()) >= 3


def test_a_code_that_nothing_takes_is_given_a_new_place_and_one_in_use_stays():
    book = Codebook(3, 1)
    book.e.copy_(torch.tensor([[0.0], [1.0], [1_000.0]]))
    book.count.copy_(torch.tensor([10.0, 10.0, 0.1]))
    book.total.copy_(book.e * book.count[:, None])
    z = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(1, 1, 2, 2)
    book.follow(z, book.nearest(z))
    assert book.e[2].item() in (0.0, 1.0)
    torch.testing.assert_close(book.e[:2], torch.tensor([[0.0], [1.0]]))
    assert book.count[2] > 5


def test_gradients_pass_straight_through_the_rounding():
    """The encoder's last layer gets the gradient that the decoder gives e_k, and that of the commitment term."""
    model = VQVAE(DIGITS, **SMALL).eval()
    x = torch.randint(17, (6, 1, 8, 8))
    model.terms(x)
    with torch.enable_grad():
        z_e = model.encoder(2 * x / 16 - 1)
        e_k = model.book(model.book.nearest(z_e)).requires_grad_()
        (wanted,) = torch.autograd.grad(-LogisticMixture(model.decoder(e_k), DIGITS).log_prob(x).sum(), e_k)
        bias = model.encoder[-1].bias
        (found,) = torch.autograd.grad(model.terms(x)[0].sum(), bias)
    torch.testing.assert_close(found, wanted.sum((0, 2, 3)), rtol=1e-4, atol=1e-4)  # float32
    assert found.norm() > 1e-3


def test_the_prior_of_all_maps_of_a_tiny_size_sums_to_one_in_each_class():
    prior = CodePrior(3, (2, 2), classes=2, width=8, layers=2, dropout=0.0).eval()
    for parameter in prior.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    every = torch.tensor(list(itertools.product(range(3), repeat=4))).view(-1, 2, 2)
    nats = [prior.log_prob(every, torch.full((81,), y)) for y in (0, 1)]
    assert [n.exp().sum().item() for n in nats] == pytest.approx([1, 1], abs=1e-5)  # float32
    assert not torch.allclose(*nats, atol=1e-3)


def test_maps_are_drawn_with_the_masses_that_the_prior_states():
    prior = CodePrior(2, (2, 2), classes=1, width=8, layers=2, dropout=0.0).eval()
    for parameter in prior.parameters():
        parameter.add_(0.3 * torch.randn_like(parameter))
    every = torch.tensor(list(itertools.product(range(2), repeat=4))).view(-1, 2, 2)
    stated = prior.log_prob(every, torch.zeros(16, dtype=torch.int64)).exp()
    drawn = prior.sample(torch.zeros(20_000, dtype=torch.int64), 1.0).flatten(1) @ torch.tensor([8, 4, 2, 1])
    drawn = torch.bincount(drawn, minlength=16) / 20_000
    assert (drawn - stated).abs().max() < 5 * 0.5 / math.sqrt(20_000)  # five standard errors at most
    assert stated.std() > 0.01


def test_the_bound_is_the_term_of_one_map_of_the_sum_over_all(ramps):
    """Brute force: p(x) = Σ_k p(k) p(x|e_k) over 3^4 maps is at least each term, and log_prob is one of these."""
    space = genbench.Space((1, 2, 2), levels=4)
    model = fitted(VQVAE(space, **(SMALL | {"codes": 3, "batch": 32})), ramps(space, 1_000))
    x = torch.randint(4, (7, 1, 2, 2))
    every = torch.tensor(list(itertools.product(range(3), repeat=4))).view(-1, 2, 2)
    prior = model.prior.log_prob(every, torch.zeros(81, dtype=torch.int64))
    terms = torch.stack(
        [
            prior + LogisticMixture(model.decoder(model.book(every)), space).log_prob(row.expand(81, -1, -1, -1))
            for row in x
        ]
    )
    found = model.log_prob(x)
    assert (found < terms.logsumexp(1)).all()
    assert (terms - found[:, None]).abs().amin(1).max() < 1e-3  # float32


def test_the_classes_are_summed_out():
    model = VQVAE(DIGITS, **SMALL).eval()
    x = torch.randint(17, (3, 1, 8, 8))
    model.p_y.copy_(torch.tensor([0.9, 0.1] + [0.0] * 8))
    k = model.codes(x)
    given = [model.prior.log_prob(k, torch.full((3,), y)) for y in (0, 1)]
    pixels = LogisticMixture(model.decoder(model.book(k)), DIGITS).log_prob(x)
    wanted = pixels + (0.9 * given[0].exp() + 0.1 * given[1].exp()).log()
    torch.testing.assert_close(model.log_prob(x), wanted, rtol=1e-5, atol=1e-3)  # 500 nats or so in float32


def test_a_short_fit_rebuilds_images_uses_many_codes_and_learns_their_law(digits):
    data = digits(7_680)
    settings = {"codes": 16, "width": 16, "prior_width": 16, "prior_layers": 1, "share": 0.6, "lr": 5e-3}
    model = fitted(VQVAE(data.space, **settings, batch=32), data)
    x = data.valid.x[:100]
    k = model.codes(x)
    assert len(k.unique()) > 8
    rebuilt = LogisticMixture(model.decoder(model.book(k)), data.space).mean()
    assert (rebuilt - x).square().mean() < 0.6 * (rebuilt.roll(1, 0) - x).square().mean()
    law = model.prior.log_prob(k, data.valid.y[:100]).mean() / 16
    assert law > -math.log(16) + 0.3
    assert data.seen == 7_680
    assert {"nats_per_dim", "prior_nats_per_dim"} <= {name for point in data.curve for name in point}
