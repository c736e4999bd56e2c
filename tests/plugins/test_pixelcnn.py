import itertools
import math
from dataclasses import replace

import pytest
import torch
from genbench_gated_stacks import Layer, gate
from genbench_levels import SOFTMAX, LevelLaw
from genbench_pixelcnn import PixelCNN
from scipy import stats

import genbench

GREY = genbench.Space((1, 2, 2), levels=4)
COLOUR = genbench.Space((3, 2, 2), levels=2)
MANY = genbench.Space((1, 1, 2), levels=SOFTMAX + 1)  # of a mixture of logistics
CLASSES = genbench.Space((1, 2, 2), levels=4, classes=3)
SMALL = {"width": 8, "layers": 2}


def every_image(space):
    """All images of a tiny Space: int64 [levels ** dim, *shape]."""
    return torch.tensor(list(itertools.product(range(space.levels), repeat=space.dim))).view(-1, *space.shape)


def scrambled(space, **settings):
    """A model whose zero-initialised parts got random weights, and classes of unequal shares."""
    model = PixelCNN(space, **{**SMALL, **settings}).eval()
    for part in (model.place, *(layer.classes.weight for layer in model.layers)):
        part.data.normal_()
    model.share.copy_(torch.rand(len(model.share)).softmax(0))
    return model


def first_class(x):
    return torch.zeros(len(x), dtype=torch.int64)


@pytest.mark.parametrize("space", [GREY, COLOUR, genbench.Space((1, 1, 5), levels=3), MANY], ids=str)
def test_the_probabilities_of_all_images_sum_to_one(space, ramps):
    model = PixelCNN(space, **PixelCNN.audit_settings)
    model.fit(ramps(space, 2000))
    with torch.no_grad():
        p = model.eval().log_prob(every_image(space)).double().exp()
    # Rounding of 4,096 float32 probabilities.
    assert p.sum().item() == pytest.approx(1, abs=1e-4)
    assert p.max() > 3 * p.mean()  # it has learnt: far from uniform


def test_the_probabilities_of_all_images_sum_to_one_over_classes_too():
    for space in (CLASSES, replace(MANY, classes=2)):
        with torch.no_grad():
            p = scrambled(space).log_prob(every_image(space)).double().exp()
        assert p.sum().item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("place", [(0, 0), (2, 3), (4, 6)])
def test_a_pixel_depends_on_all_earlier_ones_and_on_no_later_one(place, kernel):
    """The gradient reaches every earlier pixel within the receptive field: there is no blind spot."""
    model = scrambled(genbench.Space((1, 5, 7), levels=4), layers=6, kernel=kernel)
    entries = torch.zeros(1, 1, 5, 7, requires_grad=True)
    model.scaled = lambda x: entries[:, : x.shape[1]]
    x = torch.zeros(1, 1, 5, 7, dtype=torch.int64)
    logits = model.logits(model.contexts(x, first_class(x)), x, 0)
    (gradient,) = torch.autograd.grad(logits[0, :, *place].square().sum(), entries)
    reached = gradient.flatten() != 0
    before = place[0] * 7 + place[1]
    assert reached[:before].all()
    assert not reached[before:].any()


@pytest.mark.parametrize("kernel", [3, 7])
def test_in_large_images_four_layers_see_sixteen_pixels_far_and_miss_none_between(kernel):
    model = scrambled(genbench.Space((1, 20, 19), levels=4), layers=4, kernel=kernel)
    entries = torch.zeros(1, 1, 20, 19, requires_grad=True)
    model.scaled = lambda x: entries[:, : x.shape[1]]
    x = torch.zeros(1, 1, 20, 19, dtype=torch.int64)
    logits = model.logits(model.contexts(x, first_class(x)), x, 0)
    (gradient,) = torch.autograd.grad(logits[0, :, 17, 17].square().sum(), entries)
    reached = gradient[0, 0] != 0
    assert reached[1:17, 1:].all()
    assert reached[17, 1:17].all()
    assert not reached[17, 17:].any()
    assert not reached[18:].any()


