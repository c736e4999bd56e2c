import itertools
import math

import pytest
import torch
from genbench_attention import Attention, Memory, embedding
from genbench_image_transformer import ImageTransformer
from genbench_levels import LevelLaw
from scipy import stats

import genbench

GREY = genbench.Space((1, 2, 2), levels=4)
SMALL = {"width": 8, "layers": 2, "attention_heads": 2}


def every_image(space):
    """All images of a tiny Space: int64 [levels ** dim, *shape]."""
    return torch.tensor(list(itertools.product(range(space.levels), repeat=space.dim))).view(-1, *space.shape)


def scrambled(space, **settings):
    """A model of larger random weights than it begins with, and classes of unequal shares."""
    model = ImageTransformer(space, **{**SMALL, **settings}).eval()
    for p in model.parameters():
        p.data.add_(0.2 * torch.randn_like(p))
    model.share.copy_(torch.rand(len(model.share)).softmax(0))
    return model


@pytest.mark.parametrize(
    "space",
    [GREY, genbench.Space((3, 2, 1), levels=2), genbench.Space((1, 1, 2), levels=65), genbench.Space((1, 2, 2), 3, 4)],
    ids=str,
)
@torch.no_grad()
def test_the_probabilities_of_all_images_sum_to_one(space):
    p = scrambled(space).log_prob(every_image(space)).double().exp()
    # Rounding of 4,225 float32 probabilities.
    assert p.sum().item() == pytest.approx(1, abs=1e-4)
    assert p.max() > 3 * p.mean()  # far from uniform


@pytest.mark.parametrize("place", [(0, 0), (2, 3), (4, 6)])
def test_a_pixel_depends_on_every_earlier_one_at_any_distance_and_on_no_later_one(place):
    model = scrambled(genbench.Space((1, 5, 7), levels=4))
    told = torch.randn(1, 35, 8, requires_grad=True)
    model.pixels = lambda x: told[:, : x.shape[2]]
    x = torch.zeros(1, 1, 5, 7, dtype=torch.int64)
    context = model.contexts(x, torch.zeros(1, dtype=torch.int64))[0, :, *place]
    (gradient,) = torch.autograd.grad(context[:3].square().sum(), told)
    reached = gradient[0].ne(0).any(1)
    before = place[0] * 7 + place[1]
    assert reached[:before].all()
    assert not reached[before:].any()


def test_a_channel_depends_on_the_earlier_channels_of_its_pixel_and_on_no_later_one():
    model = scrambled(genbench.Space((3, 2, 3), levels=4))
    x, y = torch.randint(4, (1, 3, 2, 3)), torch.zeros(1, dtype=torch.int64)
    for changed, asked in itertools.product(range(3), range(3)):
        other = x.clone()
        other[:, changed, 1, 1] = (other[:, changed, 1, 1] + 1) % 4
        a, b = (model.logits(model.contexts(z, y), z, asked)[..., 1, 1] for z in (x, other))
        assert torch.equal(a, b) == (changed >= asked)


