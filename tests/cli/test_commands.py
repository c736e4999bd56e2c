"""Each command: a file with its grammar and its body, a help with examples, nothing imported before it runs."""

import json
import re
import subprocess
import sys

import pytest

from genbench.appraisal import Request
from genbench.cli import COMMANDS, main, parser
from genbench.cli.prepare import ready
from genbench.runs.options import Options

LEAST = {  # the arguments that a command cannot do without
    "run": [],
    "tune": ["-m", "gan", "--trials", "10"],
    "list": [],
    "prepare": ["digits"],
    "score": [],
    "stats": [],
    "report": ["records", "--out", "site"],
    "compare": ["before", "after"],
    "export": ["records", "--format", "csv", "-o", "board.csv"],
    "key": ["my.key"],
    "bundle": ["runs/digits", "-o", "my-bundle"],
    "verify": ["my-bundle"],
    "merge": ["runs/digits", "--into", "all"],
    "new": ["mine", "--family", "vae"],
    "check": ["mine"],
    "schema": ["record"],
    "doctor": [],
    "completion": ["bash"],
}
FILES = {"list": "listing"}  # the others' are called like them
LIGHT = {
    "genbench",
    "genbench.errors",
    "genbench.version",
    *(f"genbench.execution{name}" for name in ("", ".machine", ".elsewhere", ".strangers")),
}
LOADED = "import json, sys\nfrom genbench.cli import main\ntry:\n    main({arguments})\nexcept SystemExit:\n    pass\n"
LOADED += "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as end:
        main([*command, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_the_help_names_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    named = re.findall(r"^    ([a-z]+)\s+\S", help_of(capsys), re.MULTILINE)
    assert named == list(LEAST)
    assert len(COMMANDS) == len(LEAST)


@pytest.mark.parametrize("command", LEAST)
def test_a_command_has_grammar_and_body_in_a_file_of_its_own(command: str) -> None:
    (add,) = [add for add in COMMANDS if add.__module__ == f"genbench.cli.{FILES.get(command, command)}"]
    options = parser([add]).parse_args([command, *LEAST[command]])
    assert options.body.__module__ == add.__module__


@pytest.mark.parametrize("command", LEAST)
def test_the_help_of_a_command_explains_it_and_gives_examples_that_it_takes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = help_of(capsys, command)
    usage, summary, *_ = text.split("\n\n")
    assert usage.startswith(f"usage: genbench {command} ")
    assert re.fullmatch(r"[a-z].* .*[^.\n]", summary) or summary.startswith("the JSON Schema")
    shown = re.findall(r"^  genbench (.*?)(?: {2,}.*| >.*)?$", text.partition("examples:")[2], re.MULTILINE)
    assert shown
    for example in shown:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', example)]
        assert parser().parse_args(words).command == command
    assert ("exit codes:" in text) is (command in ("run", "tune", "score", "check", "compare", "verify"))


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["schema", "--help"], ["--version"]])
def test_the_help_loads_neither_a_library_nor_another_room(arguments: list[str]) -> None:
    program = LOADED.format(arguments=arguments)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stderr))
    assert done.stdout
    assert not loaded & {"torch", "rich", "msgspec", "numpy", "asyncio", "multiprocessing"}
    rooms = {name for name in loaded if name.partition(".")[0] == "genbench" and not name.startswith("genbench.cli")}
    assert rooms <= LIGHT


@pytest.mark.parametrize(("command", "kind"), [("run", Options), ("score", Request)])
def test_what_a_command_leaves_out_is_what_a_call_leaves_out(command: str, kind: type) -> None:
    given = vars(parser().parse_args([command]))
    fields = kind.__dataclass_fields__  # type: ignore[attr-defined]  # it is a dataclass
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    declared = {name: field.default for name, field in fields.items()}
    assert {name: plain[name] or None for name in fields} == {name: value or None for name, value in declared.items()}


def test_what_is_drawn_with_is_said_in_files() -> None:
    words = ["run", "--all", "--replay", "a/record.json", "--replay", "b/record.json", "--secret", "run.secret"]
    options = parser().parse_args(words)
    assert [path.as_posix() for path in options.replay] == ["a/record.json", "b/record.json"]
    assert options.secret.as_posix() == "run.secret"


def test_prepare_says_what_is_ready(supervisor) -> None:
    line = ready("digits", "", supervisor)
    assert re.fullmatch(r"digits is ready \(held 449, test 449, train 599, valid 300\): sha256 \w{64}, /.*", line)