def test_a_channel_depends_on_the_earlier_channels_of_its_pixel_and_on_no_later_one():
    model = scrambled(genbench.Space((3, 2, 3), levels=4))
    x = torch.randint(4, (1, 3, 2, 3))
    for changed, asked in itertools.product(range(3), range(3)):
        y = x.clone()
        y[:, changed, 1, 1] = (y[:, changed, 1, 1] + 1) % 4
        a, b = (model.logits(model.contexts(z, first_class(z)), z, asked)[..., 1, 1] for z in (x, y))
        assert torch.equal(a, b) == (changed >= asked)


@pytest.mark.parametrize("space", [GREY, genbench.Space((3, 1, 2), levels=2)], ids=str)
def test_samples_follow_the_density(space, ramps):
    model = PixelCNN(space, **SMALL)
    model.fit(ramps(space, 2000))
    with torch.no_grad():
        p = model.eval().log_prob(every_image(space)).double().exp()
        x = model.sample(20_000).flatten(1)
    index = (x * space.levels ** torch.arange(space.dim - 1, -1, -1)).sum(1)
    counts = torch.bincount(index, minlength=len(p)).double()
    # Chi-square wants an expectation of 5 in each cell: the rare images share one.
    rare = 20_000 * p < 5
    seen, expected = (
        torch.cat([v[~rare], v[rare].sum().expand(int(rare.any()))]) for v in (counts, 20_000 * p / p.sum())
    )
    assert len(seen) > 30
    assert stats.chisquare(seen.numpy(), expected.numpy()).pvalue > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("size", [(4, 5), (17, 20)])
def test_a_walk_has_the_contexts_of_the_whole_image(size, kernel):
    model = scrambled(genbench.Space((3, *size), levels=4, classes=2), kernel=kernel, layers=5)
    x, y = torch.randint(4, (3, 3, *size)), torch.tensor([0, 1, 1])
    whole, walk = model.contexts(x, y).flatten(2), model.walk(y)
    for i, pixel in enumerate(x.flatten(2).unbind(2)):
        # The same float32 sums, perhaps in another order.
        assert torch.allclose(walk.context, whole[:, :, i], atol=1e-5)
        walk.take(pixel)


@torch.no_grad()
@pytest.mark.parametrize(("channels", "levels"), [(1, 4), (3, 4), (1, 256), (3, 256)])
def test_sampling_draws_what_the_whole_network_at_each_pixel_would_draw(channels, levels):
    model = scrambled(genbench.Space((channels, 5, 4), levels=levels, classes=3))
    y = torch.tensor([0, 1, 2, 1])
    torch.manual_seed(2)
    x = torch.zeros(4, channels, 5, 4, dtype=torch.int64)
    for i, c in itertools.product(range(20), range(channels)):
        said = model.logits(model.contexts(x, y), x, c)
        place = torch.full((4, 1, 5, 4), -1, dtype=torch.int64)
        p = torch.stack(
            [LevelLaw(said, levels).log_mass(place.fill_(v)).flatten(1)[:, i] for v in range(levels)], dim=1
        ).exp()
        x.flatten(2)[:, c, i] = p.multinomial(1)[:, 0]
    torch.manual_seed(2)
    assert torch.equal(model.sample(4, labels=y), x)


@torch.no_grad()
def test_a_low_temperature_draws_the_most_probable_levels():
    model = scrambled(GREY)
    x = model.sample(50, temperature=1e-4)
    assert (x == x[:1]).all()
    assert len(model.sample(50).unique(dim=0)) > 10


