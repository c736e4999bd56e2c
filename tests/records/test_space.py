"""Space: what it accepts, what it derives, how it travels as JSON."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from genbench.files.codec import decoded, encoded
from genbench.records.space import Space

SIZES = st.integers(1, 64)
SPACES = st.builds(
    Space,
    shape=st.lists(SIZES, min_size=1, max_size=4).map(tuple),
    levels=st.none() | st.integers(1, 2**31),
    classes=st.none() | SIZES,
)


@settings(deadline=None, max_examples=60)
@given(SPACES)
def test_a_space_survives_json(space):
    assert decoded(Space, json.loads(json.dumps(encoded(space)))) == space


@settings(deadline=None, max_examples=60)
@given(SPACES)
def test_the_dimension_counts_the_entries_of_one_sample(space):
    assert space.dim == np.empty(space.shape, np.uint8).size


@settings(deadline=None, max_examples=60)
@given(SPACES.filter(lambda space: space.levels is not None))
def test_the_storage_dtype_holds_every_level(space):
    assert np.iinfo(space.storage).min <= 0
    assert space.levels - 1 <= np.iinfo(space.storage).max


@pytest.mark.parametrize(("levels", "storage"), [(2, "uint8"), (256, "uint8"), (257, "int32"), (None, "float32")])
def test_the_storage_dtype_is_the_narrowest(levels, storage):
    assert Space((2,), levels).storage == storage


@pytest.mark.parametrize("shape", [(), (0,), (-1, 2), (1, 2.0), (True,), "88", (None,), (np.int64(3),)])
def test_a_shape_takes_positive_integers(shape):
    with pytest.raises(ValueError, match="shape takes positive integers, got "):
        Space(shape)


@pytest.mark.parametrize("field", ["levels", "classes"])
@pytest.mark.parametrize("size", [0, -1, 2.0, True, "2"])
def test_levels_and_classes_are_positive_integers(field, size):
    with pytest.raises(ValueError, match=f"{field} takes positive integers, got {size!r}"):
        Space((2,), **{field: size})


def test_more_levels_than_any_storage_dtype_holds_are_refused():
    with pytest.raises(ValueError, match="levels"):
        Space((2,), levels=2**31 + 1)


@pytest.mark.parametrize(
    ("shape", "is_image"),
    [
        ((1, 8, 8), True),
        ((3, 32, 32), True),
        ((2, 8, 8), False),
        ((8, 8), False),
        ((64,), False),
        ((1, 1, 8, 8), False),
    ],
)
def test_an_image_has_one_or_three_channels_height_and_width(shape, is_image):
    assert Space(shape).is_image is is_image


def test_a_space_reads_as_words():
    assert str(Space((1, 8, 8), levels=17, classes=10)) == "1×8×8, 17 levels, 10 classes"
    assert str(Space((2,), levels=None)) == "2, real"


def test_a_space_is_a_value():
    space = Space([3, 4, 5])
    assert space == Space((3, 4, 5))
    assert hash(space) == hash(Space((3, 4, 5)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        space.levels = 2


@pytest.mark.parametrize("end", [-1, 5, 1.0, True, "a"])
def test_an_end_is_a_token(end):
    with pytest.raises(ValueError, match="end takes a token in"):
        Space((4,), levels=5, end=end)


@pytest.mark.parametrize(("shape", "levels"), [((1, 2, 2), 5), ((4,), None)])
def test_only_a_sequence_of_tokens_has_an_end(shape, levels):
    with pytest.raises(ValueError, match="end takes a token in"):
        Space(shape, levels=levels, end=0)


@pytest.mark.parametrize("symbols", ["", "ab", "abb", "ab\n", "ab\u202e", 3])
def test_symbols_are_one_printable_character_a_level(symbols):
    with pytest.raises(ValueError, match="symbols takes 3 different printable characters"):
        Space((4,), levels=3, symbols=symbols)


def test_a_sequence_reads_as_words_and_survives_json():
    space = Space((16,), levels=3, end=0, symbols=".ab")
    assert str(space) == "16, 3 levels, end 0"
    assert decoded(Space, json.loads(json.dumps(encoded(space)))) == space
