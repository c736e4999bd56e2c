"""Tunes as a data set: a small corpus of our own, variants of a tune, splits."""

import numpy as np
import pytest

from genbench.builtin.datasets import packaged, tunes
from genbench.builtin.datasets.tunes import Tunes, assigned, groups
from genbench.builtin.notation.tidy import Found
from genbench.errors import GenbenchError
from genbench.files.sequences import lines

NOTES = "CDEFGABcdefgab"


def melody(seed: int, count: int = 24) -> str:
    """Random notes in bars of four."""
    drawn = np.random.default_rng(seed).choice(list(NOTES), count)
    return "|".join("".join(drawn[at : at + 4]) for at in range(0, count, 4))


def told(number: int, title: str, body: str, key: str = "C") -> str:
    """A tune of a file."""
    return f"X:{number}\nT:{title}\nM:2/4\nL:1/8\nK:{key}\n{body}||\n\n"


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A corpus of 60 tunes, one of them twice, one of them in another key, one too long, in a place of its own."""
    texts = [told(n, f"Tune {'abcdefghij'[n % 10]}{'klmnop'[n // 10]}", melody(n)) for n in range(60)]
    extra = [told(60, "The Same", melody(0)), told(61, "Long", melody(61, 400))]
    (tmp_path / "music21/corpus/airdsAirs").mkdir(parents=True)
    (tmp_path / "music21/corpus/airdsAirs/book.abc").write_text("".join([*texts, *extra]))
    monkeypatch.setattr(tunes, "FEWEST", 50)
    monkeypatch.setattr(tunes, "HELD", 10)
    monkeypatch.setattr(tunes, "VALID", 5)
    monkeypatch.setattr(packaged, "find_spec", lambda name: None)
    found = Tunes()
    found.places = [tmp_path]
    return found


def test_each_tune_is_in_one_split(source):
    splits = source.splits()
    sizes = [len(getattr(splits, name)) for name in ("train", "valid", "test", "held")]
    assert sizes == [35, 5, 10, 10]
    x = np.concatenate([getattr(splits, name).x for name in ("train", "valid", "test", "held")])
    written = lines(x, splits.space.symbols, splits.space.end)
    assert sorted(written) == sorted(f"2/4 1/8 C {melody(n)}||" for n in range(60))
    assert source.splits().sha256 == splits.sha256


def test_a_corpus_that_is_not_there_or_too_small_is_told_with_the_package(source, monkeypatch):
    monkeypatch.setattr(tunes, "FEWEST", 100)
    with pytest.raises(
        GenbenchError, match=r"holds 60 tunes in ABC notation, expected at least 100.*pip install music21"
    ):
        source.splits()
    source.places = []
    with pytest.raises(GenbenchError, match=r"dataset tunes is not on this machine: .*pip install music21, or put"):
        source.fetch(None)


def test_a_title_or_sixteen_steps_in_whatever_key_make_variants_of_one_tune():
    body = "C2D2E2F2|GABcdefg|abagfedc|B2A2G2F2|EDCD"
    kept = [
        Found(f"4/4 1/8 C {body}||", ("The Lark -- Reel",)),
        Found("4/4 1/8 G G2A2B2c2|defgabc'd'|e'f'e'd'c'bag|f2e2d2c2|BAGA|z8||", ("Another",)),  # a fifth up
        Found("4/4 1/8 C c8|d8||", ("A LARK (slow)",)),
        Found("4/4 1/8 C C2D2E2F2|GABcdefg|a8||", ("Alone",)),  # eleven steps are the same
        Found("4/4 1/8 D d4e4|d4f4||", ("Another one",)),
    ]
    of = groups(kept)
    assert of[0] == of[1] == of[2]
    assert len({of[0], of[3], of[4]}) == 3


def test_whole_groups_fill_each_split_exactly():
    of = [0] * 7 + [1] * 3 + list(range(2, 42))
    split = assigned(of, {"test": 12, "held": 12, "valid": 6})
    assert [(split == name).sum() for name in ("train", "test", "held", "valid")] == [20, 12, 12, 6]
    for group in (0, 1):
        assert len({name for name, own in zip(split, of, strict=True) if own == group}) == 1
    with pytest.raises(GenbenchError, match="tunes: 2 rows of test cannot be filled with whole groups"):
        assigned([0] * 5, {"test": 2})


@pytest.mark.skipif(packaged.find_spec("music21") is None, reason="music21 is not installed")
def test_the_packages_corpus_is_found_without_importing_it():
    import sys

    path = Tunes()._found()
    assert (path / "oneills1850").is_dir()
    assert "music21" not in sys.modules
