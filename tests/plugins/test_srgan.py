"""SRGAN: its loss by hand, agreement with what was measured, what it declines, and that it learns."""

import pytest
import torch
from genbench_srgan import PRETRAINED, SRGAN, energy, measuring

import genbench
from genbench.builtin.operators import OPERATORS

SPACE = genbench.Space((1, 8, 8), levels=17)


def test_it_is_trained_on_all_operators_that_measure_such_images():
    names = {shape: {own.name for own in measuring(genbench.Space(shape), "all")} for shape in ((1, 8, 8), (3, 9, 7))}
    assert names[1, 8, 8] == {*OPERATORS} - {"colour", "prefix"}
    assert names[3, 9, 7] == {*OPERATORS} - {"sr2", "sr4", "prefix"}
    with pytest.raises(genbench.Unsuitable, match="colour takes images of three channels"):
        SRGAN(SPACE, operators="colour")


def test_it_declines_an_operator_that_it_was_not_trained_on():
    model, box = SRGAN(SPACE, operators="sr2", width=4), OPERATORS["box"](SPACE)
    with pytest.raises(genbench.Unsuitable, match="was trained on sr2 and not on box"):
        model.restore(torch.zeros(1, *box.shape), box, 2)


@pytest.mark.parametrize("name", sorted({*OPERATORS} - {"colour", "prefix"}))
@torch.no_grad()
def test_its_draws_agree_with_what_was_measured(name):
    """Untrained: agreement comes from the operator, and takes no training."""
    model, operator = SRGAN(SPACE, width=8).eval(), OPERATORS[name](SPACE)
    torch.nn.init.normal_(model.G.last.weight)
    y = operator.measure(torch.randint(17, (20, 1, 8, 8)).float())
    x = model.restore(y, operator, 3)
    assert (x.shape, x.dtype) == ((20, 3, 1, 8, 8), torch.int64)
    assert 0 <= x.min() <= x.max() <= 16
    off = (operator.measure(x.flatten(0, 1).float()) - y.repeat_interleave(3, 0)).square().mean().sqrt()
    assert off <= 2 * operator.rounding + 1e-4
    assert not torch.equal(x[:, 0], x[:, 1])  # each draw has noise of its own


def test_the_loss_is_the_sum_of_equations_4_to_6_with_their_weights():
    model = SRGAN(genbench.Space((1, 8, 8), levels=1 << 16), width=4, feature=0.3, adversarial=0.2).eval()
    x, fake = torch.rand(2, 5, 1, 8, 8) * 65535
    real, restored = 2 * x / 65535 - 1, 2 * fake / 65535 - 1
    label = torch.zeros(5, dtype=torch.int64)
    with torch.no_grad():
        pixel = (restored - real).square().mean()
        content = (model.D.features(restored) - model.D.features(real)).square().mean()
        fooled = -model.D(restored, label).sigmoid().log().mean()
        assert model.perceptual(x, [fake], 0.0).item() == pytest.approx(pixel.item(), rel=1e-4)
        found = model.perceptual(x, [fake], PRETRAINED).item()
    assert found == pytest.approx((pixel + 0.3 * content + 0.2 * fooled).item(), rel=1e-3)


def test_a_part_of_each_batch_is_for_each_operator():
    model, x = SRGAN(SPACE, width=4), torch.randint(17, (14, 1, 8, 8)).float()
    restored, parts = model._restored(x), x.tensor_split(len(model.operators))
    for operator, rows, found in zip(model.operators, parts, restored.tensor_split(len(parts)), strict=True):
        assert torch.allclose(operator.measure(found), operator.measure(rows), atol=1e-3)


def test_the_energy_score_is_least_for_the_true_law():
    """x is 0 or 1, each half of the time. Two draws of its law have ½ - ½·½ = ¼, a sure guess of any value ½."""
    x, one, other = (torch.randint(2, (100_000, 1, 1, 1)).float() for _ in range(3))
    half = torch.full_like(x, 0.5)
    assert energy(one, other, x).item() == pytest.approx(0.25, abs=0.01)
    assert energy(half, half, x).item() == pytest.approx(0.5, abs=0.01)
    assert energy(torch.zeros_like(x), torch.zeros_like(x), x).item() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("pixel", ["square", "energy"])
def test_it_learns_what_the_operator_alone_does_not_know(pixel, ramps):
    space = genbench.Space((1, 8, 8), levels=33)
    data = ramps(space, 3_200)
    model, operator = SRGAN(space, operators="box", pixel=pixel, width=8, blocks=1, batch=32), OPERATORS["box"](space)
    torch.manual_seed(0)
    model.fit(data)
    x = data.valid.x[:]
    y = operator.measure(x.float())
    with torch.no_grad():
        found = model.eval().restore(y, operator, 2)[:, 0].float()
    plain = operator.project(torch.full(x.shape, 16.0), y)
    assert (found - x).square().mean() < (plain - x).square().mean() / 2
