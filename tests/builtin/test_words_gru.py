"""`words-gru`: its weights, and what it makes of words, of changed ones and of letters."""

import pydoc_data.topics
import re

import pytest
import torch
import train_words_gru
from safetensors.torch import load_file
from torch import Tensor

from genbench.builtin.extractors.words_gru import DIM, LENGTH, WEIGHTS, WordsGru, told_places
from genbench.errors import Unsuitable
from genbench.records.space import Space

SPACE = Space((LENGTH,), 27, end=0)
WEIGHTS_SHA256 = "06f8e9dca90fa3145812b3a8c74165615ac102c09e36496d84c7254d591c5056"


@pytest.fixture(scope="module")
def words() -> Tensor:
    """The words of Python's own manual, in random order, [N, 16]: English that no split was drawn from."""
    text = " ".join(pydoc_data.topics.topics.values())
    found = sorted(set(re.findall(rf"(?<![\w.])[a-z]{{3,{LENGTH - 1}}}(?![\w.(])", text)))
    x = torch.tensor([[ord(letter) - 96 for letter in word] + [0] * (LENGTH - len(word)) for word in found])
    return x[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))].to(torch.uint8)


@pytest.fixture(scope="module")
def extractor() -> WordsGru:
    return WordsGru(SPACE, torch.device("cpu"))


def changed(x: Tensor, share: float) -> Tensor:
    """Words of which so large a share of the letters comes from the same place in another word."""
    generator = torch.Generator().manual_seed(1)
    others = x[torch.randperm(len(x), generator=generator)]
    taken = (torch.rand(x.shape, generator=generator) < share) & (x > 0) & (others > 0)
    return torch.where(taken, others, x)


def frechet(a: Tensor, b: Tensor) -> float:
    a, b = a.double(), b.double()
    cov_a, cov_b = a.T.cov(), b.T.cov()
    cross = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross)


def test_the_shipped_weights_are_the_known_ones_and_part_of_the_identity(extractor):
    assert extractor.weights_sha256 == WEIGHTS_SHA256
    assert extractor.identity == f"words-gru/1/{WEIGHTS_SHA256[:16]}"
    assert WEIGHTS.stat().st_size < 2**20


def test_features_are_finite_and_about_standardised_on_words_of_another_text(words, extractor):
    features = extractor.features(words)
    assert (features.shape, features.dtype) == ((len(words), DIM), torch.float32)
    assert not features.requires_grad
    assert features.mean(0).abs().max() < 1
    assert 0.5 < features.std(0).min() < features.std(0).max() < 1.5


def test_a_word_has_the_same_features_in_any_company_and_whatever_the_dtype(words, extractor):
    whole, order = extractor.features(words), torch.arange(len(words)).flip(0)
    assert torch.allclose(extractor.features(words[order].long()), whole[order], rtol=0, atol=1e-4)


def test_the_end_is_told_and_nothing_after_it():
    x = torch.tensor([[3, 1, 0, 0], [1, 2, 3, 4], [0, 0, 0, 0]])
    assert told_places(x).tolist() == [[True, True, True, False], [True] * 4, [True, False, False, False]]


def test_what_is_less_of_a_word_lies_farther_off(words, extractor):
    real, fresh = words[::2], words[1::2]
    reference = extractor.features(real)
    kinds = [fresh, *(changed(fresh, share) for share in (0.1, 0.2, 0.4))]
    uniform = torch.randint(1, 27, fresh.shape, generator=torch.Generator().manual_seed(2)).where(fresh > 0, 0)
    found = [frechet(reference, extractor.features(x)) for x in (*kinds, uniform.to(torch.uint8))]
    assert found == sorted(found)
    assert found[-1] > 10 * found[0]


@pytest.mark.parametrize(
    "space", [Space((16,), 27), Space((15,), 27, end=0), Space((16,), 28, end=0), Space((16,), None)]
)
def test_it_refuses_other_spaces_and_names_the_way_out(space):
    with pytest.raises(Unsuitable, match=r"words-gru serves 16, 27 levels, end 0, got .*; ngrams serves any sequence"):
        WordsGru(space, torch.device("cpu"))


def test_loading_draws_no_random_numbers():
    state = torch.get_rng_state()
    WordsGru(SPACE, torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), state)


def test_training_twice_gives_the_same_weights_as_are_loaded(words):
    state = torch.get_rng_state()
    first, second = (train_words_gru.train(words.long(), steps=4).state_dict() for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.keys() == load_file(WEIGHTS).keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_letters_are_changed_in_half_of_the_words_and_the_share_is_counted(words):
    x = words.long().repeat(4, 1)
    out, share = train_words_gru.changed(x, torch.Generator().manual_seed(0))
    assert ((out == 0) == (x == 0)).all()
    assert torch.equal(share, (out != x).sum(1) / (x > 0).sum(1))
    assert 0.3 < (share > 0).float().mean() < 0.5  # of those chosen some get the letters that they had
    assert 0.6 < share.max() <= 1
