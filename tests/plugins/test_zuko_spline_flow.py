import itertools
import math

import pytest
import torch

import genbench

pytest.importorskip("zuko")
from genbench_zuko_spline_flow import ZukoSplineFlow

TINY = genbench.Space((1, 2, 2), levels=4, classes=2)
SMALL = {"width": 16}
EVERYTHING = torch.tensor(list(itertools.product(range(4), repeat=4))).view(-1, 1, 2, 2)


@pytest.fixture(autouse=True)
def without_gradients():
    """Everything is called as the harness calls it; `fitted` allows gradients for `fit`."""
    with torch.no_grad():
        yield


def fitted(model, data):
    with torch.enable_grad():
        model.fit(data)
    return model.eval()


def labelled(rows, seed):
    """Images whose pixels are all near 0 in class 0, all near 3 in class 1, which is three times as frequent."""
    rng = torch.Generator().manual_seed(seed)
    y = (torch.rand(rows, generator=rng) < 0.75).long()
    x = (3 * y.view(-1, 1, 1, 1) + torch.randint(-1, 2, (rows, 1, 2, 2), generator=rng)).clamp(0, 3)
    return genbench.Split(genbench.Examples(x.numpy().astype(TINY.storage), y.numpy()))


def tiny(images):
    return genbench.TrainingData(TINY, labelled(200, 0), labelled(50, 1), images)


def test_the_bound_on_all_images_of_a_tiny_space_sums_to_at_most_one():
    model = fitted(ZukoSplineFlow(TINY, draws=32, **SMALL), tiny(4_000))
    total = model.log_prob(EVERYTHING).double().exp().sum().item()
    # Its expectation is the mass that the flow leaves inside the box: no more than 1, and most of it after a fit.
    assert 0.8 < total < 1.02


def test_the_density_is_the_normal_one_times_the_determinant_of_the_whole_map(monkeypatch):
    model = ZukoSplineFlow(TINY, **SMALL).eval()
    model.law.mu.normal_()
    model.law.W.add_(0.3 * torch.randn_like(model.law.W).tril())
    x, u, label = torch.tensor([[[[0, 3], [2, 1]]]]), torch.rand(1, 1, 2, 2), torch.tensor([1])
    monkeypatch.setattr(torch, "rand_like", lambda *_, **__: u)

    def mapped(v):
        e, _ = model.law(model.logit(v)[0].flatten(1), label)
        return model.f(torch.tensor([[0.0, 1.0]])).transform(e)

    with torch.enable_grad():
        jacobian = torch.autograd.functional.jacobian(mapped, x + u).view(4, 4)
    normal = -0.5 * (mapped(x + u).square() + math.log(2 * math.pi)).sum()
    whole = normal + torch.linalg.slogdet(jacobian).logabsdet
    assert model._noisy(x, label).item() == pytest.approx(whole.item(), abs=1e-4)  # float32


def test_a_fit_learns_two_heaps_which_the_gaussian_that_it_starts_from_does_not_know():
    space = genbench.Space(TINY.shape, TINY.levels)
    splits = [genbench.Split(genbench.Examples(labelled(200, seed).x[:].numpy())) for seed in (0, 1)]
    nats = []
    for images in (128, 24_000):
        torch.manual_seed(1)
        model = ZukoSplineFlow(space, **SMALL)
        data = genbench.TrainingData(space, *splits, images)
        nats.append(fitted(model, data).log_prob(splits[1].x[:]).mean().item())
        assert data.seen == images // 128 * 128
    assert nats[1] > nats[0] + 0.5


def test_labels_are_obeyed_and_classes_come_as_often_as_in_training():
    model = fitted(ZukoSplineFlow(TINY, **SMALL), tiny(4_000))
    for temperature in (0.0, 0.9, 1.0):
        labels = torch.tensor([1, 0, 1, 0]).repeat(50)
        shown = model.sample(200, labels=labels, temperature=temperature).float().mean((1, 2, 3))
        assert ((shown > 1.5).long() == labels).float().mean() > 0.98
    share = (model.sample(4_000).float().mean((1, 2, 3)) > 1.5).float().mean().item()
    assert share == pytest.approx(model.law.share[1].item(), abs=0.04)  # five standard errors, and the 2 % above
