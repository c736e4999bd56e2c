"""Records as one file to download: what is unpacked is what was published, and can be rendered and merged again."""

import re
import zipfile
from pathlib import Path

import pytest

from genbench.cli import main
from genbench.export.archive import archived
from genbench.records.files import read_records

pytestmark = pytest.mark.slow

BOARDS = Path(__file__).parents[2] / "leaderboards"


def test_a_board_offers_its_records_as_they_are_where_it_is_asked_to(tmp_path: Path) -> None:
    assert main(["report", str(BOARDS), "--out", str(tmp_path / "site"), "--with-records"]) == 0
    for suite in ("digits", "fashion-mnist-small"):
        page = (tmp_path / f"site/{suite}/boards/generate.html").read_text()
        (way,) = re.findall(r'<a href="([^"]+)" download>records</a>', page)
        archive = zipfile.ZipFile(tmp_path / f"site/{suite}/boards" / way)
        published = {path.name: path.read_bytes() for path in (BOARDS / suite / "records").iterdir()}
        assert {name: archive.read(name) for name in archive.namelist()} == published
    archive.extractall(tmp_path / "again")
    assert read_records(tmp_path / "again") == read_records(BOARDS / suite / "records")
    assert main(["report", str(BOARDS), "--out", str(tmp_path / "site")]) == 0  # and is gone where it is not
    assert list((tmp_path / "site").rglob("*.zip")) == []
    assert "download>records</a>" not in (tmp_path / f"site/{suite}/boards/generate.html").read_text()


def test_two_runs_of_one_protocol_have_both_their_records_in_it(tmp_path: Path) -> None:
    for run, name in (("a", "vae.default.0"), ("b", "gan.default.0"), ("c", "vae.default.0")):
        source = BOARDS / "digits/records" / f"{name if run != 'c' else 'vae.default.1'}.json"
        (tmp_path / run / name).mkdir(parents=True)
        (tmp_path / run / name / "record.json").write_bytes(source.read_bytes())
    folders = [str(tmp_path / run) for run in "abc"]
    assert main(["report", *folders, "--out", str(tmp_path / "site"), "--with-records"]) == 0
    names = zipfile.ZipFile(tmp_path / "site/digits/records.zip").namelist()
    assert [re.sub(r"^[0-9a-f]{8}\.", "HASH.", name) for name in names] == [
        *(["HASH.vae.default.0.json"] if names[0] < "g" else []),
        "gan.default.0.json",
        "vae.default.0.json",
    ]
    assert len(names) == 3


def test_the_order_and_the_time_change_nothing() -> None:
    assert archived({"a": b"1", "b": b"2"}) == archived({"b": b"2", "a": b"1"})
