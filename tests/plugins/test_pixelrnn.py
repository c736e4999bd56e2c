import itertools

import pytest
import torch
from genbench_levels import LevelLaw
from genbench_pixelrnn import PixelRNN, RowLSTM
from scipy import stats

import genbench

GREY = genbench.Space((1, 2, 2), levels=4)
SMALL = {"width": 8, "layers": 2}


def every_image(space):
    """All images of a tiny Space: int64 [levels ** dim, *shape]."""
    return torch.tensor(list(itertools.product(range(space.levels), repeat=space.dim))).view(-1, *space.shape)


def scrambled(space, **settings):
    """A model of larger random weights than it begins with, and classes of unequal shares."""
    model = PixelRNN(space, **{**SMALL, **settings}).eval()
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


@torch.no_grad()
def test_on_images_of_one_column_a_layer_is_an_lstm_from_row_to_row():
    layer, x, y = RowLSTM(5, 0.0, 2), torch.randn(3, 10, 6, 1), torch.tensor([0, 1, 1])
    lstm = torch.nn.LSTM(10, 5, batch_first=True)
    o, f, i, g = torch.arange(20).split(5)
    order = torch.cat([i, f, g, o])  # as torch has its gates
    lstm.weight_ih_l0.copy_(layer.to_state.conv.weight[order, :, 0, 1])
    lstm.weight_hh_l0.copy_(layer.from_state.weight[order, :, 1])
    for j in range(3):
        lstm.bias_ih_l0.copy_(layer.to_state.conv.bias[order])
        lstm.bias_hh_l0.copy_(layer.classes(y[j])[order])
        h, _ = lstm(x[j, :, :, 0].T[None])
        expected = x[j] + layer.out(h.transpose(1, 2)[:, :, :, None])[0]
        # The same float32 sums in another order.
        torch.testing.assert_close(layer(x, y)[j], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("place", [(0, 0), (3, 8), (8, 9), (8, 17)])
def test_a_pixel_sees_a_triangle_above_and_a_few_columns_to_the_left_and_nothing_later(place):
    model = scrambled(genbench.Space((1, 9, 18), levels=4))
    entries = torch.zeros(1, 1, 9, 18, requires_grad=True)
    model.scaled = lambda x: entries[:, : x.shape[1]]
    x, y = torch.zeros(1, 1, 9, 18, dtype=torch.int64), torch.zeros(1, dtype=torch.int64)
    (gradient,) = torch.autograd.grad(model.contexts(x, y)[0, :, *place].square().sum(), entries)
    (i, j), reached = place, gradient[0, 0] != 0
    for r, c in itertools.product(range(9), range(18)):
        # 3 columns by the first convolution, 2 by the two layers, and above one more for each row, of each layer.
        if r == i:
            assert reached[r, c] == (j - 5 <= c < j)
        elif r > i:
            assert not reached[r, c]
        elif abs(c - j) <= 3:
            assert reached[r, c]
        elif c - j > 3 + i - r:
            assert not reached[r, c]  # a state hears of one column to the right in the row above


def test_a_channel_depends_on_the_earlier_channels_of_its_pixel_and_on_no_later_one():
    model = scrambled(genbench.Space((3, 2, 3), levels=4))
    x, y = torch.randint(4, (1, 3, 2, 3)), torch.zeros(1, dtype=torch.int64)
    for changed, asked in itertools.product(range(3), range(3)):
        other = x.clone()
        other[:, changed, 1, 1] = (other[:, changed, 1, 1] + 1) % 4
        a, b = (model.logits(model.contexts(z, y), z, asked)[..., 1, 1] for z in (x, other))
        assert torch.equal(a, b) == (changed >= asked)


@torch.no_grad()
@pytest.mark.parametrize("size", [(5, 6), (9, 1), (1, 7)])
def test_a_walk_has_the_contexts_of_the_whole_image(size):
    model = scrambled(genbench.Space((3, *size), levels=4, classes=2))
    x, y = torch.randint(4, (3, 3, *size)), torch.tensor([0, 1, 1])
    whole, walk = model.contexts(x, y).flatten(2), model.walk(y)
    for i, pixel in enumerate(x.flatten(2).unbind(2)):
        # The same float32 sums in another order.
        assert torch.allclose(walk.context, whole[:, :, i], atol=1e-5)
        walk.take(pixel)


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
def test_the_laws_of_all_entries_multiply_to_the_density_whatever_stands_behind_them():
    space = genbench.Space((1, 4, 3), levels=4, classes=3)
    model, x = scrambled(space), torch.randint(4, (5, 1, 4, 3))
    nats = torch.zeros(5)
    for i in range(12):
        other = torch.randint(4, (5, 12))
        other[:, :i] = x.flatten(1)[:, :i]
        law = model.next(other.view_as(x), i).log_softmax(1)
        nats += law.gather(1, x.flatten(1)[:, i : i + 1])[:, 0]
    # Sums of float32 logarithms of 12 entries.
    assert torch.allclose(nats, model.log_prob(x), rtol=1e-5, atol=1e-4)


def test_a_short_fit_beats_independent_pixels_on_ramps(ramps):
    space = genbench.Space((1, 6, 6), levels=8)
    data = ramps(space, 3_000)
    train, valid = data.train.x[:].flatten(1), data.valid.x[:]
    counts = torch.nn.functional.one_hot(train, 8).sum(0) + 1
    log_p = (counts / counts.sum(1, keepdim=True)).log()  # [36, 8]
    independent = -log_p[torch.arange(36), valid.flatten(1)].mean()
    model = PixelRNN(space, **SMALL, batch=32)
    model.fit(data)
    with torch.no_grad():
        nats = -model.eval().log_prob(valid).mean() / 36
    assert nats < independent - 0.1
