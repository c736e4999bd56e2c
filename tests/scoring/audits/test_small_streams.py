"""A uniform density over sequences passes however few test rows there are, and is not failed for want of rows."""

import math

import numpy as np
import pytest

from genbench.records.audits import AuditFinding, AuditStatus
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits.facts import AuditFacts
from genbench.scoring.audits.judgement import judged, verdict
from genbench.scoring.audits.left import DensityLeft, Left
from genbench.scoring.audits.stream import RealData, composed, own_rows

SEQUENCES = Space((12,), 5)
NATS = -12 * math.log(5)


def found(rows: int, kind: Likelihood, space: Space = SEQUENCES) -> list[AuditFinding]:
    """What is found of a uniform density of so many test rows."""
    rng = np.random.default_rng(rows)
    train, valid, test = (rng.integers(5, size=(n, 12)).astype(np.uint8) for n in (60, 20, rows))
    samples = rng.integers(5, size=(50, 12)).astype(np.uint8)
    stream = composed(RealData(space, train, valid, test), samples, kind, 0, 16, rng)
    said = tuple(np.full(len(half.role), NATS) for half in stream.halves)
    exact, own = kind is Likelihood.EXACT, own_rows(rows, kind, len(samples))
    left = Left(
        AuditFacts(kind, 0, (), "" if exact and own >= 2 else "none"),
        np.full((2, 256), -math.log(256)),
        rng.integers(256, size=400) if exact else np.empty(0, np.int64),
        np.full(own - own // 2, NATS) if exact and own >= 2 else np.empty(0),
        DensityLeft(stream, (said[0], said[1]), (kind, kind)),
    )
    return judged(left, samples, test, space)


@pytest.mark.parametrize("kind", [Likelihood.EXACT, Likelihood.LOWER_BOUND])
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 8, 40])
def test_a_uniform_density_of_sequences_passes_with_few_test_rows(rows: int, kind: Likelihood):
    findings = found(rows, kind)
    assert verdict(kind, findings).status is AuditStatus.PASSED
    skipped = {one.name for one in findings if one.status is AuditStatus.SKIPPED}
    assert ("no-spikes" in skipped) == (rows < 4)


def test_what_is_written_in_symbols_has_no_level_next_to_another():
    skipped = {
        one.name: one.words
        for one in found(40, Likelihood.EXACT, Space((12,), 5, symbols="ACGT-"))
        if one.status is AuditStatus.SKIPPED
    }
    assert "tokens are no quantities" in skipped["no-spikes"]
