"""`genbench export`: files where they were asked for, and one line for what is wrong."""

import sqlite3
from pathlib import Path

import pytest

from genbench.cli import main
from genbench.leaderboard import boards, read_records

PUBLISHED = str(Path(__file__).parents[2] / "leaderboards/digits/records")
TASKS = tuple(boards(read_records(Path(PUBLISHED))))  # in the order of the site


def export(*arguments: str, records: str = PUBLISHED) -> int:
    return main(["export", records, *arguments])


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str, records: str = PUBLISHED) -> str:
    assert export(*arguments, records=records) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("form", "suffix"), [("csv", ".csv"), ("latex", ".tex"), ("parquet", ".parquet")])
def test_a_folder_gets_a_file_a_task(form: str, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "new" / "boards"
    assert export("--format", form, "-o", str(out)) == 0
    assert names(out) == sorted(f"{task}{suffix}" for task in TASKS)
    assert capsys.readouterr().out.splitlines() == [str(out / f"{task}{suffix}") for task in TASKS]


def test_a_file_gets_the_first_board_and_says_which_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "board.csv"
    assert export("--format", "csv", "-o", str(out)) == 0
    told = capsys.readouterr()
    assert told.out == f"{out}\n"
    first, *others = TASKS
    assert (first, others[0]) == ("generate", "interpolate")
    kept = f"{out} holds the board of generate alone, not {', '.join(others)}"
    assert told.err == f"genbench: {kept}: name a folder, or say --task\n"
    assert out.read_text().startswith("name,model,")


def test_a_task_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "board.csv"
    assert export("--format", "csv", "-o", str(out), "--task", "interpolate") == 0
    assert "fidelity rank" in out.read_text()
    assert capsys.readouterr().err == ""


def test_one_database_holds_all_boards(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "board.db"
    assert export("--format", "sqlite", "-o", str(out)) == 0
    connection = sqlite3.connect(out)
    assert sorted(connection.execute("SELECT task FROM boards").fetchall()) == sorted((task,) for task in TASKS)
    connection.close()
    assert export("--format", "sqlite", "-o", str(tmp_path)) == 0
    assert names(tmp_path) == ["board.db", "digits.db"]
    assert (tmp_path / "digits.db").read_bytes() == out.read_bytes()


def test_a_submission_has_files_for_the_hub_where_a_benchmark_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert export("--format", "eee", "-o", str(tmp_path / "plain")) == 0
    assert names(tmp_path / "plain") == ["data"]
    assert export("--format", "eee", "-o", str(tmp_path / "both"), "--hub-dataset", "a-lab/digits") == 0
    assert names(tmp_path / "both") == ["data", "hub"]
    told = [int(line.split()[-2]) for line in capsys.readouterr().out.splitlines()]
    assert told == [sum(path.is_file() for path in (tmp_path / out).rglob("*")) for out in ("plain", "both")]
    assert told[1] == 2 * told[0] > 40  # a file for the Hub beside each


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "csv", "--columns", "fd"), "--columns goes with --format latex, got csv"),
        (("--format", "latex", "--hub-dataset", "a/b"), "--hub-dataset goes with --format eee, got latex"),
        (("--format", "eee", "--hub-dataset", "a/b/../c"), "--hub-dataset takes OWNER/NAME, got 'a/b/../c'"),
        (("--format", "csv", "--task", "generat"), "no task is named 'generat'; did you mean 'generate'?"),
        (("--format", "xlsx"), "argument --format: invalid choice: 'xlsx'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert words in refusal(capsys, *arguments, "-o", str(tmp_path / "out"))
    assert names(tmp_path) == []


def test_a_folder_without_records_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = refusal(capsys, "--format", "csv", "-o", str(tmp_path / "a.csv"), records=str(tmp_path))
    assert "holds no record" in words


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").write_text("mine")
    for form in ("eee", "csv"):
        assert refusal(capsys, "--format", form, "-o", str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "mine"
