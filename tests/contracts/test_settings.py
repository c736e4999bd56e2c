"""Settings: what a constructor declares, the grammar `name[key=value,…]`, and the errors of both."""

import json
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import pytest
from hypothesis import given, settings as checks, strategies as st

from genbench.contracts.settings import Choice, Name, Range, Setting, declared, reference, resolved, split_reference
from genbench.errors import GenbenchError
from genbench.files import codec

if TYPE_CHECKING:
    from genbench.records.space import Space


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
    assert [codec.decoded(Setting, json.loads(json.dumps(codec.encoded(setting)))) for setting in SETTINGS] == SETTINGS


class Typed:
    def __init__(self, space: "Space", *, hidden: "Annotated[int, Range(1, 9)]" = 3, rate: "float" = 0.5) -> None: ...


class Settled:
    def __init__(self, *, frames: int = 9) -> None: ...


class Bare:
    pass


def test_types_that_are_written_as_texts_are_read_one_by_one():
    # `space: "Space"` is a name that only a type checker imports.
    assert declared(Typed) == [Setting("hidden", "int", 3, Range(1, 9)), Setting("rate", "float", 0.5)]


def test_a_task_or_a_solver_is_told_nothing_but_its_settings():
    assert declared(Settled, told=()) == [Setting("frames", "int", 9)]
    assert declared(Bare, told=()) == []
    with pytest.raises(GenbenchError, match=r"^Tunable: the constructor is __init__\(self, \*, settings…\)$"):
        declared(Tunable, told=())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("a b", "int", 1), "setting 'a b' is no Python name"),
        (("a", "int", 1.5), "a takes an integer, got 1.5"),
        (("a", "int", True), "a takes an integer, got True"),
        (("a", "float", float("inf")), "a takes a number, got inf"),
        (("a", "float", 10**400), "a takes a number, got 1000"),
        (("a", "str", "b", Range(0, 1)), "a: a Range has two finite numbers"),
        (("a", "int", 1, Range(0, float("inf"))), "a: a Range has two finite numbers"),
        (("a", "int", 1, Range(2, 0)), "a: a Range has two finite numbers, low and high"),
        (("a", "int", 1, None, (1, "2")), "a: a Choice has values, each an integer, got"),
        (("a", "int", 1, None, ()), "a: a Choice has values"),
        (("a", "str", "c", None, ("a", "b")), "a is one of a, b, got c"),
    ],
)
def test_a_setting_that_contradicts_itself_is_none(fields, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Setting(*fields)


@pytest.mark.parametrize(("name", "whole"), [("vae", True), ("a.b_c-2", True), ("vae\n", False), ("VAE", False)])
def test_a_name_in_json_is_a_whole_name(name, whole):
    @dataclass(frozen=True)
    class Named:
        name: Name

    if whole:
        assert codec.decoded(Named, {"name": name}).name == name
    else:
        with pytest.raises(GenbenchError, match="expected str matching regex"):
            codec.decoded(Named, {"name": name})


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
    with pytest.raises(
        GenbenchError, match=r"a model, a task or a solver is written name or name\[setting=value,…\], got "
    ):
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


class OutOfWords:
    def __init__(self, space: object, *, kind: Annotated[str, Choice()] = "a") -> None: ...


class Ranged:
    def __init__(self, space: object, *, kind: Annotated[str, Range(0, 1)] = "a") -> None: ...


class Unreadable:
    def __init__(self, space: object, *, hidden: "Nowhere" = 3) -> None: ...  # noqa: F821  # that is the point


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
        (OutOfWords, r"kind: a Choice has values, each a text, got \(\)"),
        (Ranged, "kind: a Range has two finite numbers"),
        (Unreadable, "the type of setting hidden is 'Nowhere', which cannot be read"),
        (WrongDefault, "hidden takes an integer, got 1.5"),
    ],
)
def test_a_constructor_that_declares_no_settings_properly_is_refused(cls, message):
    with pytest.raises(GenbenchError, match=f"^{cls.__name__}: {message}"):
        declared(cls)
