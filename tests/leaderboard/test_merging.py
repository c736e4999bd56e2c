"""Runs of several machines become one board, or one line says why they cannot."""

from dataclasses import replace
from pathlib import Path

import pytest
from records import DATASET, record

from genbench.cli import main
from genbench.errors import GenbenchError
from genbench.leaderboard.merging import Filed, merged
from genbench.records.files import read, write
from genbench.records.kinds import ControlKind
from genbench.records.record import Record


def filed(place: str, own: Record) -> Filed:
    return Filed(Path(place) / "record.json", own)


def test_the_trials_of_both_runs_stand_side_by_side_by_model_and_seed() -> None:
    found = merged([filed("b/vae.default.1", record("vae", 1)), filed("a/vae.default.0", record("vae"))])
    assert [(own.record.seed, own.name) for own in found.filed] == [
        (0, "vae.default.0.json"),
        (1, "vae.default.1.json"),
    ]


def test_a_record_that_both_have_counts_once() -> None:
    own = record("vae")
    assert len(merged([filed("a/vae.default.0", own), filed("b/vae.default.0", own)]).filed) == 1


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ([], "nothing to merge"),
        (
            [record("vae"), record("vae", machine={"device_name": "Another CPU"})],
            "two different records of vae seed 0: 0/",
        ),
        ([record("vae"), record("gan", protocol="another")], "two protocols: 0/record.json (digits"),
        ([record("vae"), record("gan", dataset=replace(DATASET, sha256="e2" * 32))], "another dataset"),
        ([record("vae"), record("vae", 1, model={"code": "0" * 64})], "another code of vae"),
    ],
)
def test_what_cannot_be_one_board_is_refused_in_one_line(others: list[Record], words: str) -> None:
    with pytest.raises(GenbenchError) as error:
        merged([filed(str(i), own) for i, own in enumerate(others)])
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_of_a_control_that_both_have_measured_the_newest_stands() -> None:
    control = {"control": ControlKind.FLOOR}
    old, new = (record("noise", model=control, finished=f"2026-01-0{day}T00:00:00Z") for day in (1, 2))
    new = replace(new, secret="f" * 64)
    found = merged([filed("b", new), filed("a", old)])
    assert [own.record for own in found.filed] == [new]
    assert found.passed_over == ("a/record.json: the control noise was measured later too, in b/record.json",)


def test_the_command_copies_records_as_they_are_and_the_report_renders_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [tmp_path / "here/runs/digits", tmp_path / "there/runs/digits"]
    for seed, run in enumerate(runs):
        (run / f"vae.default.{seed}").mkdir(parents=True)
        write(run / f"vae.default.{seed}/record.json", record("vae", seed))
    into = tmp_path / "all"
    assert main(["merge", *map(str, runs), "--into", str(into)]) == 0
    assert capsys.readouterr().out.startswith(f"{into}: 2 records, 1 models besides controls, measured on ")
    for seed, run in enumerate(runs):
        kept = (into / f"records/vae.default.{seed}.json").read_bytes()
        assert kept == (run / f"vae.default.{seed}/record.json").read_bytes()
    assert main(["report", str(into), "--out", str(tmp_path / "site")]) == 0
    assert "vae" in (tmp_path / "site/index.html").read_text()


def test_what_lies_in_the_folder_already_is_joined_too_and_nothing_is_written_where_it_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into, run = tmp_path / "all", tmp_path / "run"
    for folder in (into, run):
        folder.mkdir()
    write(into / "vae.default.0.json", record("vae"))
    write(run / "vae.default.1.json", record("vae", 1))
    assert main(["merge", str(run), "--into", str(into)]) == 0
    assert sorted(path.name for path in into.iterdir()) == ["report", "vae.default.0.json", "vae.default.1.json"]
    write(run / "vae.default.0.json", record("vae", machine={"device_name": "Another CPU"}))
    write(run / "vae.default.2.json", record("vae", 2))
    assert main(["merge", str(run), "--into", str(into)]) == 2
    assert "two different records of vae seed 0" in capsys.readouterr().err
    assert len(list(into.glob("*.json"))) == 2
    assert read(into / "vae.default.0.json").machine.device_name != "Another CPU"


def test_a_board_s_records_may_be_named_themselves(tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    write(run / "vae.default.0.json", record("vae"))
    assert main(["merge", str(run), "--into", str(tmp_path / "board/records"), "--no-report"]) == 0
    assert [path.name for path in (tmp_path / "board/records").iterdir()] == ["vae.default.0.json"]
    assert main(["merge", str(run), "--into", str(tmp_path / "board"), "--no-report"]) == 0
    assert [path.name for path in (tmp_path / "board").iterdir()] == ["records"]
