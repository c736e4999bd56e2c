"""Masked diffusion of sequences: the law of its draws over all of a tiny Space, its bound, its end, its noise."""

import itertools
import math

import genbench_sequence_diffusion
import numpy as np
import pytest
import torch
from genbench_sequence_diffusion import SequenceDiffusion, chosen, gumbel, ranks
from scipy import stats

import genbench
from genbench.scoring.audits import rungs

TINY = genbench.Space((4,), levels=4, end=1)
EVERY = torch.from_numpy(rungs.states(TINY))
SMALL = {"width": 8, "layers": 1}


def scrambled(space: genbench.Space, **settings: int) -> SequenceDiffusion:
    """A model of random weights that knows lengths of unequal shares."""
    torch.manual_seed(0)
    model = SequenceDiffusion(space, **{**SMALL, **settings}).eval()
    for p in model.parameters():
        p.data.add_(0.3 * torch.randn_like(p))
    if space.end is not None:
        model.share.copy_(torch.arange(1.0, space.dim + 2) / torch.arange(1.0, space.dim + 2).sum())
    return model


def told(model: SequenceDiffusion, x: torch.Tensor, masked: tuple[int, ...]) -> torch.Tensor:
    """log p(xᵢ | what is not masked) at the masked places of rows, [N, |masked|]."""
    mask = torch.zeros(x.shape, dtype=torch.bool)
    mask[:, list(masked)] = True
    law = model.laws(x, mask).log_softmax(2)
    return law.gather(2, x[:, :, None])[:, list(masked), 0].double()


def law_of_draws(
    model: SequenceDiffusion, x: torch.Tensor, masked: tuple[int, ...], k: int, steps: int
) -> torch.Tensor:
    """P(the masked places come out as in x) by the steps k … 1, [N]."""
    if not masked:
        return torch.ones(len(x), dtype=torch.float64)
    n = model.lengths(x[:1])
    after = int(model.masked_counts(n, k - 1, steps))
    each, parts = told(model, x, masked), []
    for left in itertools.combinations(masked, after):
        drawn = [at for at, place in enumerate(masked) if place not in left]
        parts.append(each[:, drawn].sum(1).exp() * law_of_draws(model, x, left, k - 1, steps))
    return torch.stack(parts).mean(0)


