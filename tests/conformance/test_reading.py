"""What a record says of a model becomes findings: one made of a real run, and the same with each fault in it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

from genbench.conformance import reading
from genbench.conformance.board import Board
from genbench.protocol import suite_file as suites
from genbench.protocol.suite import Suite
from genbench.records.audits import AuditFinding, AuditStatus, AuditVerdict
from genbench.records.checks import CheckFinding, CheckStatus
from genbench.records.effort import Effort
from genbench.records.gates import CopyVerdict, GateStatus
from genbench.records.record import Candidate, Record, StageFacts
from genbench.records.status import Status

FULL = Path(__file__).parents[2] / "genbench/builtin/suites/digits.toml"
OK, WARNING, FAILED = CheckStatus.OK, CheckStatus.WARNING, CheckStatus.FAILED


@pytest.fixture(scope="module")
def full() -> Suite:
    """The suite of a whole training."""
    return suites.read(FULL).suite


def read(record: Record, plain: tiny.Run, full: Suite) -> dict[str, CheckFinding]:
    """Check → its finding, the last of several."""
    return {finding.check: finding for finding in findings(record, plain, full)}


def findings(record: Record, plain: tiny.Run, full: Suite) -> Iterator[CheckFinding]:
    return reading.findings(Board(record, plain.record("noise"), plain.root / "plain.default.0"), full)


def changed(plain: tiny.Run, **fields: object) -> Record:
    """The plain model's record with fields of its candidate changed."""
    record = plain.record("plain")
    (own,) = (candidate for candidate in record.candidates if candidate.task == "generate")
    found: Candidate = replace(own, **fields)
    return replace(record, candidates=(found,))


def test_of_a_faultless_model_nothing_fails(plain: tiny.Run, full: Suite):
    found = list(findings(plain.record("plain"), plain, full))
    assert {finding.status for finding in found} <= {OK, CheckStatus.NOT_APPLICABLE}
    assert {"fit", "evidence", "audit", "novelty", "learning", "time"} <= {finding.check for finding in found}


def test_a_stage_that_failed_is_told_with_its_reason_and_once(plain: tiny.Run, full: Suite):
    record = plain.record("plain")
    stage = StageFacts(Status.TIMEOUT, "density ran past its limit of 60 s")
    stages = {**record.stages, "density/first": stage, "density/second": stage}
    found = [f for f in findings(replace(record, stages=stages), plain, full) if f.check == "density"]
    assert [(f.status, f.expected, f.got) for f in found] == [(FAILED, "an end within the limit", stage.reason)]


def test_copies_are_a_failure(plain: tiny.Run, full: Suite):
    verdict = CopyVerdict(GateStatus.FLAGGED, "61% of the samples are copies of training data")
    found = read(changed(plain, memorisation=verdict), plain, full)["novelty"]
    assert (found.status, found.got) == (FAILED, verdict.reason)


def test_a_failed_audit_is_a_failure_and_a_skipped_one_is_none(plain: tiny.Run, full: Suite):
    audits = (
        AuditFinding("exhaustive-sum", AuditStatus.FAILED, "the 256 states sum to 1.7"),
        AuditFinding("sampler-density", AuditStatus.SKIPPED, "not exact"),
    )
    record = changed(plain, audits=AuditVerdict(AuditStatus.FAILED, "exhaustive-sum", audits))
    found = {f.of: f for f in findings(record, plain, full) if f.check == "audit"}
    assert found["exhaustive-sum"].status is FAILED
    assert found["exhaustive-sum"].got == "the 256 states sum to 1.7"
    assert found["sampler-density"].status is CheckStatus.NOT_APPLICABLE


def test_a_speed_that_would_not_count_is_a_warning(plain: tiny.Run, full: Suite):
    timing = plain.candidate("plain").timing
    assert timing is not None
    record = changed(plain, timing=replace(timing, void="its 9 repetitions differ by 41%"))
    found = read(record, plain, full)["speed"]
    assert (found.status, found.words) == (WARNING, "its speed would not count: its 9 repetitions differ by 41%")


def test_samples_no_better_than_noise_are_a_warning(plain: tiny.Run, full: Suite):
    own = plain.candidate("plain")
    quality = next(score for name, score in own.scores.items() if name.startswith("clipped-density"))
    noise = plain.record("noise")
    scores = [{"fd@pixels": replace(quality, value=value)} for value in (80.0, 70.0)]
    board = Board(
        changed(plain, scores=scores[0]),
        replace(noise, candidates=(replace(noise.candidates[0], scores=scores[1]),)),
        plain.root,
    )
    found = {finding.check: finding for finding in reading.findings(board, full)}["learning"]
    assert (found.status, found.words) == (WARNING, "no better than noise: FD 80, noise has 70")


def test_a_training_that_would_take_longer_than_it_may_is_a_warning(plain: tiny.Run, full: Suite):
    record = plain.record("plain")
    slow = replace(record, model=replace(record.model, images=500, fit=Effort(cpu=2.0, seconds=9.0)))
    found = read(slow, plain, full)["time"]
    assert found.status is WARNING
    assert found.words == "a fit of the suite digits would take at most about 1,200 s of 600"
    beside = replace(record, model=replace(record.model, fit=Effort(cpu=20.0, seconds=9.0, beside=15.0)))
    assert read(beside, plain, full)["time"].words == "15.0 of 20.0 CPU seconds were spent outside of fit"
