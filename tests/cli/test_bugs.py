"""What nobody foresaw is told as genbench's own, in one line; its traceback is kept."""

import re
from argparse import Namespace
from pathlib import Path

import pytest

from genbench.cli import main
from genbench.cli.bugs import reported
from genbench.cli.exits import Exit
from genbench.cli.grammar import Body, Commands, add_command
from genbench.errors import GenbenchError


def ended(body: Body) -> int:
    """The exit code of a program with one command, which has this body."""

    def add(commands: Commands) -> None:
        add_command(commands, "act", "does it", "examples:\n  genbench act", body)

    return main(["act"], [add])


def raising(error: BaseException) -> Body:
    def body(options: Namespace) -> Exit:
        raise error

    return body


def test_a_bug_is_one_line_that_says_whose_it_is_and_where_its_traceback_is(capsys: pytest.CaptureFixture[str]) -> None:
    def mistaken(options: Namespace) -> Exit:
        return Exit(len(options))  # type: ignore[arg-type]  # the bug

    assert ended(mistaken) == 1
    output, line = capsys.readouterr()
    words = r"TypeError: object of type 'Namespace' has no len\(\)"
    found = re.fullmatch(
        rf"genbench: a bug of genbench itself: {words}; its traceback is in (\S+): please report it\n", line
    )
    assert output == ""
    assert found
    log = Path(found[1])
    text = log.read_text()
    log.unlink()
    assert "in mistaken" in text
    assert "return Exit(len(options))" in text
    assert text.splitlines()[-1] == "TypeError: object of type 'Namespace' has no len()"


def test_each_bug_has_a_log_of_its_own(tmp_path: Path) -> None:
    lines = {reported(ValueError("twice"), tmp_path) for _ in range(2)}
    assert len(lines) == len(list(tmp_path.iterdir())) == 2
    assert all(str(path) in " ".join(lines) for path in tmp_path.iterdir())


def test_the_words_of_a_bug_stay_in_their_line_and_steer_no_terminal(tmp_path: Path) -> None:
    line = reported(ValueError("first\nsecond\x1b[2J" + "long " * 1000), tmp_path)
    assert line.isprintable()
    assert "ValueError: first second\\x1b[2J" in line
    assert len(line) < 700
    assert "long " * 1000 in next(tmp_path.iterdir()).read_text()


def test_a_traceback_that_cannot_be_kept_is_told_as_well(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = reported(ValueError("x"), tmp_path / "file")
    assert "ValueError: x; its traceback could not be kept (Not a directory): please run it again with TMPDIR" in line


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (GenbenchError("no model is named 'vea'\n(known: vae)"), 2, "genbench: no model is named 'vea' (known: vae)\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_the_user_did_is_no_bug(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(raising(error)) == code
    assert capsys.readouterr() == ("", line)


def test_the_exit_codes_are_those_that_scripts_know() -> None:
    assert {code.name: code.value for code in Exit} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "UNMET": 3,
        "INTERRUPTED": 130,
    }