def laws_and_bounds(model: SequenceDiffusion, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Of all states: the probability of a draw, and the bound on its logarithm."""
    law, bound = torch.zeros(len(EVERY), dtype=torch.float64), torch.zeros(len(EVERY), dtype=torch.float64)
    lengths = model.lengths(EVERY)
    for n in range(5):
        rows, whole = lengths == n, torch.tensor([n])
        x, prior = EVERY[rows], model.share[n].double()
        law[rows] = prior * law_of_draws(model, x, tuple(range(n)), steps, steps)
        bound[rows] = prior.log()
        for k in range(1, steps + 1):
            m, after = (int(model.masked_counts(whole, step, steps)) for step in (k, k - 1))
            if m > after:
                of_masks = [told(model, x, s).sum(1) for s in itertools.combinations(range(n), m)]
                bound[rows] += (m - after) / m * torch.stack(of_masks).mean(0)
    return law, bound


@torch.no_grad()
@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_its_bound_is_that_of_all_masks_and_lies_below_the_law_of_its_draws(steps):
    model = scrambled(TINY, steps=steps)
    law, bound = laws_and_bounds(model, steps)
    assert law.sum().item() == pytest.approx(1, abs=1e-5)
    assert (bound <= law.log() + 1e-6).all()
    assert steps == 1 or (law.log() - bound).max() > 0.01
    draws = torch.stack([model.log_prob(EVERY) for _ in range(150)]).double()
    error = draws.std(0) / math.sqrt(150) + 1e-6
    assert ((draws.mean(0) - bound).abs() < 5 * error).all()


@torch.no_grad()
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_its_samples_follow_that_law(steps):
    model = scrambled(TINY)
    law, _ = laws_and_bounds(model, steps)
    seen = np.bincount(rungs.indices(model.sample(20_000, steps=steps).numpy(), TINY), minlength=121)
    expected = 20_000 * (law / law.sum()).numpy()
    rare = expected < 5  # chi-square wants an expectation of 5 in each cell
    counts = np.append(seen[~rare], seen[rare].sum())
    assert stats.chisquare(counts, np.append(expected[~rare], expected[rare].sum())).pvalue > 1e-3


@torch.no_grad()
def test_looking_at_some_steps_alone_is_no_bias(monkeypatch):
    model = scrambled(genbench.Space((6,), levels=3, end=0), steps=6)
    x = torch.tensor([[1, 2, 2, 1, 1, 2], [2, 1, 1, 0, 0, 0]])
    whole = torch.stack([model.log_prob(x) for _ in range(150)]).double()
    monkeypatch.setattr(genbench_sequence_diffusion, "LOOKS", 4)
    some = torch.stack([model.log_prob(x) for _ in range(450)]).double()
    error = (whole.var(0) / 150 + some.var(0) / 450).sqrt()
    assert ((whole.mean(0) - some.mean(0)).abs() < 4 * error).all()
    assert (some.std(0) > whole.std(0)).all()


@torch.no_grad()
def test_the_loss_is_the_bound_of_one_token_a_step():
    model = scrambled(TINY, steps=4)
    x = EVERY.repeat(2, 1)[torch.randperm(2 * len(EVERY))]
    losses = torch.stack([model.nats(x).mean() for _ in range(80)])
    bounds = torch.stack([model.log_prob(x).mean() for _ in range(40)])
    error = (losses.var() / 80 + bounds.var() / 40).sqrt().item()
    assert losses.mean().item() == pytest.approx(bounds.mean().item(), abs=5 * error)


@torch.no_grad()
def test_what_is_masked_is_not_seen_and_what_is_not_masked_is():
    model = scrambled(genbench.Space((9,), levels=5))
    x, masked = torch.randint(5, (3, 9)), torch.rand(3, 9) < 0.5
    hidden = torch.where(masked, (x + 1) % 5, x)
    assert torch.equal(model.laws(x, masked), model.laws(hidden, masked))
    seen = torch.where(masked, x, (x + 1) % 5)
    assert not torch.allclose(model.laws(x, masked), model.laws(seen, masked), atol=1e-3)


@torch.no_grad()
def test_it_learns_lengths_and_nothing_goes_on_after_the_end():
    space = genbench.Space((6,), levels=3, end=0)
    rows = np.zeros((300, 6), np.uint8)
    rows[:200, :2], rows[200:, :4] = 1, 2  # two tokens or four, never mixed
    split = genbench.Split(genbench.Examples(rows))
    torch.manual_seed(0)
    model = SequenceDiffusion(space, width=16, layers=1)
    with torch.enable_grad():
        model.fit(genbench.TrainingData(space, split, split, 6000))
    x = model.eval().sample(2000)
    lengths = model.lengths(x)
    assert not ((torch.arange(6) >= lengths[:, None]) & (x != 0)).any()
    assert (lengths == 2).float().mean().item() == pytest.approx(200.5 / 303.5, abs=0.05)
    assert (x[lengths == 4][:, :4] == 2).float().mean() > 0.9
    strange = torch.tensor([[1, 1, 0, 0, 0, 0], [1, 1, 0, 2, 0, 0], [0, 0, 0, 0, 0, 0]])
    assert torch.isfinite(model.log_prob(strange)).tolist() == [True, False, True]


def test_noise_has_53_bits_and_reaches_what_32_bits_cut_off():
    torch.manual_seed(0)
    noise = gumbel(torch.Size((1000,)), torch.device("cpu"))
    assert noise.dtype == torch.float64
    u = (-(-noise).exp()).exp()
    assert ((u * 2**24) % 1 != 0).sum() > 990  # in float32 every u is a multiple of 2**-24
    torch.manual_seed(0)
    logits = torch.tensor([0.0, 1.0, -torch.inf], dtype=torch.float32).expand(20_000, 3)
    counts = torch.bincount(chosen(logits), minlength=3)
    assert counts[2] == 0
    assert counts[1].item() / 20_000 == pytest.approx(math.e / (1 + math.e), abs=0.015)


def test_orders_of_chance_leave_the_ends_last():
    rank = ranks(torch.tensor([0, 2, 5]), 5)
    assert sorted(rank[1, :2].tolist()) == [0, 1]
    assert sorted(rank[2].tolist()) == [0, 1, 2, 3, 4]


def test_it_declines_what_is_no_sequence_of_tokens():
    for space in (genbench.Space((1, 4, 4), 4), genbench.Space((4,), None), genbench.Space((4,), 1)):
        with pytest.raises(genbench.Unsuitable, match="sequence-diffusion needs sequences"):
            SequenceDiffusion(space)
    with pytest.raises(genbench.Unsuitable, match="a width that 4 heads share, got 10"):
        SequenceDiffusion(TINY, width=10)
