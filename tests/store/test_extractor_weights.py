"""Weights that somebody names go to the extractors that need them, or are refused in one line."""

import json

import pytest

from genbench.contracts.assets import Weights
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.store.extractor_weights import GivenWeights, located, named


def offered(name: str) -> Weights:
    return Weights("https://127.0.0.1:9/w.bin", "0" * 64, "nothing", f"{name}.bin", "CC0-1.0")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two files in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("one.bin", "two.bin"):
        (tmp_path / name).touch()
    return tmp_path


def test_named_files_are_absolute_and_plain_data(files):
    given = named(["a=one.bin", "two.bin"])
    assert given == GivenWeights({"a": files / "one.bin"}, files / "two.bin")
    assert codec.decoded(GivenWeights, json.loads(json.dumps(codec.encoded(given)))) == given
    assert codec.decoded(GivenWeights, codec.encoded(GivenWeights())) == named([])


def test_each_extractor_gets_its_own_and_the_only_one_needs_no_name(files):
    needed = {name: offered(name) for name in "ab"}
    assert located(named(["b=two.bin", "a=one.bin"]), needed) == {"a": files / "one.bin", "b": files / "two.bin"}
    assert located(named(["one.bin"]), {"a": offered("a")}) == {"a": files / "one.bin"}
    assert located(named([]), {}) == {}


@pytest.mark.parametrize(
    ("texts", "needed", "message"),
    [
        (["a=absent.bin"], "a", "--extractor-weights takes NAME=FILE or FILE, and there is no file .*absent.bin$"),
        (["a=one.bin", "a=two.bin"], "a", "--extractor-weights names weights of a twice"),
        (["one.bin", "two.bin"], "a", "--extractor-weights names weights of an extractor without a name twice"),
        (["one.bin"], "ab", "takes NAME=FILE here: the extractors that need weights are: a, b"),
        (["one.bin"], "", "takes NAME=FILE here: the extractors that need weights are: none"),
        (["one.bin", "a=two.bin"], "a", "takes NAME=FILE here"),
        (["c=one.bin"], "ab", r"no score here uses weights of 'c' \(extractors that do: a, b\)"),
        ([], "a", "the weights of extractor a are not on this machine; genbench prepare a downloads a.bin"),
        (["a=one.bin"], "ab", "the weights of extractor b are not on this machine"),
    ],
)
def test_what_does_not_fit_is_refused(files, texts, needed, message):
    with pytest.raises(GenbenchError, match=message):
        located(named(texts), {name: offered(name) for name in needed})
