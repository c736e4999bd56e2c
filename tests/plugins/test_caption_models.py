"""Models that follow captions: the encoder of texts, the mathematics of guidance, what the fit keeps."""

import itertools

import numpy as np
import pytest
import torch
from genbench_caption_ddpm import CaptionDDPM
from genbench_caption_pixelcnn import CaptionPixelCNN
from genbench_captions import UNKNOWN, TextEncoder, weighed

import genbench
from genbench.store.checkpoints import FolderKeeper

TEXTS = ("a dark one", "a bright one", "a bright other")
SMALL = {CaptionDDPM: {"width": 8, "depth": 1, "steps": 20}, CaptionPixelCNN: {"width": 8, "layers": 2, "dropout": 0.0}}
EACH = pytest.mark.parametrize("cls", list(SMALL))
SPACE, TINY = genbench.Space((1, 4, 4), levels=5), genbench.Space((1, 1, 2), levels=3)


def rows(space: genbench.Space, count: int) -> genbench.Split:
    """Images that are dark, or bright, with a little noise, as their captions say."""
    rng = np.random.default_rng(count)
    which = np.arange(count) % 3
    bright = np.where(which > 0, space.levels - 1, 0)[:, None, None, None]
    noise = rng.random((count, *space.shape)) < 0.1
    x = np.where(noise, rng.integers(space.levels, size=noise.shape), bright).astype(np.uint8)
    return genbench.Split(genbench.Examples(x, captions=np.array(TEXTS)[which]))


def data(space: genbench.Space, images: int, **told) -> genbench.TrainingData:
    return genbench.TrainingData(space, rows(space, 96), rows(space, 30), images, **told)


@torch.enable_grad()
def fitted(cls, space: genbench.Space, images: int, **told):
    torch.manual_seed(0)
    model = cls(space, batch=16, **SMALL[cls])
    model.fit(data(space, images, **told))
    return model.eval()


@pytest.fixture
def encoder() -> TextEncoder:
    own = TextEncoder(6, 8, 0.5).eval()
    own.learn(TEXTS)
    return own


def test_words_are_numbered_by_how_often_they_come_and_others_are_unknown(encoder):
    # a 3, bright and one 2, dark and other 1: of equals the first in the alphabet.
    assert encoder.tokens(["a bright one dark other", "a red", ""]).tolist() == [
        [2, 3, 4, 5, 6],
        [2, UNKNOWN, 0, 0, 0],
        [UNKNOWN, 0, 0, 0, 0],
    ]


@torch.no_grad()
def test_a_caption_means_the_same_beside_longer_ones_and_order_matters(encoder):
    alone = encoder(encoder.tokens(["a dark one"]))
    beside = encoder(encoder.tokens(["a dark one", "a bright other and what not"]))
    assert torch.allclose(alone[0], beside[0], atol=1e-6)
    turned = encoder(encoder.tokens(["one dark a"]))
    assert (alone - turned).abs().max() > 1e-3


def test_the_vocabulary_is_part_of_what_is_kept(encoder):
    fresh = TextEncoder(6, 8, 0.5).eval()
    fresh.load_state_dict(encoder.state_dict())
    assert torch.equal(fresh.tokens(TEXTS), encoder.tokens(TEXTS))
    assert fresh.tokens(["a bright one"]).tolist() == [[2, 3, 4]]


def test_a_tenth_of_the_captions_is_not_told_in_training(encoder):
    tokens = encoder.tokens(["a dark one"]).expand(4000, -1)
    with torch.no_grad():
        encoder.untold.fill_(7.0)
        hidden = (encoder.partly(tokens) == 7).all(1).float().mean().item()
    assert hidden == pytest.approx(0.1, abs=0.02)


def test_guidance_is_what_the_paper_writes():
    """(1 + w) ε(z, c) - w ε(z); w = 0 is the conditional law, w = -1 the other one."""
    untold, told = torch.randn(2, 5, dtype=torch.float64)
    for w in (-1.0, 0.0, 0.5, 2.0):
        assert torch.allclose(weighed(untold, told, 1 + w), (1 + w) * told - w * untold)
    assert torch.allclose(weighed(untold, told, 1.0), told)
    assert torch.equal(weighed(untold, told, 0.0), untold)


