"""The command line: what is wrong is one line on stderr and exit code 2, before anything is written."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from records import record

import genbench
from genbench import catalogue
from genbench.builtin.tasks.generate import Generate
from genbench.catalogue import KINDS
from genbench.cli import main, parser
from genbench.errors import GenbenchError
from genbench.records import files

MODEL = """\
import genbench


class Tiny(genbench.Model):
    \"\"\"A model that no test here runs.\"\"\"

    name = "tiny"
    family = genbench.Family.BASELINE
    source = "nobody 2026"

    def __init__(self, space: genbench.Space, *, hidden: int = 3, rate: float = 0.5) -> None:
        super().__init__()

    def fit(self, data):
        pass

    def sample(self, n, *, labels=None):
        pass


@genbench.hookimpl
def genbench_models():
    return [Tiny]
"""
SUITE = """\
name = "mine"
dataset = "digits"
images = 1000
batch = 20
seeds = 2
extractor = "pixels"

[tasks.generate]
count = 60
scores = ["fd", "throughput"]
axes = {quality = "fd", coverage = "fd", speed = "throughput"}
"""


@pytest.fixture(scope="module")
def place(supervisor, tmp_path_factory):
    """A folder with a loose plugin, a suite and wrong ones; the catalogue of all of it is cached."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "tiny.py").write_text(MODEL)
    (folder / "mine.toml").write_text(SUITE)
    (folder / "broken.toml").write_text("name = ")
    (folder / "misspelt.toml").write_text(SUITE.replace("count", "cuont"))
    (folder / "extractor.toml").write_text(SUITE.replace('"pixels"', '"pixel"'))
    (folder / "metric.toml").write_text(SUITE.replace('["fd"', '["fdd"'))
    (folder / "dataset.toml").write_text(SUITE.replace('"digits"', '"digit"'))
    (folder / "folder.toml").write_text(SUITE.replace('"digits"', '"folder:nowhere"'))
    (folder / "single.toml").write_text(SUITE.replace("count = 60", "count = 1"))
    (folder / "folder.d.toml").mkdir()
    (folder / "file").touch()
    (folder / "records").mkdir()
    (folder / "board").mkdir()
    files.write(folder / "board/one.json", record("one"))
    catalogue.read(supervisor, [str(folder / "tiny.py")])
    return folder


@pytest.fixture
def genbench_command(place, monkeypatch, capfd):
    """`genbench_command(*arguments)`: exit code, stdout and stderr of a command in the place."""
    monkeypatch.chdir(place)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return (code, *capfd.readouterr())

    return run


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts)


