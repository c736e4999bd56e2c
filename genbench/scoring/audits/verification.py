"""Verification: the nats of rows whose entries a model was asked one by one, normalised here, beside what it declared.

A model answers for an entry of all rows before it is told it, so that its answers are a code of those rows that can be
decoded: by Kraft's inequality nothing but knowledge of the rows makes it short.

Source: Dawid 1984, on prequential probability, https://doi.org/10.2307/2981683
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from genbench.errors import InvalidEvidence
from genbench.records.audits import AuditFinding, AuditStatus, Verification, finding
from genbench.records.space import Space
from genbench.scoring.audits.answers import sorted_by
from genbench.scoring.audits.findings import as_declared
from genbench.scoring.audits.left import DensityLeft, EntriesLeft
from genbench.scoring.audits.stream import Stream
from genbench.store.commitment import chained, committed
from genbench.store.tensors import check_log_weights, read_arrays

NAME = "verified"


@dataclass(frozen=True)
class Verified:
    """What came of asking entry by entry.

    Args:
        finding: among the others.
        verification: None where the nats are no more than declared.
    """

    finding: AuditFinding
    verification: Verification | None = None


def verified(left: DensityLeft, test: NDArray[np.integer], space: Space) -> Verified:
    """Hold what a model said entry by entry against what its density declared of the same rows.

    Args:
        test: [N, *shape], the test split.
    """
    if left.entries is None or left.stream is None or left.said is None:
        why = left.undone or "there are no nats of the real space"
        return Verified(finding(NAME, AuditStatus.SKIPPED, f"declared, not verified: {why}"))
    try:
        nats = nats_by_entry(left.entries, rows_asked(left.stream, test), space).sum(1)
    except InvalidEvidence as error:
        return Verified(finding(NAME, AuditStatus.FAILED, f"refused: {error}"))
    found = as_declared(nats, sorted_by(left.stream, left.said).test[left.stream.verified], space.dim)
    sound = found.status is AuditStatus.PASSED and bool(np.isfinite(nats).all())
    return Verified(found, _verification(nats, space.dim) if sound else None)


def rows_asked(stream: Stream, test: NDArray[np.integer]) -> NDArray[np.integer]:
    """The V rows of the test split [N, *shape] that a model is asked entry by entry: [V, D]."""
    rows = test[stream.tested[stream.verified]]
    return rows.reshape(len(rows), math.prod(test.shape[1:]))


def nats_by_entry(left: EntriesLeft, rows: NDArray[np.integer], space: Space) -> NDArray[np.float64]:
    """[V, D] nats of each entry of rows [V, D] given those before it: the logarithms of weights over their sums.

    Raises:
        InvalidEvidence: answers of another form, or not those that were committed to before the entries were told.
    """
    said, shape = read_arrays(left.answers, {"log_weights"})["log_weights"], (space.dim, len(rows), space.levels)
    if said.shape != shape or said.dtype != np.float32:
        raise InvalidEvidence(f"log_weights are {said.dtype} {said.shape}, expected float32 {shape}")
    if chained(committed(own) for own in said) != left.committed:
        raise InvalidEvidence("what the process left is not what it answered before it was told the entries")
    check_log_weights(said, "the process left")
    nats, every = np.empty(rows.shape), np.arange(len(rows))
    for i, own in enumerate(said):
        log_w = own.astype(np.float64)  # [V, levels]
        nats[:, i] = log_w[every, rows[:, i].astype(np.int64)] - logsumexp(log_w, axis=1)
    return nats


def _verification(nats: NDArray[np.float64], dim: int) -> Verification:
    bits = -nats / (dim * math.log(2))
    error = float(bits.std(ddof=1)) / math.sqrt(len(bits)) if len(bits) > 1 else None
    return Verification(len(bits), float(bits.mean()), error)
