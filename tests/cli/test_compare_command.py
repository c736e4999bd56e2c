"""`genbench compare`: what it prints, in which width, and how it ends."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from records import HOSTILE, SUITE, VALUES, candidate, record

from genbench import cli
from genbench.records.files import write
from genbench.records.record import Record

FD, QUALITY = "fd@digits-net", "clipped-density@digits-net"


def seeds(name: str, **factors: float) -> list[Record]:
    """Five seeds of a candidate, its quality and FD changed by factors."""
    changed = {"quality": QUALITY, "fd": FD}
    found = []
    for seed in range(5):
        values = VALUES | {changed[key]: VALUES[changed[key]] * factor for key, factor in factors.items()}
        values = {key: value * (1 + 0.001 * (seed % 3)) for key, value in values.items()}
        found.append(record(name, seed, candidates=[candidate(name, values)]))
    return found


def folder(path: Path, records: list[Record]) -> str:
    path.mkdir()
    for place, own in enumerate(records):
        write(path / f"{place}.json", own)
    return str(path)


@pytest.fixture
def before(tmp_path: Path) -> str:
    return folder(tmp_path / "before", [*seeds("a"), *seeds("b")])


@pytest.fixture
def after(tmp_path: Path) -> str:
    failed = [record("b", seed, candidates=[candidate("b")]) for seed in range(5)]
    return folder(tmp_path / "after", [*seeds("a", quality=1.2, fd=1.5), *failed, *seeds("c")])


def lines(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[str]:
    assert cli.main(["compare", *arguments]) == code
    return capsys.readouterr().out.splitlines()


def test_two_boards_are_compared_score_by_score(
    before: str, after: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    told = [" ".join(line.split()) for line in lines(capsys, before, after, code=3)]
    assert told[:2] == [f"before: {before}", f"after: {after}"]
    assert told[3] == "score before after difference [95 % interval] p"
    assert "clipped-density ↑ 0.500 0.600 +0.100 [0.099, 0.101] <.001 better" in told
    assert "fd ↓ 20.0 30.0 ×1.50 [1.50, 1.50] <.001 worse" in told
    assert told[told.index("b") + 1] == "new failure: failed: error (RuntimeError: boom)"
    assert told[told.index("c") + 1] == "only after"
    assert told[-3:] == [
        "1 better, 1 worse, 2 not separable, 1 new failure, 1 only after",
        "Welch's t test with Holm's correction",
        "over 4 tests at α = 0.05; p is corrected, intervals are not",
    ]


@pytest.mark.parametrize("width", [30, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(
    before: str, after: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    told = lines(capsys, before, after, "--scores", "all", code=3)
    compared = told[told.index("a") :]
    assert max(map(len, compared[:-3])) <= width
    assert any("30.0" in line for line in compared)


def test_only_what_has_changed_is_shown_and_the_correction_stays(
    before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, changed = (lines(capsys, before, after, *more, code=3) for more in ([], ["--only-changed"]))
    assert any(line.endswith("not separable") for line in whole[:-3])
    assert not any(line.endswith("not separable") for line in changed[:-3])
    assert whole[-3:] == changed[-3:]
    assert any("1.50 [1.50, 1.50], p <.001" in line for line in changed)


def test_the_exit_code_is_that_of_two_boards_alone(before: str, after: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines(capsys, before, before)
    lines(capsys, before, after, code=3)
    lines(capsys, before, after, "--only-changed", "--json", code=3)
    lines(capsys, before, after, "--scores", "throughput", code=3)  # b fails
    lines(capsys, after, "--candidates", "c", "a")  # though its FD is worse


def test_json_says_all_that_the_lines_say(before: str, after: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads("\n".join(lines(capsys, before, after, "--json", code=3)))
    assert told["counts"] == {"better": 1, "worse": 1, "not separable": 2, "new failure": 1, "only after": 1}
    assert (told["tests"], told["regressed"], told["notes"]) == (4, True, [])
    (fd,) = [found for found in told["findings"] if found["score"] == FD]
    assert (fd["task"], fd["candidate"], fd["change"], fd["direction"]) == ("generate", "a", "worse", "lower")
    assert fd["difference"]["factor"] is True
    assert fd["difference"]["low"] < 1.5 < fd["difference"]["high"]
    assert fd["difference"]["p"] <= fd["adjusted"] < 0.05
    assert (fd["before"]["mean"], fd["after"]["mean"]) == (pytest.approx(20.0, 0.01), pytest.approx(30.0, 0.01))


def test_two_candidates_of_one_board_need_no_name_above_their_scores(
    before: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    told = lines(capsys, before, "--candidates", "a", "b", "--task", "generate")
    assert told[0] == f"b against a, in {before}"
    assert told[2].split()[:3] == ["score", "first", "second"]
    assert told[-3] == "4 not separable"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{}"], "compare takes two folders of records, before and after, or one and --candidates FIRST SECOND; got 1"),
        (["{}", "{}", "{}"], "got 3 folders"),
        (["{}", "{}", "--candidates", "a", "b"], "got 2 folders with --candidates"),
        (["vae", "gan"], "vae is no folder of records; candidates go by --candidates FIRST SECOND, after the folder"),
        (["{}", "--candidates", "a"], "expected 2 arguments"),
        (["{}", "--candidates", "a", "x"], "no candidate is named 'x' (known: a, b)"),
        (["{}", "{}", "--task", "x"], "no task is named 'x' (known: generate)"),
        (["{}", "{}", "--scores", "fdd"], "no score is named 'fdd'; did you mean 'fd'?"),
        (["{}", "{empty}"], "holds no record"),
    ],
)
def test_wrong_usage_is_a_line(
    before: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (tmp_path / "empty").mkdir()
    given = [text.format(before, empty=tmp_path / "empty") for text in arguments]
    assert cli.main(["compare", *given]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert words in err


def test_two_protocols_are_refused(before: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = [replace(own, protocol="ab" * 32, suite=replace(SUITE, batch=7)) for own in seeds("a")]
    assert cli.main(["compare", before, folder(tmp_path / "other", other)]) == 2
    assert "two protocols (batch 100 and 7)" in capsys.readouterr().err


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_name_steers_the_terminal(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = HOSTILE[kind].replace("\ud800", "")
    failed = [record("a", 0, candidates=[candidate(name, reason=name)])]
    good = [record("a", 0, candidates=[candidate(name, VALUES)])]
    one, other = folder(tmp_path / "one", good), folder(tmp_path / "other", failed)
    told = "\n".join([*lines(capsys, one, other, code=3), *lines(capsys, one, one)])
    assert all(line.isprintable() for line in told.splitlines())
    assert "new failure" in told
    assert cli.main(["compare", one, "--candidates", "a", "x"]) == 2
    assert capsys.readouterr().err.removesuffix("\n").isprintable()
