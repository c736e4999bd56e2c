"""A digest of a batch fixes its rows, and the first ones of the last batch by themselves."""

import numpy as np
import pytest

from genbench.store.commitment import committed, kept_rows

SIZE, COUNT = 10, 33
ROWS = np.random.default_rng(0).integers(0, 256, (4 * SIZE, 1, 2, 2), dtype=np.uint8)
DIGESTS = [committed(ROWS[start : start + SIZE], COUNT % SIZE) for start in range(0, len(ROWS), SIZE)]


def test_rows_are_those_that_were_committed_to():
    assert kept_rows(ROWS[:COUNT], DIGESTS, SIZE)
    assert kept_rows(ROWS[: 3 * SIZE], [committed(ROWS[i : i + SIZE]) for i in range(0, 30, SIZE)], SIZE)


@pytest.mark.parametrize("row", [0, 19, 32])
def test_another_row_is_noticed(row: int):
    changed = ROWS[:COUNT].copy()
    changed[row, 0, 0, 0] ^= 1
    assert not kept_rows(changed, DIGESTS, SIZE)


def test_rows_too_few_or_many_and_batches_in_another_order_are_noticed():
    assert not kept_rows(ROWS[: COUNT - 1], DIGESTS, SIZE)
    assert not kept_rows(ROWS[:COUNT], DIGESTS[:3], SIZE)
    assert not kept_rows(ROWS[:COUNT], DIGESTS[1:2] + DIGESTS[:1] + DIGESTS[2:], SIZE)
    assert not kept_rows(ROWS[:COUNT], (), SIZE)
