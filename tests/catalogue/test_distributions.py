"""Distributions: one that is broken is one fault with its name, however it is broken, and everybody else is found."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WHOLE = b"Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n"
BROKEN = {  # the folder's name → METADATA or None, entry_points.txt, and what is said of it
    "half-1": (None, b"[genbench.models]\nvae = json\n", "its metadata are gone"),
    "part-1": (None, b"[genbench.parts]\nefficientnet-lite0 = json\n", "its metadata are gone"),
    "latin-1": (b"Metadata-Version: 2.1\nName: lat\xefn\n", b"[genbench.models]\nl = json\n", "its metadata are gone"),
    "nameless-1": (b"Metadata-Version: 2.1\n", b"[genbench.models]\nnameless = json\n", "its metadata are gone"),
    "colon-1": (WHOLE % b"colon", b"[genbench.models]\ny = json:\n", "its value 'json:' is no module"),
    "blank-1": (WHOLE % b"blank", b"[genbench.parts]\nz =\n", "its value '' is no module"),
    "path-1": (WHOLE % b"path", b"[genbench.models]\nz = my/model.py\n", "its value 'my/model.py' is no module"),
    "bytes-1": (WHOLE % b"bytes", b"[genbench.models]\n\xff\xfe = json\n", "UnicodeDecodeError"),
    "wide-1": (WHOLE % b"wide", "[genbench.models]\na = json\n".encode("utf-16"), "its entry points cannot be read"),
    "line-1": (WHOLE % b"line", b"[genbench.models]\njson\n", "its entry points cannot be read"),
    "scripts-1": (WHOLE % b"scripts", b"[console_scripts]\nrun\n", "its entry points cannot be read"),
}
FOUND = """
import json
from genbench.catalogue.distributions import declared
print(json.dumps([vars(each) for each in declared(("genbench.models", "genbench.parts"))]))
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder with a whole distribution, and one of each broken kind."""
    everything = {**BROKEN, "whole-1.0": (WHOLE % b"whole", b"[genbench.models]\nmine = mine_model\n", "")}
    for folder, (metadata, entry_points, _) in everything.items():
        info = tmp_path / f"{folder}.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_bytes(entry_points)
        if metadata is not None:
            (info / "METADATA").write_bytes(metadata)
    return tmp_path


def said(broken: Path, *command: str) -> str:
    """What a fresh interpreter prints, with that folder on its path."""
    path = os.pathsep.join([str(broken), os.environ["PYTHONPATH"]])
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_each_broken_distribution_is_told_once_by_its_name_and_the_whole_one_is_found(broken):
    found = json.loads(said(broken, "-c", FOUND))
    told = {each["distribution"]: each for each in found if each["broken"]}
    assert sorted(told) == sorted(folder.partition("-")[0] for folder in BROKEN)
    for folder, (_, _, words) in BROKEN.items():
        each = told[folder.partition("-")[0]]
        assert words in each["broken"]
        assert each["version"] in ("1", "1.0")
    (whole,) = [each for each in found if each["distribution"] == "whole"]
    assert (whole["name"], whole["module"], whole["version"]) == ("mine", "mine_model", "1.0")


def test_the_command_line_lists_everybody_else_though_torch_itself_stumbles_over_them(broken):
    listed = json.loads(said(broken, "-m", "genbench", "list", "--json"))
    assert "noise" in [model["name"] for model in listed["models"]]
    told = [fault["plugin"] for fault in listed["faults"]]
    entries = ("vae", "efficientnet-lite0", "l", "nameless", "y", "z", "z", "bytes", "wide", "line", "scripts")
    assert sorted(told) == sorted([*entries, "mine"])  # of which only the last was imported: its module is not there


def test_a_file_of_a_plugin_that_cannot_be_read_stops_nobody(tmp_path):
    (tmp_path / "gone_model.py").symlink_to("nowhere.py")
    package = tmp_path / "edited_model"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / ".#__init__.py").symlink_to("somebody@somewhere")  # as Emacs locks a file
    (package / "folder.py").mkdir()
    info = tmp_path / "gone-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_bytes(WHOLE % b"gone")
    (info / "entry_points.txt").write_text("[genbench.models]\ngone = gone_model\nedited = edited_model\n")
    code = (
        "from genbench.catalogue import plugins; print(*(each.name for each in plugins.installed('genbench.models')))"
    )
    assert {"edited", "gone"} <= set(said(tmp_path, "-c", code).split())
