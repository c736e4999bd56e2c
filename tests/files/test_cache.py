"""The cache: what has to lie there and cannot is told in one line, what may lie there costs time alone."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genbench.contracts.dataset import Examples, Splits
from genbench.errors import GenbenchError
from genbench.files import atomic
from genbench.records.space import Space
from genbench.scoring.vectors import VectorCache
from genbench.store.datasets import laid_down


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which nobody can make a folder, whatever his rights."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "file"))
    return tmp_path / "file"


def splits() -> Splits:
    rows = np.arange(400, dtype=np.uint8).reshape(100, 1, 2, 2)
    return Splits(Space((1, 2, 2), levels=256), *(Examples(part) for part in np.split(rows, 4)))


def test_vectors_are_computed_where_the_cache_cannot_keep_them(closed):
    vectors = np.ones((2, 3), np.float32)
    assert VectorCache().found({"of": "x"}, lambda: vectors) is vectors
    assert closed.is_file()


def test_data_that_cannot_be_laid_down_name_the_variable_that_helps(closed):
    with pytest.raises(GenbenchError, match=r"cache folder .* \(Not a directory\); set GENBENCH_CACHE to a folder"):
        laid_down(splits())


FULL = """
import resource
from genbench.errors import GenbenchError
from test_cache import laid_down, splits
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
try:
    laid_down(splits())
except GenbenchError as error:
    print(error)
"""


def test_a_cache_without_room_is_told_and_nothing_half_is_left(tmp_path):
    environment = os.environ | {"GENBENCH_CACHE": str(tmp_path)}
    here, command = Path(__file__).parent, [sys.executable, "-c", FULL]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=here, timeout=120, check=False)
    assert done.stdout.startswith(f"the cache folder {tmp_path}/data cannot be written (")
    assert done.stdout.endswith("set GENBENCH_CACHE to a folder that can be written, with room\n")
    assert os.listdir(tmp_path / "data") == []


def test_a_file_that_is_offered_is_whole_or_not_there(tmp_path):
    def fill(partial: Path) -> Path:
        partial.write_text("all of it")
        return tmp_path / "new" / "kept.txt"

    def fail(partial: Path) -> Path:
        partial.write_text("half")
        raise OSError(28, "No space left on device")

    atomic.offer(tmp_path / "new" / "any.txt", fill)
    atomic.offer(tmp_path / "new" / "none.txt", fail)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["kept.txt"]
    assert (tmp_path / "new" / "kept.txt").read_text() == "all of it"


def test_a_user_without_a_home_is_told_of_the_variable(monkeypatch):
    for name in ("GENBENCH_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where the list of users does not know him
    with pytest.raises(GenbenchError, match="no home folder is known for a cache; set GENBENCH_CACHE"):
        atomic.cache_path()


def test_a_relative_cache_is_the_same_wherever_a_process_works(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENBENCH_CACHE", "mine")
    assert atomic.cache_path("data") == tmp_path / "mine" / "data"
