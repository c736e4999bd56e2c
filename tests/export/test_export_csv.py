"""csv: the board's frame again when it is read, and nothing that a spreadsheet would carry out."""

import csv
import io

import pandas as pd
import pytest
from exported import full, strangers
from records import VALUES, candidate, record

from genbench.export.csv import content
from genbench.leaderboard import Leaderboard

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "'=")


def cells(board: Leaderboard) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content(board).decode("utf-8"))))


def named(name: str) -> list[list[str]]:
    return cells(Leaderboard.of([record(candidates=[candidate(name, VALUES)])]))


def test_every_number_is_read_again_as_it_is_in_the_frame():
    board = full()["generate"]
    frame, (names, *rows) = board.frame().reset_index(), cells(board)
    assert names == list(frame.columns)
    assert [row[0] for row in rows] == list(frame["name"])
    for place, name in enumerate(names):
        if str(frame[name].dtype) == "Float64":
            read = [float(row[place]) if row[place] else None for row in rows]
            assert read == [None if value is pd.NA else value for value in frame[name]], name


def test_there_is_a_row_for_each_candidate_and_control():
    board = full()["generate"]
    assert len(cells(board)) == 1 + len(board.rows) + len(board.controls)


@pytest.mark.parametrize("start", STARTS, ids=ascii)
def test_a_name_that_could_be_a_formula_is_text(start: str):
    (cell,) = (row[0] for row in named(f"{start}HYPERLINK(1)")[1:])
    assert cell[0] in ("'", "\\")


def test_a_formula_behind_a_semicolon_is_text_where_those_separate():
    (cell,) = (row[0] for row in named('a; "=1+1')[1:])
    assert cell == "a;' \"=1+1"


def test_a_negative_number_stays_a_number():
    own = candidate("vae", VALUES | {"fd@digits-net": -1.5})
    rows = cells(Leaderboard.of([record(candidates=[own])]))
    assert rows[1][rows[0].index("fd@digits-net")] == "-1.5"


def test_no_control_character_of_a_stranger_is_left():
    text = content(Leaderboard.of(strangers())).decode("utf-8")
    assert all(char.isprintable() or char == "\n" for char in text)
    assert len(text.splitlines()) == 1 + len(strangers())
