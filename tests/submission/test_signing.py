"""Signatures: whose bundle it is, and who vouches for a board, by the keys that a maintainer knows."""

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from genbench.cli import main
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files import signatures
from genbench.files.signatures import Keys, KnownKey, new_key, read_keys
from genbench.records import vouchers
from genbench.submission.finding import Check
from genbench.submission.rescoring import Sources
from genbench.submission.verification import Verified, verified
from genbench.submission.writing import Author, written

pytestmark = pytest.mark.usefixtures("whatever_the_load")

Verify = Callable[..., Verified]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "own.key"
    new_key(path)
    return path


@pytest.fixture(scope="module")
def bundle(plain: tiny.Run, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("signed") / "bundle"
    written(plain.root, place, Author("A. Nother"), ["plain"], key=key)
    return place


@pytest.fixture
def mine(bundle: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(bundle, tmp_path / "mine"))


@pytest.fixture
def verify(supervisor: Supervisor, plain: tiny.Run, tmp_path: Path) -> Verify:
    def found(folder: Path, *keys: KnownKey) -> Verified:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        suite = str(plain.root.parents[1] / "tiny.toml")
        return verified(folder, scratch, Sources(suite, keys=Keys(keys)), supervisor)

    return found


def said(found: Verified) -> list[tuple[bool, str]]:
    return [(own.refused, own.words) for own in found.findings if own.check is Check.SIGNATURE]


def test_a_bundle_of_a_listed_key_is_signed_by_its_owner(bundle: Path, key: Path, verify: Verify) -> None:
    found = verify(bundle, KnownKey("A. Nother", signatures.public_of(key)))
    assert found.passed
    assert found.signer == "A. Nother"
    ((refused, words),) = said(found)
    assert not refused
    assert words.startswith("signed by A. Nother (")


def test_a_key_that_nobody_knows_is_told_and_signs_for_nobody(bundle: Path, key: Path, verify: Verify) -> None:
    found = verify(bundle, KnownKey("Another", "0" * 64))
    assert found.passed
    assert found.signer == ""
    ((_, words),) = said(found)
    assert words.startswith(f"signed by {signatures.public_of(key)}, which is on no list of keys here")


def test_another_owner_than_the_author_is_told(bundle: Path, key: Path, verify: Verify) -> None:
    ((_, words),) = said(verify(bundle, KnownKey("B. Other", signatures.public_of(key))))
    assert words.endswith("; it says that its author is A. Nother")


def test_a_revoked_key_is_refused(bundle: Path, key: Path, verify: Verify) -> None:
    ((refused, words),) = said(verify(bundle, KnownKey("A. Nother", signatures.public_of(key), revoked=True)))
    assert refused
    assert words.endswith("the key of A. Nother that was revoked")


def other_author(folder: Path) -> None:
    path = folder / "bundle.json"
    path.write_text(path.read_text().replace("A. Nother", "B. Other"))


def of_another(folder: Path) -> None:
    new_key(folder.parent / "other.key")
    signatures.sign(folder.parent / "other.key", folder.parent / "other.key", folder / "bundle.sig")


def claimed(folder: Path) -> None:
    """The signature of one key under the name of another."""
    value = json.loads((folder / "bundle.sig").read_text())
    new_key(folder.parent / "other.key")
    value["public"] = signatures.public_of(folder.parent / "other.key")
    (folder / "bundle.sig").write_text(json.dumps(value))


CHANGED: dict[str, Callable[[Path], object]] = {
    "the list was changed": other_author,
    "a signature of something else": of_another,
    "the name of another key": claimed,
    "cut off": lambda folder: (folder / "bundle.sig").write_text((folder / "bundle.sig").read_text()[:-40]),
    "no JSON": lambda folder: (folder / "bundle.sig").write_bytes(b"\xff\x00"),
    "no key": lambda folder: (folder / "bundle.sig").write_text(
        json.dumps({"public": "f" * 64, "signature": "0" * 128})
    ),
    "another form": lambda folder: (folder / "bundle.sig").write_text('{"public": 1}'),
}


@pytest.mark.parametrize("fault", CHANGED)
def test_a_signature_that_is_not_of_the_bundle_is_refused(fault: str, mine: Path, verify: Verify) -> None:
    CHANGED[fault](mine)
    found = said(verify(mine))
    assert [refused for refused, _ in found] == [True]
    assert "\n" not in found[0][1]


def test_a_signature_too_large_is_no_file_of_a_bundle(mine: Path, verify: Verify) -> None:
    (mine / "bundle.sig").write_text(" " * 5000)
    assert [own.check for own in verify(mine).findings if own.refused] == [Check.FOLDER]


def test_a_bundle_without_a_signature_passes_and_is_told(mine: Path, verify: Verify) -> None:
    (mine / "bundle.sig").unlink()
    found = verify(mine)
    assert found.passed
    assert said(found) == [(False, "nobody signed it; its author is A. Nother, as it says itself")]


def test_a_key_is_its_owners_alone_and_is_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my.key"
    assert main(["key", str(path), "--name", 'A. "N" Nother']) == 0
    lines = capsys.readouterr().out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / "keys.toml").write_text(lines)
    (own,) = read_keys(tmp_path / "keys.toml").key
    assert (own.name, own.public) == ('A. "N" Nother', signatures.public_of(path))
    before = path.read_bytes()
    assert main(["key", str(path), "--name", 'A. "N" Nother']) == 0
    assert capsys.readouterr().out == lines
    assert path.read_bytes() == before
    with pytest.raises(GenbenchError, match="is there already"):
        new_key(path)
    assert main(["key", str(tmp_path / "none/my.key")]) == 2
    assert main(["key", str(path), "--name", "\x1b[2J"]) == 2