@torch.no_grad()
@pytest.mark.parametrize(("levels", "size"), [(4, (4, 5)), (256, (17, 20))])
def test_a_call_by_itself_tells_what_calls_from_the_first_pixel_on_tell(levels, size):
    space = genbench.Space((1, *size), levels=levels, classes=3)
    model = scrambled(space)
    x = torch.randint(levels, (2, *space.shape))
    along = [model.next(x, i) for i in range(space.dim)]
    for i in (1, size[1] - 1, size[1], space.dim - 1):
        model.eval()  # forgets
        # The same float32 sums, perhaps in another order.
        assert torch.allclose(model.next(x, i), along[i], atol=1e-4)
        if i + 1 < space.dim:
            assert torch.allclose(model.next(x, i + 1), along[i + 1], atol=1e-4)
            assert model._walk is not None  # a second call has begun to walk
    model.eval()
    assert torch.allclose(model.next(x, space.dim // 2), along[space.dim // 2], atol=1e-4)
    other = (x + 1) % levels  # other rows are not taken for those that were looked up
    told = model.next(other, space.dim // 2 + 1)
    model.eval()
    assert torch.allclose(model.next(other, space.dim // 2 + 1), told, atol=1e-4)


@torch.no_grad()
def test_what_comes_next_is_told_anew_after_the_weights_have_changed(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    model, x = PixelCNN(space, **SMALL).eval(), torch.randint(4, (3, 1, 4, 4))
    before = model.next(x, 9)
    with torch.enable_grad():
        model.fit(ramps(space, 640))
    model.eval()
    after = model.next(x, 9)
    model.next(x, 0)
    assert not torch.allclose(after, before, atol=1e-2)
    assert torch.allclose(model.next(x, 9), after, atol=1e-5)  # the way there may be another: what is kept, or all anew


def test_samples_obey_their_labels():
    """Class 0 is dark and class 1 bright."""
    x = torch.cat([torch.randint(2, (48, 1, 4, 4)), torch.randint(2, 4, (48, 1, 4, 4))]).byte().numpy()
    rows = genbench.Split(genbench.Examples(x, torch.arange(2).repeat_interleave(48).numpy()))
    model = PixelCNN(genbench.Space((1, 4, 4), levels=4, classes=2), **SMALL, batch=32)
    model.fit(genbench.TrainingData(model.space, rows, rows, 5_000))
    with torch.no_grad():
        drawn = model.eval().sample(40, labels=torch.arange(2).repeat(20)).float().flatten(1).mean(1)
    assert drawn[::2].mean() < 1 < 2 < drawn[1::2].mean()


def test_an_untrained_softmax_of_zeros_gives_the_logarithm_of_the_levels():
    model = PixelCNN(COLOUR, **SMALL).eval()
    for head in model.heads:
        torch.nn.init.zeros_(head[-1].weight)
        torch.nn.init.zeros_(head[-1].bias)
    nats = -model.log_prob(every_image(COLOUR))
    assert torch.allclose(nats, torch.full_like(nats, 12 * math.log(2)), atol=1e-5)


def test_a_short_fit_beats_independent_pixels(digits):
    data = digits(10_000)
    train, valid = data.train.x[:].flatten(1), data.valid.x[:]
    counts = torch.nn.functional.one_hot(train, 17).sum(0) + 1
    log_p = (counts / counts.sum(1, keepdim=True)).log()  # [64, 17]
    independent = -log_p[torch.arange(64), valid.flatten(1)].mean()
    model = PixelCNN(data.space, width=16, layers=1, batch=32)
    model.fit(data)
    with torch.no_grad():
        nats = -model.eval().log_prob(valid).mean() / 64
    # 0.1 bits per dimension, in nats.
    assert nats < independent - 0.1 * math.log(2)


def test_small_data_are_not_passed_over_more_often_than_asked(ramps):
    space = genbench.Space((1, 3, 3), levels=4)
    data = ramps(space, 50_000)
    PixelCNN(space, epochs=5, batch=32, **SMALL).fit(data)
    assert data.seen == 5 * len(data.train)


def test_the_gate_is_a_tangent_times_a_sigmoid_and_the_class_moves_both():
    layer, v = Layer(4, 1, 1, 0.0, classes=2).eval(), torch.randn(2, 4, 5, 5)
    features, y = layer.vertical(v), torch.tensor([0, 1])
    f, g = features.split(4, dim=1)
    to_f, to_g = layer.classes.weight[y, :8, None, None].split(4, dim=1)  # V_k h of eq. 4, of the vertical stack
    torch.testing.assert_close(gate(features), f.tanh() * g.sigmoid())
    torch.testing.assert_close(layer.down(features, y)[0], (f + to_f).tanh() * (g + to_g).sigmoid())
