"""The harness normalises what a model answered entry by entry, and believes no answers that came late."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from genbench.errors import InvalidEvidence
from genbench.records.audits import AuditStatus
from genbench.records.space import Space
from genbench.scoring.audits.facts import rows_by_entry
from genbench.scoring.audits.findings import as_declared
from genbench.scoring.audits.left import DensityLeft, EntriesLeft
from genbench.scoring.audits.stream_files import column, write_columns
from genbench.scoring.audits.verification import nats_by_entry, verified
from genbench.store.commitment import chained, committed
from genbench.store.tensors import write_tensors

SPACE = Space((1, 2, 3), levels=5)
ROWS = np.random.default_rng(0).integers(5, size=(7, 6)).astype(np.uint8)
SAID = np.random.default_rng(1).normal(size=(6, 7, 5)).astype(np.float32)


def left(folder: Path, said: np.ndarray = SAID, digests: np.ndarray = SAID) -> EntriesLeft:
    write_tensors(folder / "said.safetensors", {"log_weights": torch.from_numpy(np.ascontiguousarray(said))})
    return EntriesLeft(folder / "said.safetensors", chained(committed(own) for own in digests))


def test_nats_are_normalised_logarithms(tmp_path: Path):
    p = np.exp(SAID.astype(float))
    p /= p.sum(2, keepdims=True)
    wanted = [[math.log(p[d, row, ROWS[row, d]]) for d in range(6)] for row in range(7)]
    assert nats_by_entry(left(tmp_path), ROWS, SPACE) == pytest.approx(np.array(wanted))


def test_what_is_added_to_all_weights_of_an_entry_changes_nothing(tmp_path: Path):
    shifted = SAID + np.float32(8.0)
    found = nats_by_entry(left(tmp_path, shifted, shifted), ROWS, SPACE)
    # Of float32 numbers around 8.
    assert found == pytest.approx(nats_by_entry(left(tmp_path), ROWS, SPACE), abs=1e-5)


def test_a_level_without_weight_makes_its_row_impossible(tmp_path: Path):
    said = SAID.copy()
    said[2, 3, ROWS[3, 2]] = -np.inf
    found = nats_by_entry(left(tmp_path, said, said), ROWS, SPACE)
    assert np.argwhere(np.isneginf(found)).tolist() == [[3, 2]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_cannot_be_normalised_are_refused(tmp_path: Path, value: float):
    said = SAID.copy()
    said[2, 3] = value
    with pytest.raises(InvalidEvidence, match="no weight at all"):
        nats_by_entry(left(tmp_path, said, said), ROWS, SPACE)


@pytest.mark.parametrize("spoilt", ["one number", "two entries in each other's place", "an entry more"])
def test_other_answers_than_were_committed_to_are_refused(tmp_path: Path, spoilt: str):
    said = SAID.copy()
    if spoilt == "one number":
        said[5, 6, 4] = np.nextafter(said[5, 6, 4], np.float32(9))
    elif spoilt.startswith("two"):
        said[[0, 1]] = said[[1, 0]]
    digests = np.concatenate([SAID, SAID[:1]]) if spoilt == "an entry more" else SAID
    with pytest.raises(InvalidEvidence, match="before it was told the entries"):
        nats_by_entry(left(tmp_path, said, digests), ROWS, SPACE)


@pytest.mark.parametrize("said", [SAID[:5], SAID[:, :6], SAID[..., :4], SAID.astype(float)])
def test_answers_of_another_form_are_refused(tmp_path: Path, said: np.ndarray):
    with pytest.raises(InvalidEvidence, match=r"expected float32 \(6, 7, 5\)"):
        nats_by_entry(left(tmp_path, said, said), ROWS, SPACE)


def test_what_agrees_to_rounding_is_as_declared_and_what_does_not_fails():
    nats = np.array([-100.0, -120.0, -80.0])
    assert as_declared(nats, nats + 0.01, 64).status is AuditStatus.PASSED
    for moved in ([0.0, 0.0, 0.1], [0.0, -0.1, 0.0], [-np.inf, 0.0, 0.0]):
        assert as_declared(nats, nats + moved, 64).status is AuditStatus.FAILED
    never = np.array([-np.inf, -3.0])
    assert as_declared(never, never, 64).status is AuditStatus.PASSED


def test_who_was_not_asked_is_declared_with_the_reason():
    found = verified(DensityLeft(undone="it is a bound"), ROWS, SPACE)
    assert (found.verification, found.finding.status) == (None, AuditStatus.SKIPPED)
    assert found.finding.words == "declared, not verified: it is a bound"


@pytest.mark.parametrize(
    ("space", "rows", "asked"),
    [
        (Space((1, 8, 8), levels=17), 449, 200),
        (Space((1, 8, 8), levels=17), 30, 30),
        (Space((1, 28, 28), levels=256), 10_000, 20),
        (Space((3, 32, 32), levels=256), 10_000, 20),
        (Space((3, 512, 512), levels=256), 10_000, 0),
        (Space((2,), levels=None), 100, 0),
    ],
)
def test_rows_are_asked_entry_by_entry_as_far_as_work_and_answers_allow(space: Space, rows: int, asked: int):
    assert rows_by_entry(space, rows) == asked


def test_a_line_holds_an_entry_of_every_row_and_the_last_entry_is_told_to_nobody(tmp_path: Path):
    write_columns(ROWS, tmp_path)
    lines = (tmp_path / "columns.txt").read_text().splitlines()
    assert len(lines) == 5
    assert all((column(line) == ROWS[:, i]).all() for i, line in enumerate(lines))
