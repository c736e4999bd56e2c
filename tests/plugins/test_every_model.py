"""What holds of every first-party model: what a saved and reloaded one draws, and the data that it declines."""

import re

import numpy as np
import pytest
import torch
from test_zoo import MODELS, model

import genbench
from genbench.builtin.operators.crop import Crop

SPACES = {
    "8×8": genbench.Space((1, 8, 8), levels=5, classes=2),
    "3×9×7": genbench.Space((3, 9, 7), levels=256, classes=2),
    "2×2": genbench.Space((1, 2, 2), levels=4, classes=2),
    "3×1×3": genbench.Space((3, 1, 3), levels=5, classes=2),
    "1×1": genbench.Space((1, 1, 1), levels=2, classes=2),
    "vector": genbench.Space((5,), levels=5, classes=2),
    "reals": genbench.Space((1, 8, 8), levels=None, classes=2),
    "one level": genbench.Space((1, 4, 4), levels=1, classes=2),
}
LARGE = genbench.Space((3, 256, 256), classes=2)  # 196,608 entries
SMALL = {"8×8", "3×9×7", "2×2"}
IMAGES = SMALL | {"3×1×3", "1×1"}
EVERYTHING = set(SPACES)
DECLINES = {  # all others draw images with two levels or more, and nothing else
    **dict.fromkeys(("autoencoder", "class-gaussians", "gaussian", "gaussian-mixture"), EVERYTHING - EVERYTHING),
    "linear-autoregression": {"reals"},
    "zuko-spline-flow": {"reals", "1×1"},
    **dict.fromkeys(("glow", "realnvp"), EVERYTHING - SMALL - {"one level"}),
    **dict.fromkeys(("cyclegan", "ddgan", "gan", "srgan", "vae"), EVERYTHING - SMALL),
    **dict.fromkeys(("gru", "ngram", "sequence-diffusion", "transformer"), EVERYTHING - {"vector"}),
}
TOO_LARGE = {"class-gaussians", "gaussian", "gaussian-mixture", "glow", "linear-autoregression", "realnvp", "vae"}
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")  # diffusers
TRIED = ("8×8", "3×9×7")
VECTORS = [(name, "vector") for name in ("gru", "ngram", "sequence-diffusion", "transformer")]
EACH = pytest.mark.parametrize("name", sorted(MODELS))


def rows(space: genbench.Space, count: int, seed: int) -> genbench.Split:
    """Random rows of two classes."""
    rng = np.random.default_rng(seed)
    shape = count, *space.shape
    x = rng.normal(size=shape) if space.levels is None else rng.integers(space.levels, size=shape)
    captions = np.array(["the one", "the other"])[np.arange(count) % 2]
    return genbench.Split(genbench.Examples(x.astype(space.storage), np.arange(count) % 2, captions=captions))


def fitted(name: str, space: genbench.Space) -> genbench.Model:
    """The model with its own settings, after a step or two."""
    own = model(name)(space)
    own.fit(genbench.TrainingData(space, rows(space, 320, 0), rows(space, 40, 1), 320))
    return own.eval()


def served(name: str) -> list[str]:
    """The kinds of data that it takes."""
    return sorted(EVERYTHING - DECLINES.get(name, EVERYTHING - IMAGES))


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in sorted(MODELS) for kind in served(name)])
def test_it_is_made_for_each_kind_of_data_that_it_serves(name: str, kind: str):
    assert model(name)(SPACES[kind]).space == SPACES[kind]


@EACH
def test_it_declines_the_others_in_words(name: str):
    for kind in EVERYTHING - {*served(name)}:
        with pytest.raises(genbench.Unsuitable, match=f"needs .*, got {re.escape(str(SPACES[kind]))}"):
            model(name)(SPACES[kind])


@pytest.mark.parametrize("name", sorted(TOO_LARGE))
def test_it_declines_images_whose_pixels_are_too_many_for_a_covariance(name: str):
    with pytest.raises(genbench.Unsuitable, match=r"over \d+ entries (is|are) too large"):
        model(name)(LARGE)


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in sorted(MODELS) for kind in TRIED if kind in served(name)] + VECTORS
)
def test_a_reloaded_model_draws_the_same_integers_and_says_the_same_of_them(name: str, kind: str, reloaded):
    space = SPACES[kind]
    first = fitted(name, space)
    twin, labels = reloaded(first), torch.tensor([1, 0, 1])
    if not isinstance(first, genbench.Model):  # it is made for one task alone
        assert torch.equal(*(answered(m, labels) for m in (first, twin)))
        return
    for preset in first.samplers.values():
        for told in ({}, {"labels": labels}) if isinstance(first, genbench.Conditional) else ({},):
            x = drawn(first, told | preset)
            assert torch.equal(drawn(twin, told | preset), x)
            assert (x.shape, x.dtype) == ((3, *space.shape), torch.int64)
            assert 0 <= x.min() <= x.max() < space.levels
    if isinstance(first, genbench.Density):
        assert torch.equal(*(asked(m, x) for m in (first, twin)))


@torch.no_grad()
def drawn(own: genbench.Model, settings: dict[str, object]) -> torch.Tensor:
    """Three samples under one seed."""
    torch.manual_seed(7)
    return own.sample(3, **settings)


@torch.no_grad()
def answered(own: genbench.Captioned | genbench.Restorer | genbench.Translator, labels: torch.Tensor) -> torch.Tensor:
    """What it makes of three rows, or of captions, under one seed."""
    torch.manual_seed(7)
    if isinstance(own, genbench.Captioned):
        return own.illustrate(["the one", "another"])
    x = rows(own.space, 3, 2).x[:]
    if isinstance(own, genbench.Translator):
        return own.translate(x, labels)
    operator = Crop(own.space)
    return own.restore(operator.measure(x.float()), operator, 2)


@torch.no_grad()
def asked(own: genbench.Density, x: torch.Tensor) -> torch.Tensor:
    """What it says of x under one seed, nats [N]."""
    torch.manual_seed(7)
    return own.log_prob(x)
