"""Vouchers: how far records were verified stands on the board, by the least seed, and follows a record's hash alone."""

import json
import re
from pathlib import Path

import pytest

from genbench.cli import main
from genbench.errors import GenbenchError
from genbench.leaderboard import Leaderboard, boards
from genbench.records import vouchers
from genbench.records.files import VERIFIED, read_records
from genbench.records.vouchers import Extent, Voucher, weakest
from genbench.report import board_page, html
from genbench.report.table import marks, standing

DIGITS = Path(__file__).parents[2] / "leaderboards/digits"
RECORDS = [record for record in read_records(DIGITS / "records") if record.seed < 2]
HASHES = {(record.model.reference, record.seed): record.sha256 for record in RECORDS}


def board(**known: Voucher) -> Leaderboard:
    """The board on which some models were verified, at their seed 0 as the argument says."""
    told = {HASHES[name, 0]: voucher for name, voucher in known.items()}
    return boards(RECORDS, vouchers=told)["generate"]


def row(found: Leaderboard, name: str):
    return next(own for own in (*found.rows, *found.controls) if own.name == name)


def test_the_least_of_several_counts():
    both = [Voucher(Extent.RERUN), Voucher(Extent.RECOMPUTED)]
    assert weakest(both) is Extent.RECOMPUTED
    assert weakest([]) is Extent.SELF_REPORTED


def test_a_board_of_which_nobody_says_anything_has_no_marks_and_says_so_once():
    found = boards(RECORDS)["generate"]
    assert row(found, "gan").verified == {}
    assert not any(extent.value in marks(row(found, "gan")) for extent in Extent)
    assert board_page.verified(found) == "self-reported"


def test_a_candidate_is_marked_by_its_least_seed_and_can_be_filtered_by_it():
    found = board(gan=Voucher(Extent.RERUN))
    assert row(found, "gan").verified == {Extent.SELF_REPORTED: 1, Extent.RERUN: 1}
    assert "self-reported at 1 of 2 seeds" in marks(row(found, "gan"))
    assert "self-reported" in standing(row(found, "gan"))
    assert "self-reported" in marks(row(found, "vae/mean"))
    assert not {"self-reported"} & set(marks(row(found, "noise")))


def test_the_facts_count_candidates():
    both = {HASHES["gan", seed]: Voucher(Extent.RERUN) for seed in (0, 1)}
    found = boards(RECORDS, vouchers=both)["generate"]
    assert board_page.verified(found) == (
        f"1 verified by rerun, {len(found.rows) - 1} self-reported, no key vouches for it"
    )
    assert row(found, "gan").verified == {Extent.RERUN: 2}
    assert found.frame().loc["gan", "verified"] == "verified by rerun"
    assert found.frame().loc["realnvp/default", "verified"] == "self-reported"


def test_the_page_explains_the_words():
    page = html(board(gan=Voucher(Extent.RECOMPUTED)))
    assert 'id="term-verified-by"' in page
    assert "· recomputed" not in page  # the other seed is not
    assert "· self-reported at 1 of 2 seeds" in page


def site(tmp_path: Path, text: str | None) -> dict[str, str]:
    """The pages of the site of two models' records with this file beside them."""
    own = tmp_path / "digits"
    (own / "records").mkdir(parents=True)
    for path in DIGITS.glob("records/*.json"):
        if path.name.startswith(("gan.", "vae.", "real-held-out.")):
            (own / "records" / path.name).write_bytes(path.read_bytes())
    if text is not None:
        (own / VERIFIED).write_text(text)
    assert main(["report", str(own), "--out", str(tmp_path / "site")]) == 0
    return {path.name: path.read_text() for path in (tmp_path / "site").rglob("*.html")}


def test_a_site_tells_who_vouches_and_who_handed_in(tmp_path):
    hostile = '<b onclick="x">\u202eevil'
    known = {
        HASHES["gan", 0]: {"status": "recomputed", "genbench": "0.1.0", "date": "2026-11-27", "author": hostile},
        "0" * 64: {"status": "verified by rerun"},  # of a record that is not there, or was changed since
    }
    pages = site(tmp_path, json.dumps({"format": 1, "records": known}))
    assert "recomputed by genbench 0.1.0 2026-11-27, no key vouches for it, submitted by &lt;b" in pages["gan.html"]
    assert "<b onclick" not in "".join(pages.values())
    assert "\u202e" not in "".join(pages.values())
    assert "verified by rerun by" not in "".join(pages.values())
    assert "Seed 1" in pages["gan.html"]
    assert pages["gan.html"].count("no key vouches for it") == 1  # of the one seed that somebody verified
    (board,) = (text for name, text in pages.items() if name == "generate.html")
    assert "self-reported, no key vouches for it" in re.sub("<[^>]+>", "", board)


@pytest.mark.parametrize("text", ["{", '{"format": 2}', '{"records": {"x": {"status": "recomputed"}}}', '{"a": 1}'])
def test_a_file_that_is_none_is_refused_by_its_name(tmp_path, text):
    (tmp_path / VERIFIED).write_text(text)
    with pytest.raises(GenbenchError, match=r"verified\.json"):
        vouchers.read(tmp_path)


def test_an_unknown_status_is_refused(tmp_path):
    (tmp_path / VERIFIED).write_text(json.dumps({"records": {"0" * 64: {"status": "certified"}}}))
    with pytest.raises(GenbenchError, match="certified"):
        vouchers.read(tmp_path)


def test_the_order_of_the_words_is_from_the_least():
    assert [extent.value for extent in Extent] == ["self-reported", "recomputed", "verified by rerun"]
