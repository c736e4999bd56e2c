"""Suite files: what they may say, what is refused, and what makes two numbers comparable."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from genbench import builtin
from genbench.errors import GenbenchError
from genbench.protocol import suite

TOML = """\
name = "mine"
dataset = "digits"
images = 1000
count = 60
batch = 20
seeds = 2
extractor = "digits-net"
scores = ["fd", "throughput"]

[axes]
quality = "fd"
coverage = "fd"
speed = "throughput"
"""


@pytest.fixture
def written(tmp_path):
    """`written(text)`: the path of a suite file with this text."""

    def write(text: str) -> Path:
        (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
        return tmp_path / "mine.toml"

    return write


@pytest.mark.parametrize("path", builtin.genbench_suites(), ids=lambda path: path.stem)
def test_a_built_in_suite_reads_and_is_named_as_its_file(path):
    found = suite.read(path)
    assert found.name == path.stem
    assert found.title != found.name
    assert set(found.axes.values()) <= set(found.scores)


def test_a_minimal_suite_has_defaults_for_the_rest(written):
    found = suite.read(written(TOML))
    assert (found.title, found.threads, found.latency_seconds) == ("mine", 1, 5.0)
    assert found.limits == {"fit": 3600, "sample": 3600, "audit": 3600, "density": 3600, "score": 3600}
    assert found.scores == ("fd", "throughput")


def test_a_limit_that_is_set_leaves_the_others(written):
    assert suite.read(written(TOML + "[limits]\nfit = 5")).limits == {
        "fit": 5,
        "sample": 3600,
        "audit": 3600,
        "density": 3600,
        "score": 3600,
    }


@pytest.mark.parametrize("key", tomllib.loads(TOML))
def test_every_key_that_is_needed_is_asked_for(written, key):
    lines = TOML.partition("[axes]")[0].splitlines() if key == "axes" else TOML.splitlines()
    path = written("\n".join(line for line in lines if not line.startswith(f"{key} =")))
    with pytest.raises(GenbenchError, match=f"^suite {path}: missing {key}$"):
        suite.read(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("images = 1000", "imgaes = 1000", "unknown key imgaes \\(known: axes, batch, "),
        ("images = 1000", "images = '1000'", "images is a int, got '1000'"),
        ("images = 1000", "images = true", "images is a int, got True"),
        ("images = 1000", "images = 0", "images is positive, got 0"),
        ("images = 1000", "images = 1.5", "images is a int, got 1.5"),
        ("batch = 20", "batch = -1", "batch is positive, got -1"),
        ('name = "mine"', 'name = "../mine"', r"name matches \[a-z0-9\]\[a-z0-9._-\]\*, got '../mine'"),
        ('name = "mine"', "name = 3", "name is a str, got 3"),
        ("seeds = 2", "seeds = 2\nlatency_seconds = -0.5", "latency_seconds is positive, got -0.5"),
        ("seeds = 2", "seeds = 2\nlatency_seconds = inf", "latency_seconds"),
        ("seeds = 2", "seeds = 2\nlatency_seconds = nan", "latency_seconds"),
        ('scores = ["fd", "throughput"]', "scores = []", r"scores is a list of score names, got \[\]"),
        ('scores = ["fd", "throughput"]', "scores = [1]", r"scores is a list of score names, got \[1\]"),
        ('speed = "throughput"', "", r"\[axes\] sets quality, coverage, speed, got coverage, quality"),
        ('speed = "throughput"', 'speed = "throughput"\nbeauty = "fd"', r"\[axes\] sets quality, coverage, speed"),
        ('speed = "throughput"', "speed = 1", r"\[axes\]"),
        ('speed = "throughput"', 'speed = "throughput"\n[limits]\ntrain = 3', r"unknown stage in \[limits\] train"),
        ('speed = "throughput"', 'speed = "throughput"\n[limits]\nfit = 0', r"\[limits\] fit is a positive number"),
        ('speed = "throughput"', 'speed = "throughput"\n[limits]\nfit = inf', r"\[limits\] fit is a positive number"),
        ('speed = "throughput"', 'speed = "throughput"\n[typical]\nfit = nan', r"\[typical\] fit is a positive number"),
        ('speed = "throughput"', 'speed = "throughput"\n[quick]\ncount = 3', r"unknown key in \[quick\] count"),
        ('speed = "throughput"', 'speed = "throughput"\n[quick]\nseeds = 0', "seeds is positive, got 0"),
        ("seeds = 2", "seeds = ", "Invalid value"),
    ],
)
def test_a_wrong_line_is_refused_with_the_file_and_the_reason(written, old, new, message):
    assert old in TOML
    path = written(TOML.replace(old, new))
    with pytest.raises(GenbenchError, match=f"^suite {path}: .*{message}"):
        suite.read(path)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    for name in ("absent.toml", "bytes.toml", "."):
        with pytest.raises(GenbenchError, match=f"^suite {tmp_path / name}: "):
            suite.read(tmp_path / name)


def test_the_quick_form_is_another_protocol_with_another_name(written):
    found = suite.read(written(TOML + "[quick]\nimages = 100\nseeds = 1"))
    quick = found.quickened()
    assert (quick.name, quick.images, quick.seeds, quick.count) == ("mine-quick", 100, 1, 60)
    assert quick.protocol("sha") != found.protocol("sha")
    with pytest.raises(GenbenchError, match=r"suite mine-quick has no \[quick\] table"):
        quick.quickened()


@pytest.mark.parametrize(
    ("changes", "comparable"),
    [
        ({"images": 1001}, False),
        ({"count": 61}, False),
        ({"batch": 21}, False),
        ({"title": "Another", "seeds": 9, "scores": ("fd",), "limits": {}}, True),
    ],
)
def test_data_budget_count_and_batch_alone_make_the_protocol(written, changes, comparable):
    found = suite.read(written(TOML))
    assert (replace(found, **changes).protocol("sha") == found.protocol("sha")) is comparable
    assert found.protocol("another") != found.protocol("sha")


def test_a_suite_is_plain_json(written):
    found = suite.read(written(TOML))
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == found.to_json()
    assert found.to_json()["scores"] == ["fd", "throughput"]


def test_interpreters_lie_where_the_suites_file_says(written, tmp_path):
    path = written(TOML + '[python]\nvae = "venv/bin/python"\nddpm = "/opt/python"\n')
    assert suite.read(path).python == {"vae": str(tmp_path / "venv/bin/python"), "ddpm": "/opt/python"}
    with pytest.raises(GenbenchError, match=r"\[python\] vae is the path of an interpreter, got 3"):
        suite.read(written(TOML + "[python]\nvae = 3\n"))


def test_caps_are_told_in_gib_and_mib_and_kept_in_bytes(written):
    found = suite.read(written(TOML + "[caps]\ndevice_memory_gib = 3\nlog_mib = 2\n")).limited(["memory_gib=0.5"])
    caps = found.job_caps
    assert (caps.memory, caps.device_memory, caps.disk, caps.log) == (2**29, 3 * 2**30, 4 * 2**30, 2**21)
