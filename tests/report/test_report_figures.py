"""Charts as files, and a board as tables: what a page offers beside itself."""

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pages import Page
from records import HOSTILE, VALUES, board_records, candidate, record

from genbench.export.downloads import downloads
from genbench.leaderboard import boards
from genbench.report import render

SVG = "{http://www.w3.org/2000/svg}"


def test_a_boards_page_offers_its_numbers_and_its_charts_as_files(tmp_path: Path) -> None:
    found = boards(board_records())
    path = render(found, tmp_path, tables=downloads)
    offered = [str(a["href"]) for a in Page(path.read_text()).all("a") if "download" in a]
    assert offered == ["generate.csv", "generate.json", "generate-1.svg", "generate-2.svg", "generate-3.svg"]
    assert all((path.parent / name).is_file() for name in offered)
    rows = list(csv.DictReader(io.StringIO((path.parent / "generate.csv").read_text("utf-8"))))
    board = found["generate"]
    assert [row["name"] for row in rows] == [row.name for row in (*board.rows, *board.controls)]
    told = json.loads((path.parent / "generate.json").read_text("utf-8"))
    assert told["verdict"] == board.to_json()["verdict"]
    for own, row in zip(rows, (*board.rows, *board.controls), strict=True):
        mean = row.cells["throughput"].mean
        assert (own["throughput"] == "") if mean is None else float(own["throughput"]) == mean


def test_a_chart_as_a_file_needs_nothing_from_outside_and_no_variables(tmp_path: Path) -> None:
    path = render(boards(board_records()), tmp_path)
    for file in sorted(path.parent.glob("*.svg")):
        source = file.read_text("utf-8")
        root = ElementTree.fromstring(source)  # well-formed
        assert root.tag == f"{SVG}svg"
        assert "var(" not in source
        assert "light-dark(" not in source
        shapes = {f"#{symbol.get('id')}" for symbol in root.iter(f"{SVG}symbol")}
        assert {use.get("href") for use in root.iter(f"{SVG}use")} <= shapes
        assert not re.search(r"(href|src)=\"(?!#)", source)


def test_numbers_on_a_chart_are_told_below_it(tmp_path: Path) -> None:
    records = [record(f"m{i}", candidates=[candidate(f"m{i}", VALUES)]) for i in range(40)]  # all at one spot
    path = render(boards(records), tmp_path)
    source = (path.parent / "generate-1.svg").read_text("utf-8")
    texts = [text.text or "" for text in ElementTree.fromstring(source).iter(f"{SVG}text")]
    numbers = {text for text in texts if text.isdigit()}
    told = {word for text in texts if " m" in text for word in re.findall(r"\b(\d+) m\d", text)}
    labels = {text for text in texts if re.fullmatch(r"\d+", text)} & {str(i) for i in range(1, 41)}
    assert numbers
    assert labels - {"0", "1", "2", "5"} <= told | {"10", "20", "50"}  # ticks are numbers too


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_in_a_chart_stays_text(word: str, tmp_path: Path) -> None:
    path = render(boards([record(f"{word} ", candidates=[candidate(f"{word} ", VALUES)])]), tmp_path, tables=downloads)
    for file in sorted(path.parent.glob("*.svg")):
        source = file.read_text("utf-8")
        ElementTree.fromstring(source)
        assert "<script" not in source
        assert "\u202e" not in source
