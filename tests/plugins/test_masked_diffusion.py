import itertools
import math
from statistics import mean

import pytest
import torch
from genbench_levels import LevelLaw
from genbench_masked_diffusion import MaskedDiffusion, ranks
from scipy import stats

import genbench

TINY = genbench.Space((1, 2, 2), levels=3)
SMALL = {"width": 8, "depth": 1}


def every_image(space):
    """All images of a tiny Space: int64 [levels ** dim, *shape]."""
    return torch.tensor(list(itertools.product(range(space.levels), repeat=space.dim))).view(-1, *space.shape)


def scrambled(space, **settings):
    """A model whose zero-initialised parts got random weights, and classes of unequal shares."""
    model = MaskedDiffusion(space, **{**SMALL, **settings}).eval()
    for p in model.net.parameters():
        p.data.add_(0.3 * torch.randn_like(p))
    if space.classes:
        model.net.share.copy_(torch.rand(space.classes).softmax(0))
    return model


def entry_nats(model, x):
    """log p(xᵢ | the entries outside S) of all subsets S of masked entries: {S: [N, D]}."""
    told = {}
    for size in range(1, model.space.dim + 1):
        for masked in itertools.combinations(range(model.space.dim), size):
            mask = torch.zeros(model.space.dim, dtype=torch.bool)
            mask[list(masked)] = True
            said = model.said(x, mask.view(1, *model.space.shape).expand(x.shape), None)
            law = said.movedim(2, -1).flatten(1, 3).log_softmax(2)
            told[masked] = law.gather(2, x.flatten(1)[:, :, None])[:, :, 0].double()
    return told


def law_of_draws(told, counts, masked):
    """P(the masked entries come out as in x), summed over all that may be unmasked at each of the steps left."""
    if not masked:
        return torch.ones(len(next(iter(told.values()))), dtype=torch.float64)
    *_, after, before = counts
    ways = list(itertools.combinations(masked, before - after))
    parts = []
    for way in ways:
        left = tuple(i for i in masked if i not in way)
        parts.append(told[masked][:, list(way)].sum(1).exp() * law_of_draws(told, counts[:-1], left))
    return torch.stack(parts).mean(0)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 9])
@torch.no_grad()
def test_the_bound_is_that_of_all_masks_and_lies_below_the_law_of_the_draws(steps):
    model, x = scrambled(TINY, steps=steps), every_image(TINY)
    told, counts = entry_nats(model, x), model.masked_counts(0)
    law = law_of_draws(told, counts, (0, 1, 2, 3))
    assert law.sum().item() == pytest.approx(1, abs=1e-5)  # of 81 images, in float32
    exact = torch.zeros(len(x), dtype=torch.float64)
    for after, before in itertools.pairwise(counts):
        of_masks = [told[s][:, list(s)].sum(1) for s in itertools.combinations(range(4), before)]
        exact += (before - after) / before * torch.stack(of_masks).mean(0)
    assert (exact <= law.log() + 1e-6).all()
    assert steps == 1 or (law.log() - exact).max() > 0.01
    draws = torch.stack([model.log_prob(x) for _ in range(300)]).double()
    error = draws.std(0) / math.sqrt(300) + 1e-6
    # Of 81 honest means one lies 5 standard errors off once in 20,000 tries.
    assert ((draws.mean(0) - exact).abs() < 5 * error).all()


@pytest.mark.parametrize("steps", [1, 2, 4])
@torch.no_grad()
def test_samples_follow_the_law_of_the_draws(steps):
    model, x = scrambled(TINY), every_image(TINY)
    p = law_of_draws(entry_nats(model, x), model.masked_counts(steps), (0, 1, 2, 3))
    index = (model.sample(20_000, steps=steps).flatten(1) * 3 ** torch.arange(3, -1, -1)).sum(1)
    counts = torch.bincount(index, minlength=81).double()
    # Chi-square wants an expectation of 5 in each cell: the rare images share one.
    rare = 20_000 * p < 5
    seen, expected = (
        torch.cat([v[~rare], v[rare].sum().expand(int(rare.any()))]) for v in (counts, 20_000 * p / p.sum())
    )
    assert len(seen) > 20
    assert stats.chisquare(seen.numpy(), expected.numpy()).pvalue > 1e-3


