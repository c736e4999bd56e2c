"""The U-Net that knows the time and the class, and its training."""

import shutil

import pytest
import torch
from genbench_unet import Attention, UNet, train

import genbench

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 33, 17), (3, 9, 7), (1, 2, 2), (3, 1, 3), (1, 64, 20)]


def scrambled(space, **settings):
    """A network whose layers of zeros got random weights."""
    net = UNet(space, **{"width": 8, "depth": 1, "dropout": 0.0, **settings}).eval()
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_comes_out_is_as_large_as_the_image_and_each_entry_of_the_image_matters(shape):
    net, x = scrambled(genbench.Space(shape, levels=4)), torch.randn(2, *shape, requires_grad=True)
    found = net(x, torch.tensor([0.1, 0.9]))
    assert found.shape == x.shape
    (gradient,) = torch.autograd.grad(found.square().sum(), x)
    assert (gradient != 0).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_before_training_it_tells_all_images_the_same(shape):
    net = UNet(genbench.Space(shape, levels=4), width=8, depth=1, dropout=0.0)
    first, second = net(torch.randn(2, *shape), torch.rand(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_of_several_outputs_each_is_as_large_as_the_image_and_of_its_own(shape):
    net, x = scrambled(genbench.Space(shape, levels=4), outputs=2), torch.randn(2, *shape)
    first, second = net(x, torch.tensor([0.1, 0.9])).chunk(2, dim=1)
    assert first.shape == second.shape == x.shape
    assert not torch.allclose(first, second)


def test_each_row_has_a_time_and_a_class_of_its_own():
    net, x = scrambled(genbench.Space((1, 8, 8), levels=4, classes=3)), torch.randn(3, 1, 8, 8)
    t, label = torch.tensor([0.1, 0.5, 0.5]), torch.tensor([1, 1, 3])
    found = net(x, t, label)
    for row in range(3):
        torch.testing.assert_close(found[row : row + 1], net(x[row : row + 1], t[row : row + 1], label[row : row + 1]))
    torch.testing.assert_close(found[2:], net(x[2:], t[2:]))  # a class that is not told
    assert not torch.allclose(found[:1], net(x[:1], t[:1]))
    assert not torch.allclose(found[:1], net(x[:1], t[1:2], label[:1]))


def test_each_row_has_a_latent_vector_of_its_own_where_there_is_one():
    net, x = scrambled(genbench.Space((1, 8, 8), levels=4), latent=5), torch.randn(2, 1, 8, 8)
    t, z = torch.tensor([0.1, 0.5]), torch.randn(2, 5)
    found = net(x, t, None, z)
    for row in range(2):
        torch.testing.assert_close(
            found[row : row + 1], net(x[row : row + 1], t[row : row + 1], None, z[row : row + 1])
        )
    assert not torch.allclose(found, net(x, t, None, z.flip(0)))


def test_training_tells_most_classes_and_learns_how_common_they_are(digits):
    data, told = digits(4_000), []
    net = UNet(data.space, width=8, depth=1, dropout=0.0)

    def loss(x, label):
        told.append(label)
        return net(x.float(), torch.rand(len(x)), label).mean()

    train(net, data, loss, lr=1e-3, batch=32, epochs=5, untold=0.2)
    told = torch.cat(told)
    assert len(told) == data.seen == 5 * len(data.train) // 32 * 32
    assert told.max() == 10
    assert (told == 10).float().mean().item() == pytest.approx(0.2, abs=4 * (0.16 / len(told)) ** 0.5)
    torch.testing.assert_close(net.share, data.train.y[:].bincount() / len(data.train))
    torch.testing.assert_close(net.drawn(20_000, None).bincount() / 20_000, net.share, rtol=0, atol=0.01)
    assert net.drawn(2, torch.tensor([4, 7])).tolist() == [4, 7]


def test_latent_vectors_hold_the_class_and_draw_it_as_often_as_it_is():
    net = UNet(genbench.Space((1, 2, 2), levels=4, classes=3), width=8, depth=1, dropout=0.0)
    net.share.copy_(torch.tensor([0.2, 0.5, 0.3]))
    z, label = torch.randn(3, 1, 2, 2), torch.tensor([2, 0, 1])
    found = net.parted(net.joined(z, label))
    assert torch.equal(found[0], z)
    assert torch.equal(found[1], label)
    drawn = net.parted(torch.randn(40_000, net.latent_dim))[1].bincount() / 40_000
    torch.testing.assert_close(drawn, net.share, rtol=0, atol=0.01)  # four standard errors


def test_latent_vectors_hold_a_rare_class_of_two():
    net = UNet(genbench.Space((1, 2, 2), levels=4, classes=2), width=8, depth=1, dropout=0.0)
    net.share.copy_(torch.tensor([0.01, 0.99]))
    label = torch.tensor([0, 1])
    assert torch.equal(net.parted(net.joined(torch.randn(2, 1, 2, 2), label))[1], label)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="torch.compile needs a C++ compiler")
def test_a_compiled_network_says_the_same_and_is_saved_and_averaged_as_before(ramps):
    space = genbench.Space((1, 8, 8), levels=4)
    plain, compiled = (UNet(space, width=8, depth=1, dropout=0.0, compiled=own) for own in (False, True))
    for parameter in plain.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    assert [*compiled.state_dict()] == [*plain.state_dict()]
    compiled.load_state_dict(plain.state_dict())
    x, t = torch.randn(5, 1, 8, 8), torch.rand(5)
    before = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    torch.testing.assert_close(compiled(x, t), plain(x, t), rtol=1e-3, atol=1e-4)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > before
    train(
        compiled,
        ramps(space, 64),
        lambda x, _: compiled(x.float(), t[:1]).square().mean(),
        lr=1e-3,
        batch=32,
        epochs=1,
        untold=0.0,
    )


def test_without_classes_none_are_drawn_or_told(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    net, told = UNet(space, width=8, depth=1, dropout=0.0), []

    def loss(x, label):
        told.append(label)
        return net(x.float(), torch.rand(len(x)), label).mean()

    train(net, ramps(space, 64), loss, lr=1e-3, batch=32, epochs=5, untold=0.2)
    assert told == [None, None]
    assert net.drawn(3, None) is None


def test_the_weights_kept_are_an_average_of_the_late_ones(ramps):
    """A loss that draws a weight to 1: the last weight is nearer to 1 than the average of those before."""
    space = genbench.Space((1, 4, 4), levels=4)
    net, last = UNet(space, width=8, depth=1, dropout=0.0), []

    def loss(x, label):
        last.append(net.place.detach().mean().item())
        return (net.place - 1).square().mean()

    train(net, ramps(space, 6_400), loss, lr=1e-3, batch=32, epochs=1_000, untold=0.0)
    assert last[100] < net.place.mean().item() < last[-1]


def test_a_training_of_few_images_takes_fewer_of_them_a_step(ramps):
    space, sizes = genbench.Space((1, 4, 4), levels=4), []
    net = UNet(space, width=8, depth=1, dropout=0.0)

    def loss(x, label):
        sizes.append(len(x))
        return net(x.float(), torch.rand(len(x)), label).mean()

    for images in (3_200, 100_000):
        train(net, ramps(space, images), loss, lr=1e-3, batch=64, epochs=1_000_000, untold=0.0)
    assert sizes[:100] == [32] * 100
    assert sizes[100:] == [40] * 2_500


def test_a_training_of_few_passes_has_no_need_of_dropout(ramps):
    data = ramps(genbench.Space((1, 4, 4), levels=4), 3_200)
    net = UNet(data.space, width=8, depth=1, dropout=0.1)
    train(net, data, lambda x, _: net(x.float(), torch.rand(1)).mean(), lr=1e-3, batch=64, epochs=1, untold=0.0)
    shares = [part.p for part in net.modules() if isinstance(part, torch.nn.Dropout2d)]
    assert shares == pytest.approx([0.1 / 100] * len(shares))
    assert shares


@pytest.mark.parametrize(("shape", "parts"), [((1, 8, 8), 0), ((1, 28, 28), 2)], ids=str)
def test_the_smallest_size_of_a_large_image_has_attention_between_its_blocks(shape, parts):
    net = UNet(genbench.Space(shape, levels=4), width=8, depth=3, dropout=0.0)
    assert sum(isinstance(part, Attention) for part in net.modules()) == parts


def test_attention_weighs_what_the_places_say_by_how_well_it_answers_what_is_asked():
    part, h = Attention(64), torch.randn(2, 64, 3, 5)
    torch.nn.init.normal_(part.said.weight)
    found = part(h, torch.zeros(0))
    places = part.asked(part.norm(h)).permute(0, 2, 3, 1).reshape(2, 15, 3, 2, 32)  # heads of 32 channels
    q, k, v = places.unbind(2)
    weights = (torch.einsum("nphc,nqhc->nhpq", q, k) / 32**0.5).softmax(-1)
    told = torch.einsum("nhpq,nqhc->nphc", weights, v).reshape(2, 3, 5, 64).permute(0, 3, 1, 2)
    torch.testing.assert_close(found, h + part.said(told), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28)], ids=str)
def test_no_part_of_the_network_is_without_a_say(shape):
    net = scrambled(genbench.Space(shape, levels=4, classes=3), depth=2, latent=5)
    net(
        torch.randn(2, *shape), torch.tensor([0.1, 0.9]), torch.tensor([0, 2]), torch.randn(2, 5)
    ).square().sum().backward()
    assert [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()] == []