@torch.no_grad()
def test_the_denoiser_is_guided_in_what_it_tells():
    model = fitted(CaptionDDPM, SPACE, 320)
    body, x_t = model.body, torch.randn(3, *SPACE.shape)
    told = model.encoder(model.encoder.tokens(TEXTS))
    untold = model.encoder.untold.expand(3, -1)
    with_it, without = (body.told(x_t, 7, vector)[0] for vector in (told, untold))
    assert (with_it - without).abs().max() > 1e-4
    assert torch.allclose(body.told(x_t, 7)[0], without, atol=1e-5)  # no class is no caption
    for guidance in (0.5, 1.0, 3.0):
        signal, noisy = body.shares(7)
        expected = (signal * x_t - noisy * weighed(without, with_it, guidance)).clamp(-1, 1)
        assert torch.allclose(body.reverse(x_t, 7, told, guidance)[0], expected, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("guidance", [0.0, 1.0, 2.5])
def test_the_pixels_follow_the_weighed_laws_of_a_tiny_space(guidance):
    """All nine images of two pixels, by brute force: the law of each entry, weighed and normalised, one by one."""
    model = fitted(CaptionPixelCNN, TINY, 640)
    every = torch.tensor([*itertools.product(range(3), repeat=2)]).view(9, 1, 1, 2)
    vectors = model.encoder.untold, model.encoder(model.encoder.tokens(["a bright one"]))
    laws = []
    for vector in vectors:
        nats = model.body.log_prob_given(every, vector.expand(9, -1)).view(3, 3).double()
        first = nats.logsumexp(1)  # log p(x₁)
        laws.append((first, nats - first[:, None]))
    first, second = (weighed(*pair, guidance).log_softmax(-1) for pair in zip(*laws, strict=True))
    expected = (first[:, None] + second).exp().flatten()
    assert expected.sum().item() == pytest.approx(1, abs=1e-6)
    torch.manual_seed(2)
    x = model.illustrate(["a bright one"] * 20_000, guidance=guidance).view(-1, 2)
    seen = torch.bincount(3 * x[:, 0] + x[:, 1], minlength=9) / len(x)
    assert (seen - expected).abs().max() < 0.015


@torch.no_grad()
@EACH
def test_without_weight_captions_are_not_heard_and_with_it_they_are(cls):
    model = fitted(cls, SPACE, 3200)

    def drawn(text: str, guidance: float) -> torch.Tensor:
        torch.manual_seed(5)
        return model.illustrate([text] * 60, guidance=guidance)

    assert torch.equal(drawn(TEXTS[0], 0.0), drawn(TEXTS[1], 0.0))
    assert drawn(TEXTS[1], 0.0).float().mean() == pytest.approx(8 / 3, abs=0.8)  # bright twice as often as dark
    for guidance in (1.0, 3.0):
        dark, bright = (drawn(text, guidance).float().mean().item() for text in TEXTS[:2])
        assert dark < 1 < 3 < bright
    with torch.random.fork_rng():
        torch.manual_seed(5)
        assert torch.equal(model.illustrate([TEXTS[0]] * 60), drawn(TEXTS[0], 1.0))


@torch.no_grad()
@EACH
def test_a_reloaded_model_draws_the_same_and_reads_words_that_it_never_met(cls):
    model, fresh = fitted(cls, SPACE, 160), cls(SPACE, batch=16, **SMALL[cls])
    fresh.load_state_dict(model.state_dict())
    drawn = []
    for own in (model, fresh.eval()):
        torch.manual_seed(1)
        drawn.append(own.illustrate([*TEXTS, "", "çédille"], guidance=2.0))
    assert torch.equal(*drawn)
    assert (drawn[0].shape, drawn[0].dtype) == ((5, 1, 4, 4), torch.int64)
    assert 0 <= drawn[0].min() <= drawn[0].max() <= 4


@EACH
def test_data_without_captions_are_declined_in_the_fit(cls):
    plain = genbench.Split(genbench.Examples(np.zeros((20, 1, 4, 4), np.uint8)))
    with pytest.raises(genbench.Unsuitable, match="needs data with captions"):
        cls(SPACE).fit(genbench.TrainingData(SPACE, plain, plain, 100))


class Killed(BaseException):
    """Ends a fit between two batches."""


@EACH
def test_a_killed_fit_ends_with_the_weights_of_an_undisturbed_one(cls, tmp_path):
    def killing(images: int, share: float) -> None:
        if images > 8 * 16:
            raise Killed

    whole = fitted(cls, SPACE, 320, seed=1, keeper=FolderKeeper(tmp_path / "whole", 0))
    with pytest.raises(Killed):
        fitted(cls, SPACE, 320, seed=1, keeper=FolderKeeper(tmp_path / "killed", 0), report=killing)
    resumed = fitted(cls, SPACE, 320, seed=1, keeper=FolderKeeper(tmp_path / "killed", 0))
    states = whole.state_dict(), resumed.state_dict()
    assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []


@torch.no_grad()
@EACH
def test_its_calls_can_be_counted_under_every_guidance(cls):
    from genbench.workers.untrusted.accounting import accounted

    model = fitted(cls, SPACE, 160)
    evaluations = [accounted(model, lambda g=g: model.illustrate(TEXTS, guidance=g), 3)[0] for g in (0.0, 1.0, 2.0)]
    assert evaluations == ([20, 20, 40] if cls is CaptionDDPM else [16, 16, 16])