@torch.no_grad()
def test_the_loss_is_the_bound_of_one_entry_a_step_in_nats_per_dimension():
    model = scrambled(TINY, steps=4)
    x = every_image(TINY).repeat(2, 1, 1, 1)
    losses = [model.loss(x).item() for _ in range(300)]
    bounds = [-model.log_prob(x).mean().item() / 4 for _ in range(100)]
    # Means of several hundred batches of 162 images, each with a scatter of less than .05.
    assert mean(losses) == pytest.approx(mean(bounds), abs=0.01)


@pytest.mark.parametrize("levels", [4, 256])
@torch.no_grad()
def test_what_is_masked_is_not_seen_and_what_is_not_masked_is(levels):
    model = scrambled(genbench.Space((3, 5, 3), levels=levels))
    x, masked = torch.randint(levels, (2, 3, 5, 3)), torch.rand(2, 3, 5, 3) < 0.5
    other = torch.where(masked, (x + 1) % levels, x)
    assert torch.equal(model.said(x, masked, None), model.said(other, masked, None))
    other = torch.where(masked, x, (x + levels // 2) % levels)
    assert not torch.allclose(model.said(x, masked, None), model.said(other, masked, None), atol=1e-3)


@pytest.mark.parametrize("levels", [3, 64, 65, 256])
def test_every_level_is_told_in_its_own_way_and_none_as_a_mask(levels):
    model = MaskedDiffusion(genbench.Space((1, 1, levels), levels=levels), **SMALL)
    told = model.told(torch.arange(levels).view(1, 1, 1, -1))[0, 0, :, 0]  # [said, levels]
    assert told.shape == (levels if levels <= 64 else 15, levels)
    apart = torch.cdist(told.T, told.T) + torch.eye(levels)
    assert apart.min() > 0.05
    assert told.abs().sum(0).min() >= 1


def test_steps_unmask_about_as_many_entries_each_and_all_of_them_in_the_end():
    model = MaskedDiffusion(genbench.Space((1, 5, 7), levels=3), **SMALL)
    for steps in (1, 8, 35, 64):
        gone = torch.tensor(model.masked_counts(steps)).diff()
        assert len(gone) == min(steps, 35)
        assert gone.sum() == 35
        assert gone.max() - gone.min() <= 1


def test_ranks_count_the_entries_of_less_noise():
    noise = torch.tensor([[[0.5, 0.1], [0.9, 0.3]]])
    assert ranks(noise).tolist() == [[[2, 0], [3, 1]]]


@torch.no_grad()
def test_the_bound_given_the_classes_lies_below_that_of_all_of_them():
    space = genbench.Space((1, 2, 1), levels=3, classes=3)
    model, x = scrambled(space, steps=2), every_image(genbench.Space((1, 2, 1), levels=3))
    joint = torch.zeros(9, dtype=torch.float64)
    both, orders = torch.ones(9, 1, 2, 1, dtype=torch.bool), ((0, 1), (1, 0))
    for y in range(3):
        for first, second in orders:
            mask = torch.zeros(2, dtype=torch.bool)
            mask[second] = True
            laws = [
                LevelLaw(model.said(x, m, torch.tensor([y])).movedim(2, -1).flatten(1, 3)[:, i], 3).log_masses()
                for m, i in ((both, first), (mask.view(1, 1, 2, 1).expand(both.shape), second))
            ]
            nats = sum(
                w.gather(1, x.flatten(1)[:, i : i + 1])[:, 0] for w, i in zip(laws, (first, second), strict=True)
            )
            joint += model.net.share[y] * nats.double().exp() / 2
    assert joint.sum().item() == pytest.approx(1, abs=1e-5)
    draws = torch.stack([model.log_prob(x) for _ in range(200)]).double()
    assert (draws.mean(0) < joint.log() + 5 * draws.std(0) / math.sqrt(200)).all()


def test_samples_obey_their_labels():
    """Class 0 is dark and class 1 bright."""
    x = torch.cat([torch.randint(2, (48, 1, 4, 4)), torch.randint(2, 4, (48, 1, 4, 4))]).byte().numpy()
    rows = genbench.Split(genbench.Examples(x, torch.arange(2).repeat_interleave(48).numpy()))
    model = MaskedDiffusion(genbench.Space((1, 4, 4), levels=4, classes=2), **SMALL, batch=32)
    model.fit(genbench.TrainingData(model.space, rows, rows, 3_000))
    with torch.no_grad():
        drawn = model.eval().sample(40, labels=torch.arange(2).repeat(20), steps=4).float().flatten(1).mean(1)
    assert drawn[::2].mean() < 1 < 2 < drawn[1::2].mean()
