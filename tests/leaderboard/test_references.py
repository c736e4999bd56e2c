"""Published values stand beside a board, and change nothing on it."""

from dataclasses import replace
from pathlib import Path

import pytest
from records import SUITE, TERMS, board_records

from genbench.errors import GenbenchError
from genbench.leaderboard import Leaderboard, Reference, boards
from genbench.leaderboard.references import beside, read

FOLDERS = Path(__file__).parents[2] / "leaderboards"
ONE = """
[[reference]]
name = "DDGAN"
source = "https://arxiv.org/abs/2112.07804"
values = { fd = 3.75, nfe = 4 }
"""
DDGAN = Reference("DDGAN", "https://arxiv.org/abs/2112.07804", {"fd": 3.75, "nfe": 4.0})


def written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "references.toml"
    path.write_text(text)
    return path


def test_a_file_says_name_source_values_and_note(tmp_path: Path):
    found = read(written(tmp_path, f'{ONE}note = "on a V100"\ntask = "generate"\n'))
    assert found == (replace(DDGAN, note="on a V100", task="generate"),)


def test_they_are_found_in_a_folder_of_records_and_beside_one(tmp_path: Path):
    records = tmp_path / "digits" / "records"
    records.mkdir(parents=True)
    assert beside(records) == ()
    written(tmp_path / "digits", ONE)
    assert beside(records) == (DDGAN,)
    written(records, ONE.replace("DDGAN", "of its own"))
    assert [own.name for own in beside(records)] == ["of its own"]


def test_a_file_above_another_folder_is_not_read(tmp_path: Path):
    written(tmp_path, ONE)
    (tmp_path / "digits").mkdir()
    assert beside(tmp_path / "digits") == ()


def test_they_change_nothing_that_is_ranked():
    best = Reference("best of all", "https://example.org/", {"fd@digits-net": 0.0, "throughput": 1e12})
    without, board = Leaderboard.of(board_records()), Leaderboard.of(board_records(), references=[best])
    assert board.references == (best,)
    assert replace(board, references=(), standings=without.standings) == without
    assert board.standings.verdict == without.standings.verdict
    told = board.to_json()
    assert told.pop("references") == [
        {"name": "best of all", "source": "https://example.org/", "note": "", "task": ""}
        | {"values": {"fd@digits-net": 0.0, "throughput": 1e12}}
    ]
    assert told | {"references": []} == without.to_json()


def test_each_task_has_its_own_and_the_first_has_those_that_name_none():
    tasks = {"generate": TERMS, "paint": TERMS}
    records = [replace(own, suite=replace(SUITE, tasks=tasks)) for own in board_records(1)]
    found = boards(records, [DDGAN, replace(DDGAN, task="paint"), replace(DDGAN, task="elsewhere")])
    assert {task: [own.task for own in board.references] for task, board in found.items()} == {
        "generate": [""],
        "paint": ["paint"],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ONE.replace("https", "http"), r"reference\[0\]\.source"),
        (ONE.replace("https://arxiv.org", "javascript:alert(1)//"), r"reference\[0\]\.source"),
        (ONE.replace("{ fd = 3.75, nfe = 4 }", "{}"), r"reference\[0\]\.values"),
        (ONE.replace("3.75", '"3.75"'), r"reference\[0\]\.values"),
        (ONE.replace("3.75", "nan"), "references.toml: .*"),
        (ONE.replace("3.75", "inf"), "references.toml: .*"),
        (ONE.replace('"DDGAN"', '""'), r"reference\[0\]\.name"),
        (f"{ONE}rank = 1\n", r"reference\[0\]\.rank is no field that genbench knows"),
        (ONE.replace("source", "origin"), "source"),
        (ONE + ONE, "'DDGAN' stands there twice; give each table a name of its own"),
        ("[reference", "is no file of references"),
    ],
)
def test_what_is_none_is_refused_in_one_line(text: str, words: str, tmp_path: Path):
    path = written(tmp_path, text)
    with pytest.raises(GenbenchError, match=words) as refused:
        read(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path):
    with pytest.raises(GenbenchError, match="larger than 1048576 bytes"):
        read(written(tmp_path, ONE + "#" * 2**20))


@pytest.mark.parametrize("path", sorted(FOLDERS.glob("*/references.toml")), ids=lambda path: path.parent.name)
def test_those_of_the_repository_can_be_read(path: Path):
    assert all(own.note for own in read(path))


def test_there_are_some_in_the_repository():
    assert list(FOLDERS.glob("*/references.toml"))
