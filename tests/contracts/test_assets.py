"""Assets: a declared file is the declared bytes, wherever it comes from."""

import hashlib
import http.client
import io
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from genbench.contracts.assets import Asset, content_sha256
from genbench.errors import GenbenchError
from genbench.files.atomic import cache_folder

WEIGHTS = b"weights" * 1000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
URL = "https://example.org/weights.bin"


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server(monkeypatch):
    """`server(bytes)` or `server(error)`: what the next download meets; without it there is no network."""

    def answer(reply: bytes | Exception) -> None:
        def urlopen(url: str, timeout: float) -> io.BytesIO:
            assert (url, timeout) == (URL, 60)
            if isinstance(reply, Exception):
                raise reply
            return io.BytesIO(reply)

        monkeypatch.setattr(urllib.request, "urlopen", urlopen)

    answer(urllib.error.URLError("no network"))
    return answer


class Broken(io.BytesIO):
    """A reply that ends before it should."""

    def read(self, size: int | None = -1) -> bytes:
        raise http.client.IncompleteRead(b"wei", 6997)


def cached() -> list[str]:
    return sorted(path.name for path in cache_folder("assets").iterdir())


def test_a_local_file_with_the_declared_bytes_is_taken_where_it_lies(tmp_path):
    (tmp_path / "w").write_bytes(WEIGHTS)
    asset = Asset(str(tmp_path / "w"), SHA256, "ImageNet")
    assert asset.path == asset.verified() == asset.fetched() == tmp_path / "w"


def test_a_local_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(GenbenchError, match=f"asset {tmp_path}/w is not at {tmp_path}/w"):
        Asset(str(tmp_path / "w"), SHA256, "ImageNet").fetched()


def test_a_file_with_other_bytes_is_refused(tmp_path):
    (tmp_path / "w").write_bytes(WEIGHTS + b"!")
    with pytest.raises(GenbenchError, match=f"has sha256 [0-9a-f]{{64}}, its declaration says {SHA256}"):
        Asset(str(tmp_path / "w"), SHA256, "ImageNet").verified()


def test_a_url_is_fetched_once_into_the_cache(server):
    server(WEIGHTS)
    asset = Asset(URL, SHA256, "ImageNet")
    assert asset.fetched().read_bytes() == WEIGHTS
    assert cached() == [SHA256]
    server(urllib.error.URLError("no network"))
    assert asset.fetched() == asset.verified() == cache_folder("assets") / SHA256


def test_without_a_network_the_error_says_where_to_put_the_file(server):
    with pytest.raises(GenbenchError, match=rf"could not be fetched \(.*no network.*\); put the file at .*{SHA256}"):
        Asset(URL, SHA256, "ImageNet").fetched()
    assert cached() == []


def test_a_download_that_breaks_off_leaves_nothing(server, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Broken())
    with pytest.raises(GenbenchError, match="could not be fetched"):
        Asset(URL, SHA256, "ImageNet").fetched()
    assert cached() == []


def test_a_download_of_other_bytes_is_refused_and_the_next_try_downloads_again(server):
    asset = Asset(URL, SHA256, "ImageNet")
    server(b"<html>sign in to continue</html>")
    with pytest.raises(GenbenchError, match=f"its declaration says {SHA256}"):
        asset.fetched()
    server(WEIGHTS)
    assert asset.fetched().read_bytes() == WEIGHTS


def test_who_only_verifies_never_downloads(server):
    server(WEIGHTS)
    with pytest.raises(GenbenchError, match="put it there, or run with a network"):
        Asset(URL, SHA256, "ImageNet").verified()


@pytest.mark.parametrize(
    ("location", "sha256", "message"),
    [
        ("weights/w.bin", SHA256, "an asset lies at an absolute path or an https URL, got 'weights/w.bin'"),
        ("http://example.org/w", SHA256, "an asset lies at an absolute path or an https URL"),
        (Path("/w"), SHA256, "an asset lies at an absolute path or an https URL"),
        ("/w", "../../etc/passwd", "the sha256 of an asset has 64 digits of 0-9 and a-f, got '../../etc/passwd'"),
        ("/w", SHA256.upper(), "the sha256 of an asset has 64 digits"),
        ("/w", SHA256 + "\n", "the sha256 of an asset has 64 digits"),
        ("/w", None, "the sha256 of an asset has 64 digits"),
    ],
)
def test_a_declaration_of_another_form_is_refused_where_it_is_written(location, sha256, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Asset(location, sha256, "ImageNet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint as a folder."""
    home = tmp_path / "checkpoint"
    (home / "unet").mkdir(parents=True)
    (home / "config.json").write_text("{}")
    (home / "unet/weights.bin").write_bytes(WEIGHTS)
    return home


def test_a_folder_is_an_asset_whose_hash_holds_every_name_and_every_byte(folder: Path) -> None:
    asset = Asset(str(folder), content_sha256(folder), "ImageNet")
    assert asset.fetched() == asset.verified() == folder
    (folder / "unet/weights.bin").rename(folder / "unet/other.bin")
    with pytest.raises(GenbenchError, match="has sha256"):
        asset.verified()
    (folder / "unet/other.bin").rename(folder / "unet/weights.bin")
    assert asset.verified() == folder
    (folder / "config.json").write_text("[]")
    with pytest.raises(GenbenchError, match="has sha256"):
        asset.verified()


def test_what_the_hash_of_a_folder_is_the_refusal_says(folder: Path) -> None:
    with pytest.raises(GenbenchError) as refusal:
        Asset(str(folder), "0" * 64, "ImageNet").verified()
    assert content_sha256(folder) in str(refusal.value)


def test_a_folder_with_a_link_out_of_it_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(WEIGHTS)
    (folder / "linked.bin").symlink_to(tmp_path / "blob")
    with pytest.raises(GenbenchError, match=r"a link out of it, linked\.bin"):
        content_sha256(folder)
    (folder / "linked.bin").unlink()
    (folder / "linked.bin").symlink_to(folder / "config.json")
    assert content_sha256(folder)
