"""What large boards and many records take, in CPU seconds of one core, with a wide margin for busy machines.

Run with `pytest tests/bench -s`, or `tox -e bench`.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from crowd import crowd

from genbench.leaderboard import Leaderboard
from genbench.records.files import read_records, write
from genbench.records.record import Record

MODELS, SEEDS = 500, 5
BOARD = 12.0  # CPU seconds of a board of these, a second one of margins included
MODERATED = 60.0  # of one on which a candidate lacks a seed
MANY = 1000  # records that are read
READING = 1.0  # milliseconds of CPU a record
SLACK = 3.0  # what a busy machine may take more


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def told(records: list[Record]) -> Leaderboard:
    """A board, and all that its pages ask of it."""
    board = Leaderboard.of(records)
    assert board.sentence
    assert board.sentence_with_margins
    assert board.standings.volume is not None
    assert sum(board.is_best(row, column) for row in board.rows for column in board.columns)
    assert len(board.standings.running.seeds) > MODELS / 2
    return board


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(crowd(MODELS, SEEDS))


def test_a_board_of_500_models_at_5_seeds(records: list[Record]):
    took = seconds(lambda: told(records))
    print(f"\n{MODELS} models, {SEEDS} seeds: {took:.1f} CPU seconds")
    assert took < SLACK * BOARD


def test_a_board_of_500_models_of_which_one_lacks_a_seed(records: list[Record]):
    short = [record for record in records if (record.model.name, record.seed) != ("model-0003", 2)]
    took = seconds(lambda: told(short))
    print(f"\n{MODELS} models, {SEEDS} seeds, one of them {SEEDS - 1}: {took:.1f} CPU seconds")
    assert took < SLACK * MODERATED


def test_reading_records(tmp_path: Path):
    few = list(crowd(MANY // SEEDS // 10, SEEDS))[: MANY // 10]
    for place, record in enumerate(few):
        path = tmp_path / f"{place:04}.json"
        write(path, replace(record, seed=place))
        for copy in range(1, MANY // len(few)):
            (tmp_path / f"{place:04}-{copy}.json").write_bytes(path.read_bytes())
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    count = len(list(tmp_path.iterdir()))
    took = seconds(lambda: read_records(tmp_path))
    print(f"\n{count} records of {size / count / 1e3:.0f} kB: {1e3 * took / count:.2f} CPU milliseconds each")
    assert 1e3 * took / count < SLACK * READING
