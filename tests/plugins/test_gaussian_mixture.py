import itertools

import pytest
import torch
from genbench_gaussian_mixture import GaussianMixture, started

import genbench

CENTRES = torch.tensor([[20.0, 20.0], [80.0, 30.0], [40.0, 90.0]])


def three_clusters(rows=600):
    """Integers in [0, 100)² about three centres, of which one has half of the rows."""
    which = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), rows, replacement=True)
    return (CENTRES[which] + torch.randn(rows, 2) @ torch.tensor([[3.0, 2.0], [0.0, 1.0]])).round().long(), which


@pytest.fixture
def clusters():
    space = genbench.Space((2,), levels=100)
    split = genbench.Split(genbench.Examples(three_clusters()[0].byte().numpy()))
    return genbench.TrainingData(space, split, split, 30_000)


def test_each_cluster_gets_a_component_of_its_share_and_covariance(clusters):
    model = GaussianMixture(clusters.space, components=3, prior=1e-3)
    model.fit(clusters)
    order = torch.cdist(CENTRES, model.mu).argmin(1)
    assert order.unique().numel() == 3
    assert (model.mu[order] - CENTRES).abs().max() < 1
    assert torch.allclose(model.pi[order], torch.tensor([0.5, 0.3, 0.2]), atol=0.07)
    cov = model.scale_tril @ model.scale_tril.mT
    # [[9, 6], [6, 5]] and the twelfth that rounding adds; a hundred rows of one cluster leave fifteen per cent.
    assert torch.allclose(cov[order[0]], torch.tensor([[9.1, 6.0], [6.0, 5.1]]), rtol=0.25)


def test_every_step_raises_the_objective():
    x = three_clusters(150)[0].double()
    fitted = started(x, 5, prior=4.0, jitter=1e-4)
    values = [fitted.objective(x)]
    for _ in range(15):
        fitted = fitted.maximised(x, fitted.joint(x).softmax(1))
        values.append(fitted.objective(x))
    assert all(later >= earlier - 1e-8 for earlier, later in itertools.pairwise(values))
    assert values[-1] > values[0] + 1


def test_the_joint_density_is_that_of_normals():
    x = three_clusters(50)[0].double()
    fitted = started(x, 3, prior=4.0, jitter=1e-4)
    law = torch.distributions.MultivariateNormal(fitted.mu, scale_tril=fitted.scale_tril)
    torch.testing.assert_close(fitted.joint(x), law.log_prob(x[:, None]) + fitted.pi.log())


def test_samples_lie_about_the_clusters_in_their_shares(clusters):
    model = GaussianMixture(clusters.space, components=3)
    model.fit(clusters)
    drawn = model.sample(4_000)
    apart = torch.cdist(drawn.float(), CENTRES)
    assert (apart.min(1).values < 15).all()
    shares = torch.bincount(apart.argmin(1), minlength=3) / 4_000
    assert torch.allclose(shares, torch.tensor([0.5, 0.3, 0.2]), atol=0.07)


@pytest.mark.parametrize(("images", "steps"), [(30_000, 50), (1_800, 3), (100, 1)])
def test_it_takes_no_more_steps_than_the_budget_has_passes(clusters, images, steps):
    data = genbench.TrainingData(clusters.space, clusters.train, clusters.valid, images)
    GaussianMixture(clusters.space, components=3).fit(data)
    assert len(data.curve) == steps


def test_few_rows_get_fewer_components():
    x = torch.randint(100, (9, 2)).byte().numpy()
    split = genbench.Split(genbench.Examples(x))
    model = GaussianMixture(genbench.Space((2,), levels=100))
    model.fit(genbench.TrainingData(model.space, split, split, 100))
    assert len(model.pi) == 4
    assert model.scale_tril.isfinite().all()


def test_a_reloaded_model_draws_the_same_real_numbers_to_the_bit():
    x = torch.randn(200, 24).numpy()
    split = genbench.Split(genbench.Examples(x))
    model, again = (GaussianMixture(genbench.Space((24,), levels=None)) for _ in range(2))
    model.fit(genbench.TrainingData(model.space, split, split, 1000))
    for name, value in model.state_dict().items():  # a file keeps numbers, and not how they lie in memory
        setattr(again, name, torch.empty(value.shape).copy_(value))
    drawn = []
    for own in (model, again):
        torch.manual_seed(0)
        drawn.append(own.sample(100))
    assert torch.equal(*drawn)


def test_too_large_covariances_are_declined():
    with pytest.raises(genbench.Unsuitable, match="20 covariances over 49152 entries are too large"):
        GaussianMixture(genbench.Space((3, 128, 128)))
