"""`genbench score --record`: a candidate without a model for a board, or one line for why not."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny

from genbench.builtin.datasets.digits import Digits
from genbench.cli import main
from genbench.records.files import read

BOARD = ("--suite", "digits", "--as", "mine", "--device", "cpu")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    splits = Digits().splits()
    np.save(folder / "held.npy", splits.held.x)
    np.save(folder / "tiny.npy", splits.held.x[:100])
    np.save(folder / "few.npy", splits.held.x[:300])
    np.save(folder / "large.npy", np.zeros((449, 28, 28), np.uint8))
    return folder


def tiny_board(folder: Path) -> list[str]:
    suite = tiny.write_suite(folder, quality="clipped-density", coverage="clipped-coverage")
    return ["--suite", str(suite), *BOARD[2:]]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["score", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if line.startswith("genbench: ")]
    assert len(lines) == 1
    return lines[0]


def test_the_record_is_written_and_told(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "new" / "mine.1.json"
    assert main(["score", str(files / "tiny.npy"), *tiny_board(tmp_path), "--seed", "1", "--record", str(path)]) == 0
    record = read(path)
    (own,) = record.candidates
    assert (own.name, record.seed, record.model.samples_only) == ("mine", 1, True)
    out = capsys.readouterr().out
    assert f"record     {path}" in out
    assert f"sha256 {own.evidence['samples'][:16]}" in out
    assert f"board      tiny/generate, protocol {record.protocol[:16]}" in out
    assert "throughput: n/a: samples only" in out

    told = refusal(capsys, str(files / "held.npy"), *BOARD, "--record", str(path))
    assert told.endswith("is there already, and records do not change; name another file")
    assert read(path) == record


def test_json_is_the_record_itself(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "mine.0.json"
    assert main(["score", str(files / "tiny.npy"), *tiny_board(tmp_path), "--json", "--record", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("file", "arguments", "words"),
    [
        ("few", BOARD, "board digits/generate is of 449 samples a candidate, got 300; bring as many"),
        ("large", BOARD, "is [449, 28, 28], expected samples of 1×8×8"),
        ("held", (*BOARD, "--task", "interpolate"), "interpolate asks questions, which samples do not answer"),
        ("held", (*BOARD, "--dataset", "digits"), "--dataset does not go with --record"),
        ("held", (*BOARD, "--fail-if", "fd>5"), "--fail-if does not go with --record"),
        ("held", (*BOARD, "--all-scores"), "--all-scores does not go with --record"),
        ("held", (*BOARD, "--seed", "-1"), "--seed takes a whole number from 0 on, got -1"),
        ("held", ("--suite", "digits", "--as", "../x"), "--as '../x': names are"),
        ("held", ("--suite", "digits"), "go together: a board, a name, a place"),
        ("held", ("--suite", "digit", "--as", "mine"), "no suite is named 'digit'; did you mean 'digits'?"),
    ],
)
def test_what_a_boards_terms_do_not_meet_is_refused_in_one_line(
    file: str, arguments: tuple[str, ...], words: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "record.json"
    assert words in refusal(capsys, str(files / f"{file}.npy"), *arguments, "--record", str(path))
    assert not path.exists()


def test_a_name_without_a_place_is_refused(files: Path, capsys: pytest.CaptureFixture[str]):
    told = refusal(capsys, str(files / "held.npy"), *BOARD)
    assert told == "genbench: SAMPLES --suite SUITE --as NAME --record FILE go together: a board, a name, a place"
