"""Words and their features: a small list of our own, and runs of tokens counted by hand."""

import itertools

import numpy as np
import pytest
import torch

from genbench.builtin.datasets import words
from genbench.builtin.datasets.words import Words
from genbench.builtin.extractors.ngrams import Ngrams
from genbench.errors import GenbenchError, Unsuitable
from genbench.files.sequences import lines
from genbench.records.space import Space

SPACE = Space((6,), levels=5, end=0)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A list of 125 words and what is none, in a place of its own."""
    own = ["".join(letters) for letters in itertools.product("abcde", repeat=3)]
    (tmp_path / "american-english").write_text("\n".join([*own, "Abe", "it's", "café", "a" * 16, own[0]]))
    monkeypatch.setattr(words, "FEWEST", 100)
    monkeypatch.setattr(words, "HELD", 20)
    monkeypatch.setattr(words, "VALID", 10)
    monkeypatch.setattr(words, "FILE", tmp_path / "none")
    found = Words()
    found.places = [tmp_path]
    return found


def test_each_word_of_small_letters_is_in_one_split(source):
    splits = source.splits()
    sizes = [len(getattr(splits, name)) for name in ("train", "valid", "test", "held")]
    assert sizes == [75, 10, 20, 20]
    x = np.concatenate([getattr(splits, name).x for name in ("train", "valid", "test", "held")])
    told = sorted(lines(x, splits.space.symbols, splits.space.end))
    assert told == sorted("".join(letters) for letters in itertools.product("abcde", repeat=3))
    assert source.splits().sha256 == splits.sha256


def test_a_list_that_is_not_there_or_too_short_is_told_with_the_package(source, monkeypatch):
    monkeypatch.setattr(words, "FEWEST", 200)
    with pytest.raises(GenbenchError, match=r"holds 125 words of a to z, expected at least 200.*wamerican"):
        source.splits()
    source.places = []
    with pytest.raises(GenbenchError, match=r"words is not on this machine: expected .*apt-get install wamerican"):
        source.fetch(None)


def test_features_are_a_projection_of_runs_and_blind_to_padding():
    own = Ngrams(SPACE, torch.device("cpu"))
    x = torch.tensor(
        [[1, 2, 0, 0, 0, 0], [2, 1, 0, 0, 0, 0], [1, 2, 1, 2, 3, 4], [1, 2, 0, 0, 0, 0]], dtype=torch.uint8
    )
    found = own.features(x)
    assert (found.shape, found.dtype) == ((4, 128), torch.float32)
    assert torch.equal(found[0], found[3])
    assert (found[0] - found[1]).norm() > 0.5  # the same letters in another order
    longer = Ngrams(Space((9,), levels=5, end=0), torch.device("cpu"))
    assert torch.allclose(longer.features(torch.nn.functional.pad(x[:2], (0, 3))), found[:2], atol=1e-6)
    # 3 runs of one, 3 of two and 2 of three tokens, each once: so far from 0 within what 128 numbers keep.
    assert found[0].norm().item() == pytest.approx(1, abs=0.3)


def test_it_declines_what_is_no_sequence():
    for space in (Space((1, 4, 4), 4), Space((4,), None)):
        with pytest.raises(Unsuitable, match="serves sequences of tokens"):
            Ngrams(space, torch.device("cpu"))