@torch.no_grad()
def test_attention_is_a_softmax_of_products_over_the_places_so_far():
    attention, n = Attention(6, 2), torch.randn(3, 5, 6)
    q, k, v = attention.qkv(n).view(3, 5, 3, 2, 3).unbind(2)  # [N, D, heads, d] each
    scores = torch.einsum("nihd,njhd->nhij", q, k) / math.sqrt(3)
    later = torch.ones(5, 5).triu(1).bool()
    weights = scores.masked_fill(later, -math.inf).softmax(3)
    expected = attention.out(torch.einsum("nhij,njhd->nihd", weights, v).flatten(2))
    # The same float32 sums in another order.
    torch.testing.assert_close(attention(n), expected, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_a_memory_gives_back_what_it_was_told_in_its_order():
    memory, told = Memory(torch.zeros(2, 3, 4, 5)), torch.randn(2, 2, 3, 4, 5)
    for i in range(4):
        k, v = memory.appended(told[0, :, :, i : i + 1], told[1, :, :, i : i + 1])
        assert torch.equal(k, told[0, :, :, : i + 1])
        assert torch.equal(v, told[1, :, :, : i + 1])


@torch.no_grad()
@pytest.mark.parametrize("size", [(4, 5), (9, 1), (1, 7)])
def test_a_walk_has_the_contexts_of_the_whole_image(size):
    model = scrambled(genbench.Space((3, *size), levels=4, classes=2))
    x, y = torch.randint(4, (3, 3, *size)), torch.tensor([0, 1, 1])
    whole, walk = model.contexts(x, y).flatten(2), model.walk(y)
    for i, pixel in enumerate(x.flatten(2).unbind(2)):
        # The same float32 sums in another order.
        assert torch.allclose(walk.context, whole[:, :, i], atol=1e-5)
        walk.take(pixel)


@torch.no_grad()
def test_the_first_rows_have_the_contexts_that_they_have_in_a_whole_image():
    model = scrambled(genbench.Space((1, 5, 4), levels=4))
    x, y = torch.randint(4, (3, 1, 5, 4)), torch.zeros(3, dtype=torch.int64)
    assert torch.allclose(model.contexts(x[:, :, :2], y), model.contexts(x, y)[:, :, :2], atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(("channels", "levels"), [(1, 4), (3, 4), (1, 256)])
def test_sampling_draws_what_the_whole_network_at_each_pixel_would_draw(channels, levels):
    model = scrambled(genbench.Space((channels, 5, 4), levels=levels, classes=3))
    y = torch.tensor([0, 1, 2, 1])
    torch.manual_seed(2)
    x = torch.zeros(4, channels, 5, 4, dtype=torch.int64)
    for i, c in itertools.product(range(20), range(channels)):
        said = model.logits(model.contexts(x, y), x, c).flatten(2)[:, :, i]
        x.flatten(2)[:, c, i] = LevelLaw(said, levels).chances().multinomial(1)[:, 0]
    torch.manual_seed(2)
    assert torch.equal(model.sample(4, labels=y), x)


@torch.no_grad()
def test_samples_follow_the_density():
    model = scrambled(GREY)
    p = model.log_prob(every_image(GREY)).double().exp()
    index = (model.sample(20_000).flatten(1) * 4 ** torch.arange(3, -1, -1)).sum(1)
    counts = torch.bincount(index, minlength=len(p)).double()
    # Chi-square wants an expectation of 5 in each cell: the rare images share one.
    rare = 20_000 * p < 5
    seen, expected = (
        torch.cat([v[~rare], v[rare].sum().expand(int(rare.any()))]) for v in (counts, 20_000 * p / p.sum())
    )
    assert len(seen) > 30
    assert stats.chisquare(seen.numpy(), expected.numpy()).pvalue > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("levels", [4, 256])
def test_the_laws_of_all_entries_multiply_to_the_density_whatever_stands_behind_them(levels):
    space = genbench.Space((1, 4, 3), levels=levels, classes=3)
    model, x = scrambled(space), torch.randint(levels, (5, 1, 4, 3))
    nats = torch.zeros(5)
    for i in range(12):
        other = torch.randint(levels, (5, 12))
        other[:, :i] = x.flatten(1)[:, :i]
        law = model.next(other.view_as(x), i).log_softmax(1)
        nats += law.gather(1, x.flatten(1)[:, i : i + 1])[:, 0]
    # Sums of float32 logarithms of 12 entries.
    assert torch.allclose(nats, model.log_prob(x), rtol=1e-5, atol=1e-4)


def test_numbers_near_each_other_begin_with_vectors_near_each_other():
    table = embedding(16, 32).weight
    far = (table[0] - table).square().sum(1)
    assert (far.sort().indices[:3] == torch.arange(3)).all()
    assert len(table.detach().unique(dim=0)) == 16


def test_a_short_fit_beats_independent_pixels_on_ramps(ramps):
    space = genbench.Space((1, 6, 6), levels=8)
    data = ramps(space, 4_000)
    train, valid = data.train.x[:].flatten(1), data.valid.x[:]
    counts = torch.nn.functional.one_hot(train, 8).sum(0) + 1
    log_p = (counts / counts.sum(1, keepdim=True)).log()  # [36, 8]
    independent = -log_p[torch.arange(36), valid.flatten(1)].mean()
    model = ImageTransformer(space, width=16, layers=2, lr=1e-2, batch=32)
    model.fit(data)
    with torch.no_grad():
        nats = -model.eval().log_prob(valid).mean() / 36
    assert nats < independent - 0.1


def test_samples_obey_their_labels():
    """Class 0 is dark and class 1 bright."""
    x = torch.cat([torch.randint(2, (48, 1, 4, 4)), torch.randint(2, 4, (48, 1, 4, 4))]).byte().numpy()
    rows = genbench.Split(genbench.Examples(x, torch.arange(2).repeat_interleave(48).numpy()))
    model = ImageTransformer(genbench.Space((1, 4, 4), levels=4, classes=2), **SMALL, lr=1e-2, batch=32)
    model.fit(genbench.TrainingData(model.space, rows, rows, 4_000))
    with torch.no_grad():
        drawn = model.eval().sample(40, labels=torch.arange(2).repeat(20)).float().flatten(1).mean(1)
    assert drawn[::2].mean() < 1 < 2 < drawn[1::2].mean()


def test_colour_has_an_order_of_its_own():
    with pytest.raises(genbench.Unsuitable, match="channel by channel"):
        ImageTransformer(genbench.Space((3, 4, 4), levels=4)).next(torch.zeros(2, 3, 4, 4, dtype=torch.int64), 0)
