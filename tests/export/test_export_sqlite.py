"""sqlite: what the board says stands in the database, every key points somewhere, and the views can be read."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exported import full, strangers
from records import board_records, candidate, record

from genbench.export.sqlite import content
from genbench.leaderboard import Leaderboard, Reference, boards
from genbench.records.files import read_records

PUBLISHED = Path(__file__).parents[2] / "leaderboards/digits/records"


def opened(data: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    return connection


@pytest.fixture(scope="module")
def published() -> dict[str, Leaderboard]:
    return dict(boards(read_records(PUBLISHED)))


@pytest.fixture(scope="module")
def database(published: dict[str, Leaderboard]) -> Iterator[sqlite3.Connection]:
    connection = opened(content(published))
    yield connection
    connection.close()


def asked(connection: sqlite3.Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values).fetchall()


def test_the_file_is_sound(database: sqlite3.Connection):
    assert asked(database, "PRAGMA integrity_check") == [("ok",)]
    assert asked(database, "PRAGMA foreign_key_check") == []


def test_every_table_has_a_primary_key_and_references_have_their_targets(database: sqlite3.Connection):
    tables = [name for (name,) in asked(database, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert len(tables) == 13
    for table in tables:
        assert any(column[5] for column in asked(database, f"PRAGMA table_info({table})")), table
    linked = {key[2] for table in tables for key in asked(database, f"PRAGMA foreign_key_list({table})")}
    assert linked == {"machines", "boards", "columns", "rows", "records", "candidates"}


def test_the_standings_are_the_boards(published: dict[str, Leaderboard], database: sqlite3.Connection):
    for task, board in published.items():
        for row in board.rows:
            for axis, place in row.places.items():
                query = "SELECT rank, rank_low, rank_high, tier FROM standings WHERE task = ? AND name = ? AND axis = ?"
                wanted = (place.rank, *(place.ranks or (None, None)), place.tier)
                assert asked(database, query, task, row.name, axis) == [wanted]


def test_means_and_seeds_are_the_boards(published: dict[str, Leaderboard], database: sqlite3.Connection):
    for task, board in published.items():
        for row in (*board.rows, *board.controls):
            for name, cell in row.cells.items():
                query = "SELECT mean, half_width FROM means WHERE task = ? AND name = ? AND score = ?"
                assert asked(database, query, task, row.name, name) == [(cell.mean, cell.half_width)]
                query = "SELECT value FROM seed_scores WHERE task = ? AND name = ? AND score = ?"
                assert [value for (value,) in asked(database, query, task, row.name, name)] == list(cell.values)


def test_every_record_machine_and_failure_is_there(published: dict[str, Leaderboard], database: sqlite3.Connection):
    records = published["generate"].records
    assert asked(database, "SELECT count(*) FROM records") == [(len(records),)]
    assert asked(database, "SELECT count(*) FROM machines") == [(len({own.machine for own in records}),)]
    failures = sum(len(board.failures) for board in published.values())
    assert asked(database, "SELECT count(*) FROM failures") == [(failures,)]
    assert failures


def test_the_gates_are_there():
    with_copies = opened(content(full()))
    found = dict(asked(with_copies, "SELECT name, barred FROM gates WHERE barred <> ''"))
    assert found == {"replay": "flagged as a copy"}
    with_copies.close()


def test_the_same_records_in_another_order_give_the_same_bytes():
    records = board_records(2)
    assert content(boards(records)) == content(boards(records[::-1]))


def test_strangers_words_are_kept_as_they_are():
    records = strangers()
    connection = opened(content(boards(records)))
    found = {name for (name,) in asked(connection, "SELECT name FROM rows")}
    assert found == {own.candidates[0].name for own in records}
    assert asked(connection, "PRAGMA foreign_key_check") == []
    connection.close()


def test_an_integer_that_sqlite_cannot_hold_is_near_what_it_was():
    connection = opened(content(boards([record(candidates=[candidate("vae", exit_code=10**40)])])))
    assert asked(connection, "SELECT exit_code FROM candidates") == [(1e40,)]
    connection.close()


def test_published_values_are_there():
    told = Reference("DDGAN", "https://example.org/", {"fd": 3.75, "nfe": 4.0}, "on a V100")
    connection = opened(content(boards(board_records(1), [told])))
    assert asked(connection, "SELECT * FROM published") == [
        ("generate", "DDGAN", "fd", 3.75, "https://example.org/", "on a V100"),
        ("generate", "DDGAN", "nfe", 4.0, "https://example.org/", "on a V100"),
    ]
    connection.close()
