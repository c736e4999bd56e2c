"""Streams that are closed, full or not UTF-8, and machines that have run short: a line, or no harm; no traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from records import record

from genbench.cli.bugs import shortage
from genbench.cli.printing import tell
from genbench.records import files

COMMAND = f"{sys.executable} -m genbench"


def ran(command: str, folder: Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a shell command; `genbench` stands for the program."""
    told = os.environ | environment
    script = f"set -o pipefail; {command.replace('genbench', COMMAND, 1)}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, env=told, cwd=folder, timeout=120, check=False)
    return done.returncode, done.stdout.decode("ascii"), done.stderr.decode("ascii")


def test_a_full_stdout_is_one_line_and_a_code_of_its_own(tmp_path):
    code, _, err = ran("genbench schema record > /dev/full", tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("genbench: stdout cannot be written (No space left on device)")


def test_a_reader_that_leaves_early_is_no_failure(tmp_path):
    assert ran("genbench schema record | head -c 1", tmp_path) == (0, "{", "")


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_nothing_else(tmp_path, closed):
    (tmp_path / "records").mkdir()
    files.write(tmp_path / "records" / "one.json", record("one"))
    code, out, err = ran(f"genbench report records --out site {closed}", tmp_path)
    assert (code, err) == (0, "")
    assert bool(out) == (">&-" not in closed.split())
    assert (tmp_path / "site" / "index.html").is_file()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_what_an_encoding_lacks_is_spelt_out(tmp_path, encoding):
    (tmp_path / "records").mkdir()
    files.write(tmp_path / "records" / "one.json", record("one"))
    code, out, err = ran("genbench report records --out 世界", tmp_path, PYTHONIOENCODING=encoding)
    assert (code, err) == (0, "")
    assert "\\u4e16\\u754c" in out


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.EAGAIN, errno.ENOMEM])
def test_what_a_machine_lacks_is_said_with_the_way_out(code):
    words = shortage(OSError(code, os.strerror(code), "/some/file"))
    assert words.startswith(f"{os.strerror(code)} at /some/file; ")


def test_memory_is_a_shortage_and_a_missing_file_is_none():
    assert "ulimit -v" in shortage(MemoryError())
    assert shortage(FileNotFoundError(errno.ENOENT, "No such file or directory", "x")) == ""
    assert shortage(ValueError("x")) == ""


def test_nowhere_for_temporary_files_names_the_variable():
    words = shortage(FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/x']"))
    assert words.endswith("set TMPDIR to a folder that can be written")


def test_too_little_address_space_is_one_line(tmp_path):
    afresh = f"export GENBENCH_CACHE={tmp_path / 'cache'}"  # or what was listed before would do
    code, _, err = ran(f"{afresh}; ulimit -v 1500000; genbench list datasets --json", tmp_path)
    last = err.splitlines()[-1]
    assert code == 2
    assert "Traceback" not in err
    assert last.startswith("genbench: torch, or what needs it, cannot be imported in a new process (")
    assert "ulimit -v" in last


@pytest.mark.parametrize(
    ("said", "shown"), [("a\x1b[31mb", "a\\x1b[31mb"), ("a \u202e b", "a \\u202e b"), ("a\n\tb", "a b")]
)
def test_what_could_steer_a_terminal_is_spelt_out(capsys: pytest.CaptureFixture[str], said: str, shown: str) -> None:
    tell(said)
    assert capsys.readouterr().err == f"genbench: {shown}\n"