@pytest.mark.parametrize("kind", ["rsa", "passphrase", "text", "folder", "none"])
def test_what_is_no_key_signs_nothing(kind: str, plain: tiny.Run, key: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    if kind == "rsa":
        own = rsa.generate_private_key(65537, 2048)
        path.write_bytes(own.private_bytes(pem, form, serialization.NoEncryption()))
    elif kind == "passphrase":
        old = serialization.load_pem_private_key(key.read_bytes(), None)
        path.write_bytes(old.private_bytes(pem, form, serialization.BestAvailableEncryption(b"secret")))
    elif kind == "text":
        path.write_text("my key")
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(GenbenchError, match="expected what genbench key wrote"):
        written(plain.root, tmp_path / "bundle", Author(), ["plain"], key=path)
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[key]]\nname = 'a'\npublic = 'x'", "public"),
        (f"[[key]]\nname = 'a'\npublic = '{'0' * 64}'\n" * 2, "two keys have the name 'a'"),
        (f"[[key]]\nname = 'a\u202e'\npublic = '{'0' * 64}'", "expected a name of characters that can be read"),
        ("[[keys]]", "keys"),
        ("[", "is no list of keys"),
    ],
)
def test_a_list_that_is_none_is_refused_in_a_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(GenbenchError, match=words) as refused:
        read_keys(tmp_path / "keys.toml")
    assert "\n" not in str(refused.value)


def test_a_maintainer_signs_what_was_verified_and_nobody_can_change_it(
    bundle: Path, key: Path, plain: tiny.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, into = str(plain.root.parents[1] / "tiny.toml"), tmp_path / "boards/tiny"
    into.mkdir(parents=True)
    main(["key", str(tmp_path / "m.key"), "--name", "M. Aintainer"])
    main(["key", str(key), "--name", "A. Nother"])
    (tmp_path / "boards/keys.toml").write_text(capsys.readouterr().out)
    merging = ["merge", str(bundle), "--into", str(into), "--suite", suite]
    assert main([*merging, "--key", str(tmp_path / "m.key")]) == 0
    ((_, own),) = vouchers.read(into).items()
    assert (own.by, own.signer, own.author) == ("M. Aintainer", "A. Nother", "A. Nother")
    kept = json.loads((into / "verified.json").read_text())["records"]
    assert [one["by"] for one in kept.values()] == [""]  # what stands in the file itself does not count
    page = next((into / "report").rglob("models/plain.html")).read_text()
    assert "vouched for by M. Aintainer, submitted by A. Nother, signed by A. Nother" in page
    assert main(merging) == 2
    assert "is signed, and would not be any more; name the key with --key" in capsys.readouterr().err
    path = into / "verified.json"
    path.write_text(path.read_text().replace("recomputed", "verified by rerun"))
    with pytest.raises(GenbenchError, match=r"verified\.json is not signed by"):
        vouchers.read(into)
    (into / "verified.sig").unlink()
    assert {own.by for own in vouchers.read(into).values()} == {""}
