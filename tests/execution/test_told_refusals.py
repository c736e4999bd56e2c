"""A refusal by confinement is told as one, with the path, the rule and the way out."""

import errno

import pytest

from genbench.contracts.job import Confinement
from genbench.execution.refusal import way_out

FILE = PermissionError(errno.EACCES, "Permission denied", "/data/weights.pt")
CONNECTION = PermissionError(errno.EACCES, "Permission denied")
CONFINED = Confinement()


def test_a_file_that_was_refused_is_named_with_the_rule_and_both_ways_out() -> None:
    words = way_out(FILE, CONFINED)
    assert words.startswith("confinement refused /data/weights.pt: a confined plugin reads its own package")
    assert "genbench.Asset(" in words
    assert 'needs = ("files",)' in words
    assert "\n" not in words


def test_a_connection_that_was_refused_is_told_with_its_way_out() -> None:
    assert 'needs = ("network",)' in way_out(CONNECTION, CONFINED)
    assert way_out(CONNECTION, Confinement(network=True)) == ""


def test_a_refusal_that_a_library_wrapped_is_still_one() -> None:
    caused, followed = RuntimeError("cannot load"), RuntimeError("cannot load")
    caused.__cause__, followed.__context__ = FILE, FILE
    for error in (caused, followed):
        assert "/data/weights.pt" in way_out(error, CONFINED)


@pytest.mark.parametrize("level", [None, Confinement(enforced=False), Confinement(everything=True)])
def test_where_nothing_is_confined_a_denied_file_is_the_plugins_own_matter(level: Confinement | None) -> None:
    assert way_out(FILE, level) == ""


def test_other_errors_are_no_refusals() -> None:
    assert way_out(FileNotFoundError(errno.ENOENT, "No such file", "/data/x"), CONFINED) == ""
    assert way_out(ValueError("no"), CONFINED) == ""


def test_errors_that_follow_from_each_other_in_a_circle_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first
    assert way_out(first, CONFINED) == ""
