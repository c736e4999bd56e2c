"""The codec: what is encoded decodes to the same value, and whatever is not of that kind is refused in one line."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given, strategies as st

from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.codec import Count, Meta, Number, Share


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    """A part."""

    size: Count
    """How large it is."""
    share: Share | None = None
    """Of the whole."""


@dataclass(frozen=True)
class Whole:
    """A whole."""

    name: Annotated[str, Meta(pattern="^[a-z]+$")]
    """What it is called."""
    colour: Colour
    parts: tuple[Part, ...] = ()
    """What it is
    made of."""
    numbers: Mapping[str, Number] = field(default_factory=dict)
    place: Path | None = None

    def __post_init__(self) -> None:
        if len(self.parts) > 3:
            raise ValueError("a whole has at most 3 parts")


PLAIN = {"name": "sun", "colour": "red", "parts": [{"size": 3, "share": 1}], "numbers": {"x": 1.5}, "place": "a/b"}
REFUSED = {
    "a missing field": ({"name": "sun"}, "whole: object missing required field colour"),
    "an unknown field": (PLAIN | {"colr": 1}, "whole.colr is no field that genbench knows"),
    "an unknown field within": (PLAIN | {"parts": [{"size": 1, "weight": 2}]}, r"whole.parts\[0\].weight is no field"),
    "another type": (PLAIN | {"name": 3}, "whole.name: expected str, got int"),
    "a word for a number": (PLAIN | {"numbers": {"x": "1"}}, "whole.numbers.*expected float, got str"),
    "a truth for a number": (PLAIN | {"parts": [{"size": True}]}, r"whole.parts\[0\].size: expected int, got bool"),
    "a fraction for a count": (PLAIN | {"parts": [{"size": 1.5}]}, r"whole.parts\[0\].size: expected int"),
    "below its range": (PLAIN | {"parts": [{"size": -1}]}, r"whole.parts\[0\].size: expected int >= 0"),
    "above its range": (PLAIN | {"parts": [{"size": 1, "share": 1.1}]}, r"parts\[0\].share: expected float <= 1"),
    "beyond all numbers": (PLAIN | {"numbers": {"x": 1e31}}, "whole.numbers"),
    "no member": (PLAIN | {"colour": "green"}, "whole.colour: invalid enum value 'green'"),
    "another form": (PLAIN | {"name": "SUN"}, "whole.name: expected str matching regex"),
    "what it refuses itself": (PLAIN | {"parts": [{"size": 1}] * 4}, "whole: a whole has at most 3 parts"),
    "a list": ([PLAIN], "whole: expected object, got array"),
    "nothing": (None, "whole: expected object, got null"),
}


def test_a_value_becomes_plain_json_and_itself_again():
    value = codec.decoded(Whole, PLAIN)
    assert value == Whole("sun", Colour.RED, (Part(3, 1.0),), {"x": 1.5}, Path("a/b"))
    plain = json.loads(json.dumps(codec.encoded(value), allow_nan=False))
    assert plain == PLAIN
    assert codec.decoded(Whole, plain) == value


def test_every_field_is_encoded_also_one_that_was_left_out_when_it_was_decoded():
    value = codec.decoded(Whole, {"name": "sun", "colour": "red", "parts": [{"size": 1}]})
    assert codec.encoded(value) == codec.encoded(Whole("sun", Colour.RED, (Part(1),)))
    assert codec.encoded(value)["parts"] == [{"size": 1, "share": None}]


@given(
    st.builds(
        Whole,
        st.from_regex("[a-z]+", fullmatch=True),
        st.sampled_from(Colour),
        st.lists(st.builds(Part, st.integers(0, 10**18), st.none() | st.floats(0, 1)), max_size=3).map(tuple),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.floats(-1e29, 1e29)),
    )
)
def test_whatever_a_value_holds_it_survives_the_way_through_json(value):
    assert codec.decoded(Whole, json.loads(json.dumps(codec.encoded(value)))) == value


@pytest.mark.parametrize(("value", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_of_another_kind_is_refused_with_its_place(value, words):
    with pytest.raises(GenbenchError, match=words) as refused:
        codec.decoded(Whole, value, "whole")
    assert str(refused.value).isascii()
    assert "\n" not in str(refused.value)


@dataclass(frozen=True)
class Tree:
    """What may hold more of its own kind."""

    whole: Whole | None = None
    trees: Mapping[str, "Tree"] = field(default_factory=dict)
    pair: tuple[int, Part] | None = None
    lists: tuple[tuple[Part, ...], ...] = ()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"whole": PLAIN | {"x": 1}}, "tree.whole.x"),
        ({"trees": {"a": {}, "b": {"trees": {"c": {"x": 1}}}}}, "tree.trees.b.trees.c.x"),
        ({"trees": {"a": {"whole": PLAIN | {"parts": [{"size": 1}, {"size": 2, "x": 3}]}}}}, "parts[1].x"),
        ({"lists": [[], [{"size": 1}, {"size": 1, "x": 1}]]}, "tree.lists[1][1].x"),
        ({"pair": [1, {"size": 1, "x": 1}]}, "tree.pair[1].x"),
    ],
)
def test_an_unknown_key_is_found_however_deep_it_stands(value, place):
    with pytest.raises(GenbenchError, match=re.escape(place) + " is no field that genbench knows"):
        codec.decoded(Tree, value, "tree")


@pytest.mark.parametrize("key", ["x" * 10_000, "<script>", "new\nline", "safe\u202egnp.exe", "\x1b[31m"])
def test_a_strangers_key_is_quoted_short_and_harmless(key):
    with pytest.raises(GenbenchError) as refused:
        codec.decoded(Whole, PLAIN | {key: 1}, "whole")
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


def test_lone_surrogates_are_replaced_in_keys_and_values():
    value = codec.decoded(Whole, PLAIN | {"numbers": {"a\ud800": 1.0}})
    assert value.numbers == {"a?": 1.0}


def test_a_file_is_written_whole_and_read_back(tmp_path):
    path = tmp_path / "whole.json"
    codec.write(path, codec.decoded(Whole, PLAIN))
    assert codec.read(Whole, path) == codec.decoded(Whole, PLAIN)
    path.write_text('{"name": "sun", "name": "moon", "colour": "red"}')
    with pytest.raises(GenbenchError, match="a key stands twice"):
        codec.read(Whole, path)
    with pytest.raises(GenbenchError, match="larger than 10 bytes"):
        codec.read(Whole, path, limit=10)


def test_a_schema_says_types_ranges_and_the_words_below_each_field():
    schema = codec.schema(Whole)
    whole, part = (schema["$defs"][name] for name in ("Whole", "Part"))
    assert schema["$ref"] == "#/$defs/Whole"
    assert whole["required"] == ["name", "colour"]
    assert not whole["additionalProperties"]
    assert whole["properties"]["parts"]["description"] == "What it is made of."
    assert "description" not in whole["properties"]["colour"]
    assert part["properties"]["size"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 10**18,
        "description": "How large it is.",
    }


WRITTEN = codec.text(codec.encoded(codec.decoded(Whole, PLAIN)))


def test_a_text_that_says_just_what_the_dataclass_does_is_taken_at_once():
    assert codec.as_written(Whole, WRITTEN) == codec.decoded(Whole, PLAIN)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"name"', '"name": "moon", "name"'),
        ('"x": 1.5', '"x": 1.5, "x": 1.5'),
        ('"name"', '"colr": 1, "name"'),
        ('"size"', '"weight": 2, "size"'),
        ('"sun"', '"s\\u0075n"'),
        ("1.5", "1.50"),
        ('"sun"', '"Sun"'),
        ("1.5", "NaN"),
    ],
)
def test_any_other_text_is_not(before, after):
    text = WRITTEN.decode()
    assert before in text
    assert codec.as_written(Whole, text.replace(before, after, 1).encode()) is None


def test_bytes_that_are_no_text_are_not():
    assert codec.as_written(Whole, WRITTEN.replace(b"sun", b"\xff")) is None


def test_a_text_holds_no_number_that_is_none():
    with pytest.raises(ValueError, match="Out of range"):
        codec.text({"x": float("nan")})