RUN = ("run", "--plugin", "tiny.py", "-m", "tiny", "--suite", "mine.toml")
WRONG = {
    "no command": ((), "the following arguments are required: COMMAND"),
    "an unknown command": (("rnu",), "argument COMMAND: invalid choice: 'rnu'"),
    "an unknown option": (("run", "--everything"), "unrecognized arguments: --everything"),
    "an unknown kind": (("list", "modles"), "argument kind: invalid choice: 'modles'"),
    "no model": (("run", "--suite", "mine.toml"), "which models? --all, --core, or -m NAME once or more"),
    "an unknown model": (("run", *RUN[1:3], "-m", "tniy"), "no model is named 'tniy'; did you mean 'tiny'? (known: "),
    "an unknown setting": ((*RUN, "-m", "tiny[depth=3]"), "tiny has no setting 'depth' (known: hidden, rate)"),
    "a wrong value": ((*RUN, "-m", "tiny[hidden=many]"), "tiny: hidden takes an integer, got 'many'"),
    "a number that is none": ((*RUN, "-m", "tiny[rate=nan]"), "tiny: rate takes a number, got nan"),
    "a wrong reference": (
        (*RUN, "-m", "tiny[hidden"),
        "a model, a task or a solver is written name or name[setting=value,…]",
    ),
    "an unknown suite": ((*RUN, "--suite", "digts"), "no suite is named 'digts'; did you mean 'digits'?"),
    "a suite that is not there": (
        (*RUN, "--suite", "./absent.toml"),
        "suite absent.toml: it cannot be read (No such f",
    ),
    "a suite that is a folder": (
        (*RUN, "--suite", "folder.d.toml"),
        "suite folder.d.toml: it cannot be read (Is a dir",
    ),
    "a single sample": ((*RUN, "--suite", "single.toml"), "[tasks.generate] count is a number of samples or questions"),
    "an interpreter that is not there": ((*RUN, "--python", "x=/nope"), "no program is at /nope"),
    "a suite that is no TOML": ((*RUN, "--suite", "broken.toml"), "suite broken.toml: Invalid value"),
    "an unknown suite key": (
        (*RUN, "--suite", "misspelt.toml"),
        "suite misspelt.toml: unknown key in [tasks.generate] cuont (known: ",
    ),
    "an unknown extractor": ((*RUN, "--suite", "extractor.toml"), "no extractor is named 'pixel'; did you mean"),
    "an unknown metric": ((*RUN, "--suite", "metric.toml"), "no metric is named 'fdd'; did you mean 'fd'?"),
    "an unknown dataset": ((*RUN, "--suite", "dataset.toml"), "no dataset is named 'digit'; did you mean 'digits'?"),
    "no quick form": ((*RUN, "--quick"), "suite mine has no [quick] table"),
    "no seeds": ((*RUN, "--seeds", "0"), "--seeds takes a positive integer, got 0"),
    "an empty folder": ((*RUN, "--out", ""), "argument --out: expected a path, got ''; . is this folder"),
    "seeds in words": ((*RUN, "--seeds", "two"), "argument --seeds: invalid int value: 'two'"),
    "seeds without end": (
        (*RUN, "--seeds", "1000000000"),
        "1 models × 1,000,000,000 seeds are more than 10,000 trials",
    ),
    "no jobs": ((*RUN, "--jobs", "-1"), "--jobs takes a positive integer, got -1"),
    "an unknown way with results": ((*RUN, "--existing", "keep"), "--existing takes reuse, retry-failed, force"),
    "a plugin that is not there": (("run", "--plugin", "tny.py", "--all"), "--plugin takes a Python file or a module"),
    "a listed plugin that is not there": (("list", "--plugin", "tny"), "--plugin takes a Python file or a module"),
    "an unknown device": ((*RUN, "--device", "gpu"), "--device takes auto, cpu, cuda, cuda:N or mps, got 'gpu'"),
    "a Mac's device elsewhere": ((*RUN, "--device", "mps"), "--device mps: only Macs have it; try cpu"),
    "an unknown executor": ((*RUN, "--executor", "locl"), "no executor is named 'locl'; did you mean 'local'?"),
    "results in a file": ((*RUN, "--out", "file"), "cannot be written (Not a directory); choose another place"),
    "results below a file": ((*RUN, "--out", "file/x"), "cannot be written (Not a directory); choose another place"),
    "a secret that is not there": ((*RUN, "--secret", "absent"), "the secret absent cannot be read (No such file"),
    "a secret that is none": ((*RUN, "--secret", "tiny.py"), "tiny.py holds no secret: expected 64 hexadecimal digits"),
    "a replay of no record": ((*RUN, "--replay", "file"), "file is not readable JSON"),
    "records that are not there": (("report", "absent", "--out", "site"), "absent is no folder of records; name one"),
    "a folder without records": (("report", "records", "--out", "site"), "records holds no record, no *.json and no"),
    "a site in a file": (("report", "board", "--out", "file"), "file cannot be written (Not a directory); choose"),
    "a site that nobody can make": (("report", "board", "--out", "/proc/site"), "/proc/site cannot be written ("),
    "a report without a place": (("report", "records"), "the following arguments are required: --out"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_one_line_and_exit_code_2_and_leaves_nothing(genbench_command, place, case):
    arguments, message = WRONG[case]
    before = tree(place)
    code, output, error = genbench_command(*arguments)
    assert (code, output) == (2, "")
    assert error.startswith("genbench: ")
    assert error.count("\n") == 1
    assert message in error
    assert tree(place) == before


def test_an_option_is_written_in_full():
    # Else a script that shortens one breaks, or runs everything, when another option comes to be.
    with pytest.raises(GenbenchError, match="unrecognized arguments: --al"):
        parser().parse_args(["run", "--al"])


def test_a_dry_run_prints_every_trial_and_writes_nothing(genbench_command, place):
    before = tree(place)
    code, output, error = genbench_command(*RUN, "-m", "tiny[hidden=9]", "--dry-run", "--jobs", "1", "--out", "out")
    lines = [line.split() for line in output.splitlines()]
    trials = [(words[0], words[1]) for words in lines if len(words) > 2 and words[1] in ("0", "1")]
    controls = [(name, "0") for name in Generate.controls]
    assert trials == [*controls, *[(model, seed) for seed in "01" for model in ("tiny", "tiny[hidden=9]")]]
    unknown = r"16 trials, 1 at a time: how long is not known yet, (\d+) of \1 steps never ran here"
    assert re.fullmatch(unknown, output.splitlines()[-1])
    assert (code, error) == (0, "")
    assert tree(place) == before


def test_a_dry_run_as_json_holds_the_suite_and_the_trials(genbench_command):
    code, output, _ = genbench_command(*RUN, "--seeds", "1", "--dry-run", "--json")
    plan = json.loads(output)
    assert code == 0
    assert (plan["suite"]["name"], plan["suite"]["seeds"], plan["seconds"]) == ("mine", 1, None)
    assert plan["trials"][-1] == {"model": "tiny", "seed": 0, "seconds": None, "basis": "unknown"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_listing_shows_the_same_names_in_blocks_and_as_json(genbench_command, kind):
    _, text, _ = genbench_command("list", kind, "--plugin", "tiny.py", "--json")
    listing = json.loads(text)
    assert set(listing) == {kind, "faults"}
    code, blocks, error = genbench_command("list", kind, "--plugin", "tiny.py")
    assert (code, error) == (0, "".join(f"genbench: plugin fault: {f}\n" for f in listing["faults"]))
    lines = blocks.splitlines()
    shown = [line.split()[0].partition(":")[0] for line in lines if not line.startswith(" ")]
    # A path is one word, which no line breaks.
    assert all(len(line) <= 80 or len(line.split()) == 1 for line in lines)
    assert shown == [entry["name"] for entry in listing[kind]]
    assert shown


def test_a_listing_of_models_shows_settings_with_their_defaults(genbench_command):
    _, blocks, _ = genbench_command("list", "--plugin", "tiny.py")
    lines = blocks.splitlines()
    (place,) = [index for index, line in enumerate(lines) if line.split()[:1] == ["tiny"]]
    assert lines[place + 2].startswith("  settings: hidden=3, rate=0.5")


def test_a_fault_is_one_line_beside_what_works(genbench_command, supervisor, tmp_path):
    path = tmp_path / "broken.py"
    hook = "@genbench.hookimpl\ndef genbench_models():\n    raise RuntimeError('first line\\nsecond line')\n"
    path.write_text(f"import genbench\n{hook}")
    catalogue.read(supervisor, [str(path)])
    code, table, error = genbench_command("list", "models", "--plugin", str(path))
    reason = "genbench_models raised RuntimeError: first line second line"
    assert (code, error) == (0, f"genbench: plugin fault: broken ({path}): {reason}\n")
    assert "copycat" in table


def test_a_plugins_words_cannot_steer_the_terminal(genbench_command, supervisor, tmp_path):
    path = tmp_path / "steering.py"
    path.write_text(MODEL.replace('"tiny"', '"steering"').replace("hidden: int = 3", r"hidden: str = '\x1b[2J'"))
    catalogue.read(supervisor, [str(path)])
    _, table, _ = genbench_command("list", "models", "--plugin", str(path))
    assert "\x1b" not in table
    assert r"hidden=\x1b[2J" in table


def test_the_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"genbench {genbench.__version__}\n"


def test_a_reader_that_stops_reading_is_no_error(place):
    command = [sys.executable, "-m", "genbench", "list", "metrics", "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=place)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
