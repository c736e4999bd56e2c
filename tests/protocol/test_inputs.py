"""Inputs are declared once: the key, what is told and what may be read follow from the same fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from genbench.catalogue.plugins import MODELS, Plugin
from genbench.files import codec
from genbench.protocol.inputs import Kept, SplitFiles, Unkeyed, identity_of, reads_of, splits_of
from genbench.protocol.stages.judgement import key_of

PLUGIN = Plugin("mine", MODELS, "", "/home/me/mine.py", "", "", "c0de" * 16)


@dataclass(frozen=True)
class Inputs:
    """Inputs with a field of each sort."""

    plugin: Plugin
    data: SplitFiles
    count: int
    checkpoint: Kept | None
    files: tuple[Kept, ...] = ()
    weights: Mapping[str, Kept] = field(default_factory=dict)
    often: Unkeyed = 60.0


GIVEN = Inputs(
    PLUGIN,
    SplitFiles("/data/abc", "abc", ("train", "valid")),
    100,
    Kept("/runs/a/checkpoint", "c1"),
    (Kept("/runs/a/one", "11"),),
    {"net": Kept("/cache/net", "22")},
)
ELSEWHERE = replace(
    GIVEN,
    plugin=replace(PLUGIN, file="/home/you/mine.py"),
    data=replace(GIVEN.data, home="/elsewhere/abc"),
    checkpoint=Kept("/other/checkpoint", "c1"),
    often=5.0,
)
OTHERS = {
    "code": {"plugin": replace(PLUGIN, code="beef" * 16)},
    "data": {"data": replace(GIVEN.data, sha256="abd")},
    "splits": {"data": replace(GIVEN.data, splits=("train",))},
    "a number": {"count": 101},
    "a file's bytes": {"checkpoint": Kept("/runs/a/checkpoint", "c2")},
    "no file": {"checkpoint": None},
    "a file more": {"files": (*GIVEN.files, Kept("/runs/a/two", "33"))},
    "weights": {"weights": {"net": Kept("/cache/net", "23")}},
}


def test_the_same_content_at_another_place_has_the_same_key():
    assert key_of("fit", GIVEN) == key_of("fit", ELSEWHERE)


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
def test_whatever_a_result_depends_on_changes_the_key(changes):
    assert key_of("fit", replace(GIVEN, **changes)) != key_of("fit", GIVEN)


def test_another_stage_has_another_key():
    assert key_of("sample/a", GIVEN) != key_of("sample/b", GIVEN)


def test_what_no_result_depends_on_is_told_and_not_in_the_key():
    assert codec.encoded(GIVEN)["often"] == 60.0
    assert "often" not in identity_of(GIVEN)


def test_a_process_may_read_what_its_inputs_name_and_nothing_else():
    assert set(reads_of(GIVEN)) == {
        "/home/me/mine.py",
        "/data/abc/dataset.json",
        *(f"/data/abc/{split}.{part}.npy" for split in ("train", "valid") for part in ("x", "y", "captions")),
        "/runs/a/checkpoint",
        "/runs/a/one",
        "/cache/net",
    }


def test_which_splits_are_shown_follows_from_the_inputs():
    assert splits_of(GIVEN) == {"train", "valid"}


def test_inputs_cross_into_another_process_as_json():
    assert codec.decoded(Inputs, codec.encoded(GIVEN)) == GIVEN
