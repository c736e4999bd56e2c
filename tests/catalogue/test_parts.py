"""Parts: a process that needs the classes themselves imports each plugin once, and tells what it could not import."""

import logging
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from genbench.catalogue import parts, plugins
from genbench.catalogue.plugins import PARTS, Plugin
from genbench.errors import GenbenchError

PART = """\
import genbench
from pathlib import Path

with Path(__file__).with_suffix(".imports").open("a") as count:
    count.write("imported\\n")


class Part:
    name = {name!r}
    value = {value}


@genbench.hookimpl
def genbench_datasets():
    return [Part]


@genbench.hookimpl
def genbench_metrics():
    return {metrics}
"""


def offering(name: str, value: int = 0, metrics: str = "[]") -> str:
    return PART.format(name=name, value=value, metrics=metrics)


@pytest.fixture
def part(tmp_path) -> Callable[[str, str], Plugin]:
    """`part(text, name)`: a part plugin of that text."""

    def write(text: str, name: str = "part") -> Plugin:
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(text))
        return replace(plugins.loose(str(path)), group=PARTS)

    return write


def test_of_two_parts_with_one_name_the_first_is_kept(part):
    first, second = (part(offering("mine", value), f"part{value}") for value in (1, 2))
    assert parts.datasets([first, second]).named("mine").value == 1
    assert parts.datasets([second, first]).named("mine").value == 2


def test_built_in_parts_win_a_clash(part):
    found = parts.datasets([*plugins.installed(PARTS), part(offering("digits"))])
    assert found.named("digits").__module__ == "genbench.builtin.datasets.digits"


def test_each_kind_is_there():
    own = [plugins.builtin(PARTS)]
    for kind in (parts.datasets, parts.extractors, parts.metrics, parts.tasks, parts.solvers, parts.executors):
        found = kind(own)
        assert found.classes, found.kind
        assert not found.faults
        assert all(cls.name == name for name, cls in found.classes.items())


def test_a_plugin_is_imported_once_however_often_and_for_whatever_it_is_asked(part):
    plugin = part(offering("once"))
    classes = [parts.datasets([plugin]).named("once") for _ in range(3)]
    assert len(set(classes)) == 1
    assert not parts.metrics([plugin]).classes
    assert Path(plugin.file).with_suffix(".imports").read_text() == "imported\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise RuntimeError('boom')", r"cannot be imported: RuntimeError: boom"),
        ("import absent_library", r"cannot be imported: ModuleNotFoundError: No module named 'absent_library'"),
        ("raise SystemExit('bye')", r"cannot be imported: SystemExit: bye"),
        (offering("other", metrics="[1 / 0]"), r"genbench_metrics raised ZeroDivisionError: division by zero"),
        (offering("other", metrics="None"), r"genbench_metrics returns a list of classes or paths, got nothing"),
    ],
)
def test_a_part_that_cannot_be_asked_is_told_once_and_named_where_something_is_missing(part, caplog, text, words):
    plugins_in_order = [part(text, "broken"), part(offering("mine", metrics="[Part]"), "whole")]
    with caplog.at_level(logging.WARNING):
        found = parts.metrics(plugins_in_order)
        again = parts.metrics(plugins_in_order)
    assert set(found.classes) == {"mine"}
    assert found.faults == again.faults
    assert [words in record.getMessage() for record in caplog.records] == [True]
    with pytest.raises(GenbenchError, match=rf"^no metric is named 'fd' \(known: mine\); broken \(.*\): .*{words}"):
        found.named("fd")


def test_without_a_fault_a_missing_part_is_only_missing(part):
    with pytest.raises(GenbenchError, match=r"^no dataset is named 'mime'; did you mean 'mine'\? \(known: mine\)$"):
        parts.datasets([part(offering("mine"))]).named("mime")


def test_a_dataset_is_written_with_the_argument_that_it_takes(tmp_path):
    own = [plugins.builtin(PARTS)]
    found = parts.dataset_named(f"folder:{tmp_path}", own, str(tmp_path))
    assert found.name == "folder"
    assert found.places[0] == tmp_path
    with pytest.raises(GenbenchError, match=r"^the dataset is written folder:"):
        parts.dataset_named("folder", own, "")
    with pytest.raises(GenbenchError, match=r"^no dataset is named 'digit'; did you mean 'digits'"):
        parts.dataset_named("digit", own, "")
