"""The Python door takes what people write, and refuses the rest as the command line does: one GenbenchError."""

from pathlib import Path

import pytest

import genbench
from genbench.errors import GenbenchError
from genbench.runs.given import options_of


def test_text_is_a_path_and_one_of_several_needs_no_list():
    chosen = options_of(
        "vae",
        {"out": "o", "plugin": Path("mine.py"), "suite": Path("a.toml"), "limit": "fit=60", "replay": "record.json"},
    )
    assert (chosen.models, chosen.out, chosen.plugin) == (["vae"], Path("o"), ["mine.py"])
    assert (chosen.suite, chosen.limit, chosen.replay) == ("a.toml", ["fit=60"], [Path("record.json")])
    assert options_of(("a", "b"), {"seeds": 3, "secret": None}).models == ["a", "b"]


REFUSED = {
    "seeds takes a positive integer, got '2' of type str": {"seeds": "2"},
    "seeds takes a positive integer, got 'True'": {"seeds": True},
    "seeds takes a positive integer, got 0": {"seeds": 0},
    "first_seed takes an integer from 0, got 'None'": {"first_seed": None},
    "first-seed takes an integer from 0 to 2,147,483,647, got -1": {"first_seed": -1},
    "jobs takes a positive integer, got '1.5'": {"jobs": 1.5},
    "quick takes True or False, got 'yes'": {"quick": "yes"},
    "out takes the path of a file or folder, got '3'": {"out": 3},
    "out takes the path of a file or folder, got ''": {"out": ""},
    "device takes text, got 'None'": {"device": None},
    "plugin takes text, or a list of it, got": {"plugin": [3]},
    "run takes no option 'seed'; did you mean 'seeds'?": {"seed": 3},
    "run takes no option 'nope' (known: listener, models": {"nope": 1},
}


@pytest.mark.parametrize(("words", "given"), REFUSED.items())
def test_what_an_option_does_not_take_is_refused_in_words(words, given):
    with pytest.raises(GenbenchError) as caught:
        genbench.run("gaussian", **given)
    assert words in str(caught.value)


def test_models_that_are_none_are_refused_in_words():
    with pytest.raises(GenbenchError, match="models takes text, or a list of it, got '3'"):
        genbench.run(3)
