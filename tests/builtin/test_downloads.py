"""What is downloaded of a dataset is checked, found, and not downloaded again."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_official import TinyMnist, lay, mnist_files

from genbench.builtin.datasets.official import Official
from genbench.errors import GenbenchError


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and writes no log."""

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL that a server on this machine offers it at."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def offered(url: str, *more: str) -> Official:
    """MNIST with its tiny files' digests, downloaded from these mirrors."""
    digests = {name: hashlib.md5(data).hexdigest() for name, data in mnist_files().items()}
    return type("Offered", (TinyMnist,), {"files": digests, "mirrors": (url, *more)})()


def test_what_is_downloaded_is_checked_and_found_and_not_downloaded_again(tmp_path, mirror):
    folder, url = mirror
    lay(folder, mnist_files())
    dataset = offered("http://127.0.0.1:9/", url)  # nothing listens on port 9: the next mirror is tried
    dataset.fetch(tmp_path / "root")
    dataset.places = [tmp_path / "root"]
    assert len(dataset.splits().test) == 20
    for path in folder.iterdir():
        path.unlink()
    dataset.fetch(tmp_path / "root")
    broken = tmp_path / "root" / "mnist" / "t10k-labels-idx1-ubyte.gz"
    broken.write_bytes(b"rotten")
    with pytest.raises(GenbenchError, match=r"t10k-labels-idx1-ubyte\.gz of mnist could not be fetched"):
        dataset.fetch(tmp_path / "root")


@pytest.mark.parametrize("served", [{}, {"train-images-idx3-ubyte.gz": b"<html>moved</html>"}])
def test_a_download_that_fails_or_brings_something_else_is_one_line_and_leaves_nothing(tmp_path, mirror, served):
    folder, url = mirror
    lay(folder, served)
    with pytest.raises(GenbenchError) as caught:
        offered(url).fetch(tmp_path / "root")
    words, path = str(caught.value), tmp_path / "root" / "mnist" / "train-images-idx3-ubyte.gz"
    assert "\n" not in words
    assert words.startswith(f"{path.name} of mnist could not be fetched ({url}: ")
    assert words.endswith(f"; put the file at {path}")
    assert list(path.parent.iterdir()) == []
