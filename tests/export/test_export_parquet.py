"""parquet: the board's frame with its types."""

import io
import sys
from typing import Any

import pandas as pd
import pytest
from exported import full, strangers
from pyarrow import parquet
from records import VALUES, candidate, record

from genbench.errors import GenbenchError
from genbench.export.parquet import content
from genbench.leaderboard import Leaderboard


def known(value: Any) -> Any:
    """A cell of the frame; None where it is missing."""
    return value if isinstance(value, list) or pd.notna(value) else None


def test_values_and_types_are_those_of_the_frame():
    board = full()["generate"]
    frame, found = board.frame().reset_index(), parquet.read_table(io.BytesIO(content(board)))
    assert found.column_names == list(frame.columns)
    for name in found.column_names:
        assert found[name].to_pylist() == [known(value) for value in frame[name]], name
    assert {str(found.schema.field(name).type) for name in ("fd@digits-net", "volume")} == {"double"}
    assert str(found.schema.field("quality tier").type) == "int64"
    assert str(found.schema.field("front").type) == "bool"
    assert str(found.schema.field("seeds_ok").type) == "list<element: int64>"


def test_types_do_not_depend_on_what_is_there():
    alone = Leaderboard.of([record(candidates=[candidate("vae", {"throughput": 1.0})])])
    schemas = [parquet.read_schema(io.BytesIO(content(board))) for board in (alone, full()["generate"])]
    assert schemas[0].equals(schemas[1])


def test_a_file_says_what_it_is_of():
    board = full()["generate"]
    told = parquet.read_schema(io.BytesIO(content(board))).metadata
    assert told[b"genbench.protocol"].decode() == board.protocol
    assert told[b"genbench.task"] == b"generate"


def test_strangers_words_are_kept():
    records = strangers()
    found = parquet.read_table(io.BytesIO(content(Leaderboard.of(records))))
    assert sorted(found["name"].to_pylist()) == sorted(own.candidates[0].name for own in records)


def test_who_has_no_pyarrow_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(GenbenchError, match=r"^parquet needs pyarrow: pip install 'genbench\[parquet\]'$"):
        content(Leaderboard.of([record(candidates=[candidate("vae", VALUES)])]))
