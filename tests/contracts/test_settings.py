"""Settings: what a constructor declares, the grammar `name[key=value,…]`, and the errors of both."""

import json
import string
from typing import Annotated

import pytest
from hypothesis import given, settings as checks, strategies as st

from genbench.contracts.settings import Choice, Range, Setting, declared, reference, resolved, split_reference
from genbench.errors import GenbenchError


class Tunable:
    def __init__(
        self,
        space: object,
        *,
        hidden: Annotated[int, Range(16, 1024, log=True)] = 256,
        rate: float = 1e-3,
        norm: Annotated[str, Choice("batch", "layer")] = "batch",
        tied: bool = False,
    ) -> None: ...


SETTINGS = declared(Tunable)
WORDS = st.text(string.ascii_letters + string.digits + "._=-[]/äß", min_size=1, max_size=12)
FREE = [
    Setting("depth", "int", 2),
    Setting("rate", "float", 0.5),
    Setting("tied", "bool", True),
    Setting("norm", "str", "batch"),
]
VALUES = st.fixed_dictionaries(
    {
        "depth": st.integers(),
        "rate": st.floats(allow_nan=False, allow_infinity=False),
        "tied": st.booleans(),
        "norm": WORDS,
    }
)


@checks(deadline=None, max_examples=60)
@given(VALUES)
def test_a_reference_reads_back_as_the_settings_it_stands_for(values):
    name, given_values = split_reference(reference("some-model", FREE, values))
    assert name == "some-model"
    assert resolved(name, FREE, given_values) == values


@checks(deadline=None, max_examples=60)
@given(VALUES)
def test_a_reference_names_only_what_differs_from_the_defaults(values):
    _, given_values = split_reference(reference("m", FREE, values))
    assert set(given_values) == {s.name for s in FREE if values[s.name] != s.default}


def test_the_reference_of_the_defaults_is_the_bare_name():
    assert reference("m", SETTINGS, resolved("m", SETTINGS, {})) == "m"


def test_a_constructor_declares_its_settings():
    assert declared(Tunable) == [
        Setting("hidden", "int", 256, Range(16, 1024, log=True)),
        Setting("rate", "float", 1e-3),
        Setting("norm", "str", "batch", choices=("batch", "layer")),
        Setting("tied", "bool", False),
    ]


def test_a_declaration_survives_json():
    assert [Setting.from_json(json.loads(json.dumps(setting.to_json()))) for setting in SETTINGS] == SETTINGS


def test_texts_become_values_of_the_declared_type():
    values = resolved("m", SETTINGS, {"hidden": "32", "rate": "2", "norm": "layer", "tied": "True"})
    assert values == {"hidden": 32, "rate": 2.0, "norm": "layer", "tied": True}
    assert [type(value) for value in values.values()] == [int, float, str, bool]


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"hidden": "many"}, "m: hidden takes an integer, got 'many'"),
        ({"hidden": "1.5"}, "m: hidden takes an integer, got '1.5'"),
        ({"hidden": True}, "m: hidden takes an integer, got True"),
        ({"hidden": "8"}, r"m: hidden lies in \[16, 1024\], got 8"),
        ({"hidden": "1025"}, r"m: hidden lies in \[16, 1024\], got 1025"),
        ({"hidden": "9" * 400}, r"m: hidden lies in \[16, 1024\], got 9"),
        ({"rate": "fast"}, "m: rate takes a number, got 'fast'"),
        ({"tied": "1"}, "m: tied takes true or false, got '1'"),
        ({"norm": "group"}, "m: norm is one of batch, layer, got group"),
        ({"width": "3"}, r"m has no setting 'width' \(known: hidden, rate, norm, tied\)"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(given_values, message):
    with pytest.raises(GenbenchError, match=f"^{message}"):
        resolved("m", SETTINGS, given_values)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999"])
def test_a_number_is_finite(text):
    # It stands in keys and records, which are JSON.
    with pytest.raises(GenbenchError, match=r"^m: rate takes a number, got "):
        resolved("m", SETTINGS, {"rate": text})


@pytest.mark.parametrize("value", ["16", "1024"])
def test_the_ends_of_a_range_belong_to_it(value):
    assert resolved("m", SETTINGS, {"hidden": value})["hidden"] == int(value)


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("vae", "vae", {}),
        (" vae ", "vae", {}),
        ("vae[]", "vae", {}),
        ("ddpm[steps=200]", "ddpm", {"steps": "200"}),
        ("ddpm[steps = 200 , width=32,]", "ddpm", {"steps": "200", "width": "32"}),
        ("a.b_c-2[x=y=z]", "a.b_c-2", {"x": "y=z"}),
    ],
)
def test_a_reference_is_split_into_name_and_texts(text, name, values):
    assert split_reference(text) == (name, values)


@pytest.mark.parametrize("text", ["", "[a=1]", "vae[a=1", "vae a=1]", "VAE", "../vae", "vae]", "vae[a=1]x", "a" * 65])
def test_another_form_than_name_and_brackets_is_refused(text):
    with pytest.raises(GenbenchError, match=r"a model is written name or name\[setting=value,…\], got "):
        split_reference(text)


@pytest.mark.parametrize("body", ["steps", "steps=", "=200", "a=1,steps"])
def test_a_setting_without_a_name_or_a_value_is_refused(body):
    with pytest.raises(GenbenchError, match="a setting is written name=value, got "):
        split_reference(f"ddpm[{body}]")


def test_a_setting_is_set_once():
    with pytest.raises(GenbenchError, match="steps is set twice"):
        split_reference("ddpm[steps=1,steps=2]")


class Greedy:
    def __init__(self, space: object, **settings: int) -> None: ...


class Undecided:
    def __init__(self, space: object, *, hidden: int) -> None: ...


class Nested:
    def __init__(self, space: object, *, widths: tuple = (1, 2)) -> None: ...


class Untyped:
    def __init__(self, space: object, *, hidden=3) -> None: ...


class Spaceless:
    def __init__(self, *, hidden: int = 3) -> None: ...


class Positional:
    def __init__(self, space: object, hidden: int = 3) -> None: ...


class OutOfRange:
    def __init__(self, space: object, *, hidden: Annotated[int, Range(1, 2)] = 3) -> None: ...


class WrongDefault:
    def __init__(self, space: object, *, hidden: int = 1.5) -> None: ...


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Greedy, r"settings are named one by one, not with \*settings"),
        (Undecided, "setting hidden needs a default"),
        (Nested, "setting widths is an int, float, bool or str, got <class 'tuple'>"),
        (Untyped, "setting hidden is an int, float, bool or str, got None"),
        (Spaceless, r"the constructor is __init__\(self, space, \*, settings…\)"),
        (Positional, r"the constructor is __init__\(self, space, \*, settings…\)"),
        (OutOfRange, r"hidden lies in \[1, 2\], got 3"),
        (WrongDefault, "hidden takes an integer, got 1.5"),
    ],
)
def test_a_constructor_that_declares_no_settings_properly_is_refused(cls, message):
    with pytest.raises(GenbenchError, match=f"^{cls.__name__}: {message}"):
        declared(cls)
