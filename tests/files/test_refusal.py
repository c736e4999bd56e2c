"""A refusal names the place, also within mappings, and what stands there, in one short harmless line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import pytest
from hypothesis import given, strategies as st

from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.codec import Meta, Positive


@dataclass(frozen=True)
class Terms:
    """What is asked."""

    count: Annotated[int, Meta(ge=1)]
    axes: Annotated[Mapping[str, str], Meta(min_length=2, max_length=2)] = field(
        default_factory=lambda: {"a": "x", "b": "y"}
    )
    marks: Mapping[str, Positive] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "forbidden" in self.marks:
            raise ValueError("marks are forbidden - at $.nowhere[...].else")


@dataclass(frozen=True)
class Sheet:
    """A sheet."""

    limits: Mapping[str, Positive] = field(default_factory=dict)
    tasks: Mapping[str, Terms] = field(default_factory=dict)
    many: tuple[Mapping[str, Positive], ...] = ()


REFUSED = {
    "the first key": ({"limits": {"fit": 0, "score": 3}}, "sheet.limits.fit: expected float > 0.0, got 0"),
    "the last key": ({"limits": {"fit": 1, "score": -3.5}}, "sheet.limits.score: expected float > 0.0, got -3.5"),
    "one of two": ({"limits": {"a": 1, "b": "x", "c": "y"}}, "sheet.limits.b: expected float, got str"),
    "within a mapping": ({"tasks": {"one": {"count": 1}, "two": {"count": 0}}}, "sheet.tasks.two.count: expected int"),
    "two mappings deep": (
        {"tasks": {"one": {"count": 1}, "two": {"count": 2, "marks": {"good": 1, "bad": -1}}}},
        "sheet.tasks.two.marks.bad: expected float > 0.0, got -1",
    ),
    "within a list": ({"many": [{}, {"a": 1, "b": 0}]}, "sheet.many[1].b: expected float > 0.0, got 0"),
    "a number of items": (
        {"tasks": {"one": {"count": 1, "axes": {"a": "x"}}}},
        "sheet.tasks.one.axes: expected object of length >= 2, got 1",
    ),
    "an item of a mapping of a fixed size": (
        {"tasks": {"one": {"count": 1, "axes": {"a": "x", "b": 3}}}},
        "sheet.tasks.one.axes[...]: expected str, got int",
    ),
    "a misspelt field": ({"tasks": {"one": {"cuont": 1}}}, "missing required field count; is 'cuont' meant?"),
    "a field too many": ({"limit": {}}, "sheet.limit is no field that genbench knows; is 'limits' meant?"),
    "words that look like a place": ({"tasks": {"one": {"count": 1, "marks": {"forbidden": 1}}}}, "are forbidden"),
}


@pytest.mark.parametrize(("value", "words"), REFUSED.values(), ids=REFUSED)
def test_the_place_and_what_stands_there_are_named(value, words):
    with pytest.raises(GenbenchError) as refused:
        codec.decoded(Sheet, value, "sheet")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


KEYS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.floats(0.5, 2), max_size=8)


@given(KEYS, st.text(max_size=300), KEYS)
def test_whatever_stands_around_it_the_first_wrong_item_is_the_one_that_is_named(before, key, after):
    before.pop(key, None)
    items = {**before, key: -1.0, **{name: -1.0 for name in after if name not in before}}
    with pytest.raises(GenbenchError) as refused:
        codec.decoded(Sheet, {"limits": items}, "sheet")
    words = str(refused.value)
    assert words.startswith(ascii(f"sheet.limits.{key}")[1:-1][:100])
    assert words.isascii()
    assert words.isprintable()
    assert len(words) < 400
