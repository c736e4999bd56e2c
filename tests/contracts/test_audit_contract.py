"""Every candidate with a density has its audits in its record; a density that is none fails them, and says why."""

import pytest
import tiny

from genbench.records.audits import AuditStatus
from genbench.records.status import Status

NAMES = [
    "exhaustive-sum",
    "noise-floor",
    "e-value",
    "sampler-density",
    "ordering",
    "same-answer",
    "no-spikes",
    "verified",
]


def test_the_record_of_a_density_holds_its_audits(densities: tiny.Run):
    audits = densities.candidate("uniform").audits
    assert (audits.status, audits.reason) == (AuditStatus.PASSED, None)
    assert [audit.name for audit in audits.audits] == NAMES
    assert densities.record("uniform").stages["audit"].status is Status.OK


@pytest.mark.parametrize(
    ("model", "status", "words"),
    [
        ("positive", AuditStatus.FAILED, "exhaustive-sum: the 256 states of 1×2×2, 4 levels, 2 classes sum to 65536"),
        ("undefined", AuditStatus.FAILED, "exhaustive-sum: log_prob() gave NaN or infinity for the tiny space"),
        ("per-pixel", AuditStatus.UNAUDITED, "2 classes: log_prob() returned no 256 floating-point nats"),
        ("raises", AuditStatus.UNAUDITED, "2 classes: RuntimeError: no density today"),
    ],
)
def test_a_density_that_is_none_leaves_the_candidate_and_says_why(
    densities: tiny.Run, model: str, status: AuditStatus, words: str
):
    candidate = densities.candidate(model)
    assert (candidate.status, candidate.audits.status) == (Status.OK, status)
    assert words in candidate.audits.reason


def test_only_the_sampler_that_the_density_describes_has_audits(capabilities: tiny.Run):
    assert capabilities.candidate("bounded/full").audits.status is AuditStatus.PASSED
    assert capabilities.candidate("bounded/dark").audits is None


def test_controls_are_audited_where_they_have_a_density(densities: tiny.Run):
    assert densities.candidate("independent-pixels").audits.status is AuditStatus.PASSED
    assert densities.candidate("copycat").audits is None


def test_real_numbers_are_not_audited(reals: tiny.Run):
    audits = reals.candidate("normal").audits
    assert (audits.status, audits.audits) == (AuditStatus.UNAUDITED, ())
    assert "samples are real numbers" in audits.reason
