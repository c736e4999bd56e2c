"""Models of sequences: exact laws over all of a tiny Space, samples that follow them, the smoothing by hand."""

from functools import cache

import numpy as np
import pytest
import torch
from genbench_gru import Gru
from genbench_ngram import Ngram, smoothed
from genbench_transformer import Transformer

import genbench
from genbench.scoring.audits import rungs

TINY = genbench.Space((4,), levels=4, end=1)
EVERY = torch.from_numpy(rungs.states(TINY))
OPEN = genbench.Space((4,), levels=3)
SMALL = {Ngram: {"order": 3}, Gru: {"width": 16}, Transformer: {"width": 16, "layers": 2}}
EACH = pytest.mark.parametrize("cls", list(SMALL))


@cache
@torch.enable_grad()
def fitted(cls: type[genbench.Model], space: genbench.Space, images: int = 4000) -> genbench.Model:
    """The model after a short fit to the rows of a tiny space."""
    torch.manual_seed(0)
    model = cls(space, **SMALL[cls])
    train, valid = (genbench.Split(rungs.examples(space, split)) for split in ("train", "valid"))
    model.fit(genbench.TrainingData(space, train, valid, images))
    return model.eval()


@torch.no_grad()
@pytest.mark.parametrize("space", [TINY, OPEN], ids=["with an end", "without"])
@EACH
def test_its_law_sums_to_1_and_is_the_product_of_what_next_says(cls, space):
    model, every = fitted(cls, space), torch.from_numpy(rungs.states(space))
    nats = model.log_prob(every).double()
    assert nats.exp().sum().item() == pytest.approx(1, abs=1e-5)
    for i in range(4):
        other = every.clone()
        other[:, i:] = 2  # what is not told does not matter
        assert torch.equal(model.next(every, i), model.next(other, i))
    each = [model.next(every, i).double().log_softmax(1).gather(1, every[:, i : i + 1]) for i in range(4)]
    assert torch.allclose(torch.cat(each, 1).sum(1), nats, atol=1e-4)


@torch.no_grad()
@EACH
def test_its_samples_follow_its_law(cls):
    model = fitted(cls, TINY)
    torch.manual_seed(1)
    seen = np.bincount(rungs.indices(model.sample(30_000).numpy(), TINY), minlength=121) / 30_000
    assert np.abs(seen - model.log_prob(EVERY).exp().numpy()).max() < 0.012


@torch.no_grad()
@EACH
def test_what_goes_on_after_its_end_has_no_probability(cls):
    nats = fitted(cls, TINY).log_prob(torch.tensor([[2, 1, 1, 1], [2, 1, 3, 1]]))
    assert torch.isfinite(nats).tolist() == [True, False]


@torch.no_grad()
@pytest.mark.parametrize("cls", [Gru, Transformer])
def test_a_walk_says_what_the_whole_network_says(cls):
    model, x = fitted(cls, OPEN, 800), torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]])
    laws, walk = model.laws(x[:, :-1]), model.walk(2)
    for i in range(4):
        assert torch.allclose(walk.logits, laws[:, i], atol=1e-5)
        if i < 3:
            walk.take(x[:, i])


@EACH
def test_it_declines_what_is_no_sequence_of_tokens(cls):
    for space in (genbench.Space((1, 4, 4), 4), genbench.Space((4,), None)):
        with pytest.raises(genbench.Unsuitable, match=f"{cls.name} needs sequences"):
            cls(space)


def test_a_table_that_is_too_large_is_declined():
    with pytest.raises(genbench.Unsuitable, match="the laws of order 4 have"):
        Ngram(genbench.Space((16,), levels=256))


def test_interpolated_kneser_ney_by_hand():
    """Of "ab ab ac": bigrams <a 3, ab 2, ac 1, of which one is there once and one twice, so that D = 1 / 3."""
    counts = torch.zeros(4, 3, dtype=torch.float64)  # contexts a, b, c and the beginning
    counts[3, 0], counts[0, 1], counts[0, 2] = 3, 2, 1
    # Of one token the number of tokens before it counts: 1 for each, so that the fallback ½ is taken off: uniform.
    lower = [(1 - 0.5) / 3 + 0.5 * 3 / 3 / 3] * 3
    p = smoothed(counts)
    assert p[0].tolist() == pytest.approx(
        [2 / 9 * lower[0], (2 - 1 / 3) / 3 + 2 / 9 * lower[1], (1 - 1 / 3) / 3 + 2 / 9 * lower[2]]
    )
    assert p[1].tolist() == pytest.approx(lower)  # a context that was not seen
    assert p.sum(1).tolist() == pytest.approx([1] * 4)
