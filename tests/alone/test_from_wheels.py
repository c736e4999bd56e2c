"""What a stranger gets: the tutorial and the notebook run on wheels alone, built from sdists."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
BUILD = """
import contextlib, os, setuptools.build_meta, sys
build = getattr(setuptools.build_meta, "build_" + sys.argv[1])
for folder in sys.argv[3:]:  # setuptools remembers, so that each has a process of its own
    if not os.fork():
        os.chdir(folder)
        with contextlib.redirect_stdout(sys.stderr):
            name = build(sys.argv[2])
        print(name, flush=True)
        os._exit(0)
    if os.wait()[1]:
        raise SystemExit(1)
"""
TUTORIAL = (ROOT / "docs/ten-minutes.md").read_text(encoding="utf-8")
NOTEBOOK = ROOT / "docs/first-board.ipynb"
EXECUTE = """
import nbclient, nbformat, sys
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=300).execute()
print(nbformat.writes(notebook))
"""


def built(what: str, sources: Sequence[Path], into: Path) -> list[Path]:
    """The distributions that setuptools makes of folders, in their order: sdists or wheels."""

    def done(some: Sequence[Path]) -> list[Path]:
        command = [sys.executable, "-c", BUILD, what, str(into), *map(str, some)]
        said = subprocess.run(command, cwd=into, capture_output=True, text=True, check=True).stdout
        return [into / name for name in said.splitlines()]

    half = len(sources) // 2
    with ThreadPoolExecutor() as pool:
        return [path for paths in pool.map(done, (sources[:half], sources[half:])) for path in paths]


def copied(project: Path, folder: Path) -> Path:
    """What of a project is under version control, in a folder: builds leave files beside their sources."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=project, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith(("plugins/", "tests/", "reports/", "leaderboards/")) or name.endswith("README.md"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(project / name, folder / name)
    return folder


def unpacked(archive: Path, folder: Path) -> Path:
    """What is in an sdist."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of genbench, first, and of its plugins, from their sdists: what these leave out is in none."""
    folder = tmp_path_factory.mktemp("wheels")
    sources = [copied(project, folder / "sources" / project.name) for project in (ROOT, *PLUGINS)]
    sdists = built("sdist", sources, folder)
    return built("wheel", [unpacked(sdist, folder / "unpacked") for sdist in sdists], folder)


@pytest.fixture(scope="module")
def environment(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables of an environment of its own that has the wheels, and of this one what they depend on."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    (library,) = folder.glob("lib/python*/site-packages")
    (library / "depends.pth").write_text(sysconfig.get_path("purelib") + "\n")  # a path in it is not a .pth in that
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables |= {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": ""}
    # Nothing is downloaded: dependencies, and what builds, are there.
    variables |= {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    variables |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run(
        ["pip", "uninstall", "--quiet", "--yes", "setuptools"], env=variables, check=True
    )  # Python 3.11's, old
    subprocess.run(["pip", "install", "--quiet", "--ignore-installed", *map(str, wheels)], env=variables, check=True)
    yield variables
    shutil.rmtree(folder)


def done(command: str, variables: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A shell command, run to its end."""
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=variables, capture_output=True, text=True, timeout=600
    )


def told(command: str, variables: Mapping[str, str], folder: Path) -> str:
    """What a shell command prints; one that fails, fails the test with all that it said."""
    ended = done(command, variables, folder)
    assert ended.returncode == 0, f"{command}: exit code {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def test_a_wheel_that_was_built_from_an_sdist_has_every_file_of_the_package(wheels: list[Path]):
    tracked = subprocess.run(["git", "ls-files", "genbench"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(tracked.stdout.split()) <= set(zipfile.ZipFile(wheels[0]).namelist())


def test_the_wheels_are_what_runs(environment: Mapping[str, str], tmp_path: Path):
    place = told("python -c 'import genbench; print(genbench.__file__)'", environment, tmp_path)
    assert str(ROOT) not in place
    models = json.loads(told("genbench list models --json", environment, tmp_path))
    assert models["faults"] == []
    assert {"gaussian", "vae", "ddpm"} <= {model["name"] for model in models["models"]}


def test_every_wheel_says_who_made_it_and_under_which_licence(wheels: list[Path]):
    for wheel in wheels:
        archive = zipfile.ZipFile(wheel)
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        said = message_from_bytes(archive.read(name))
        assert (said["Author"], said["License-Expression"]) == ("The genbench developers", "Apache-2.0"), wheel.name
        assert said["Requires-Python"] == ">=3.11"


def test_every_command_of_the_tutorial_runs_as_it_stands_there(environment: Mapping[str, str], tmp_path: Path):
    (suite,) = re.findall(r"^```toml\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL)
    (tmp_path / "first.toml").write_text(suite)
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL)).splitlines()
    assert len(commands) <= 6
    *before, run, bundle, merge = commands
    said = {command: told(command, environment, tmp_path) for command in [*before, run, bundle]}
    assert "0 failed" in said["genbench check my-vae --report check.json"]
    merged = done(merge, environment, tmp_path)
    for _ in range(2):  # a speed of a busy machine is refused, and measured again, as the page advises
        if "refused: speed" in merged.stderr:
            told(f"{run} --existing force && rm -r my-bundle && {bundle}", environment, tmp_path)
            merged = done(merge, environment, tmp_path)
    assert merged.returncode == 0, merged.stderr
    assert {"records", "verified.json", "report"} <= {path.name for path in (tmp_path / "board").iterdir()}
    assert (tmp_path / "board/records/my-vae.default.0.json").is_file()
    assert "my-vae" in (tmp_path / "board/report/index.html").read_text()


def test_the_notebook_runs(environment: Mapping[str, str], tmp_path: Path):
    (tmp_path / "execute.py").write_text(EXECUTE)
    said = json.loads(told(f"python execute.py {NOTEBOOK}", environment, tmp_path))
    results = [output for cell in said["cells"] for output in cell.get("outputs", [])]
    assert any("class-gaussians" in str(output.get("data")) for output in results)
    assert [output for output in results if output["output_type"] == "error"] == []
