"""The store: a stage counts while its key and every byte of its outputs verify, and one coordinator holds a run."""

import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from genbench.errors import GenbenchError
from genbench.records.status import Status
from genbench.records.timing import Timing
from genbench.store.run_folder import SECRET, check_writable, locked, read_secret, secret_of
from genbench.store.stage_folder import MANIFEST, Damaged, Result, StageFolder, log_tail

KEY = "a" * 64


@dataclass(frozen=True)
class Facts:
    """What the stage of these tests reports."""

    images: int


OUTPUTS = ("samples.bin", "curve.json")


@pytest.fixture
def stage(tmp_path):
    """A stage folder with two outputs, before it is kept."""
    folder = StageFolder(tmp_path / "trial" / "fit", Facts)
    folder.empty(KEY)
    (folder.path / "samples.bin").write_bytes(b"samples")
    (folder.path / "curve.json").write_text("[]")
    return folder


DONE = Result(Status.OK, None, Facts(3), 2.5, 2.0, 1.5, Timing(3, 1.0, (1.0,)))


def test_a_kept_result_is_found_under_its_key(stage):
    kept = stage.keep(KEY, DONE, OUTPUTS)
    assert set(kept.outputs) == set(OUTPUTS)
    assert not kept.reused
    assert stage.found(KEY) == replace(kept, reused=True)


def test_before_it_is_kept_nothing_is_found(stage):
    assert stage.found(KEY) is None


def test_another_key_finds_nothing(stage):
    stage.keep(KEY, DONE, OUTPUTS)
    assert stage.found("b" * 64) is None


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("change", ["edited", "removed", "a folder"])
def test_an_output_that_is_not_as_it_was_written_undoes_the_result(stage, name, change):
    stage.keep(KEY, DONE, OUTPUTS)
    (stage.path / name).unlink()
    if change == "edited":
        (stage.path / name).write_bytes(b"sampleS")
    if change == "a folder":
        (stage.path / name).mkdir()
    with pytest.raises(Damaged, match=name):
        stage.found(KEY)


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_a_manifest_that_is_cut_off_is_damaged(stage, text):
    (stage.path / MANIFEST).write_text(text)
    with pytest.raises(Damaged, match=MANIFEST):
        stage.found(KEY)


@pytest.mark.parametrize("text", ["{}", '{"key": "%s"}', '{"key": "%s", "status": "ok", "new": 1}'])
def test_a_manifest_of_another_version_finds_nothing(stage, text):
    (stage.path / MANIFEST).write_text(text.replace("%s", KEY))
    assert stage.found(KEY) is None


@pytest.mark.parametrize("name", [*OUTPUTS, MANIFEST])
def test_one_flipped_bit_in_any_file_undoes_the_result(stage, name):
    stage.keep(KEY, DONE, OUTPUTS)
    whole = (stage.path / name).read_bytes()
    for position in range(0, len(whole) * 8, max(1, len(whole) * 8 // 64)):
        flipped = bytearray(whole)
        flipped[position // 8] ^= 1 << position % 8
        (stage.path / name).write_bytes(flipped)
        named, found = "", None
        try:
            found = stage.found(KEY)
        except Damaged as damage:
            named = str(damage)
        assert found is None
        # A bit of the manifest's word "sha256" or "key" makes it a manifest of another version.
        assert named == name or (named, name) == ("", MANIFEST)


def test_what_is_set_aside_is_kept_and_out_of_the_way(stage):
    stage.keep(KEY, DONE, OUTPUTS)
    place = stage.quarantine()
    assert (place / "samples.bin").read_bytes() == b"samples"
    assert place.name.startswith(".damaged-fit-")
    assert stage.found(KEY) is None


def test_a_failure_is_a_result_too_and_has_no_outputs(stage):
    stage.keep(KEY, Result(Status.ERROR, "it broke"), OUTPUTS)
    found = stage.found(KEY)
    assert (found.status, found.reason, found.outputs, found.ok) == (Status.ERROR, "it broke", {}, False)


def test_facts_of_another_form_are_damaged(stage):
    stage.keep(KEY, DONE, OUTPUTS)
    with pytest.raises(Damaged, match=MANIFEST):
        StageFolder(stage.path, OtherFacts).found(KEY)


@dataclass(frozen=True)
class OtherFacts:
    """What another stage reports."""

    words: str


def contents(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_an_emptied_folder_holds_only_what_the_same_stage_can_go_on_from(stage):
    (stage.path / "sub").mkdir()
    (stage.path / "resume" / "half").touch()
    stage.empty(KEY)
    assert contents(stage.path) == ["resume", "resume/half", "resume/key"]
    stage.empty("b" * 64)
    assert contents(stage.path) == ["resume", "resume/key"]


def test_what_a_stage_could_go_on_from_goes_with_its_end(stage):
    stage.keep(KEY, DONE, OUTPUTS)
    assert "resume" not in contents(stage.path)


def test_only_regular_files_count_as_outputs(stage):
    (stage.path / "link").symlink_to("samples.bin")
    (stage.path / "folder").mkdir()
    assert stage.missing(("samples.bin", "link", "folder", "absent")) == ["link", "folder", "absent"]


def test_the_tail_of_a_log_is_its_end_as_text_whatever_its_bytes_are(tmp_path):
    log = tmp_path / "log.txt"
    assert log_tail(log) == ""
    log.write_bytes(b"x" * 9000 + b"\xff the end")
    assert log_tail(log, limit=9) == "\ufffd the end"
    assert len(log_tail(log)) == 8000


def test_a_look_at_a_folder_that_can_take_results_makes_nothing(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    for refused in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(GenbenchError, match=r"cannot be written .*choose another place with --out"):
            check_writable(refused)
        with (
            pytest.raises(GenbenchError, match=r"cannot be written .*choose another place with --out"),
            locked(refused),
        ):
            raise AssertionError("it was let in")


HOLDER = """
import os, signal, sys
from pathlib import Path
from genbench.store.run_folder import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


def test_one_process_at_a_time_holds_a_run_and_its_end_sets_it_free(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(GenbenchError, match=f"is in use by process {holder.pid}; wait"), locked(tmp_path):
            raise AssertionError("two coordinators at once")
        holder.kill()
    with locked(tmp_path):
        pass


def test_a_run_can_be_held_again_once_it_was_let_go(tmp_path):
    for _ in range(2):
        with locked(tmp_path):
            pass


def test_the_secret_of_a_run_is_drawn_once_and_its_owners_alone(tmp_path):
    first = secret_of(tmp_path)
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert secret_of(tmp_path) == first
    assert stat.S_IMODE((tmp_path / SECRET).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [SECRET]
    (tmp_path / "other").mkdir()
    assert secret_of(tmp_path / "other") != first


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "a" * 65, "A" * 64, "\xe9" * 64])
def test_a_file_that_holds_no_secret_is_refused(tmp_path, text):
    (tmp_path / "secret").write_text(text)
    with pytest.raises(GenbenchError, match="holds no secret: expected 64 hexadecimal digits"):
        read_secret(tmp_path / "secret")
    with pytest.raises(GenbenchError, match="cannot be read"):
        read_secret(tmp_path / "absent")


def test_a_secret_is_read_of_a_file_or_a_link_to_one_and_nothing_is_waited_for(tmp_path):
    (tmp_path / "secret").write_text(f"{'a1' * 32}\n")
    (tmp_path / "link").symlink_to("secret")
    assert read_secret(tmp_path / "link") == "a1" * 32
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(GenbenchError, match=r"cannot be read \(not a regular file\)"):
            read_secret(path)
