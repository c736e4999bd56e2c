"""Reading: what the record of the small board says of a model, finding by finding."""

from collections.abc import Iterator

from genbench.conformance.board import Board
from genbench.conformance.endings import failed
from genbench.protocol.suite import Suite
from genbench.records.audits import AuditFinding, AuditStatus, AuditVerdict
from genbench.records.checks import CheckFinding, broken, doubtful, inapplicable, ok
from genbench.records.gates import CopyVerdict, GateStatus
from genbench.records.record import Candidate, Record
from genbench.records.score import ScoreRecord
from genbench.records.status import words

MIB = 2**20
QUALITY = "fd"  # by which a model that learnt is told from noise
DRAWS = "generate"  # the task whose candidates draw samples


def findings(board: Board, full: Suite) -> Iterator[CheckFinding]:
    """All of it, in the order in which it was done.

    Args:
        full: the suite that says what a whole training is.
    """
    record = board.record
    yield from _stages(board)
    if "fit" not in record.stages:
        yield inapplicable("fit", "", "the small board asks nothing that it answers")
        return
    if record.stages["fit"].status.failed or record.model.images is None:
        return
    yield _trained(record)
    for candidate in record.candidates:
        of = candidate.sampler or candidate.task
        if candidate.task != DRAWS:
            yield _answered(candidate)
            continue
        if candidate.ok:
            yield from _drawn(candidate, of, record)
        if candidate.audits is not None:
            yield from _audited(candidate.audits)
        if candidate.memorisation is not None:
            yield _novel(candidate.memorisation, of)
    yield _learnt(record, board.floor)
    yield from _cost(record, full)


def _stages(board: Board) -> Iterator[CheckFinding]:
    """The stages that did not do their work."""
    told = set()
    for name, stage in board.record.stages.items():
        check, _, of = name.partition("/")
        alike = check, stage.status, stage.reason
        if stage.status.failed and alike not in told:
            told.add(alike)
            reason = stage.reason or words(stage.status, stage.exit_code)
            yield failed(check, of, stage.status, reason, board.where(name))
        elif check == "fit" and not stage.status.failed and stage.reason:
            yield inapplicable(check, of, f"refused: {stage.reason}")


def _trained(record: Record) -> CheckFinding:
    model, budget = record.model, record.suite.images
    took = f"took {model.images:,} of {budget:,} images" if model.images else "took no images from data.batches"
    effort = f" in {model.fit.seconds:.1f} s" if model.fit is not None else ""
    numbers = "" if model.parameters is None else f", {model.parameters:,} parameters"
    return ok("fit", "", f"{took}{effort}, and ended{numbers}")


def _answered(candidate: Candidate) -> CheckFinding:
    of = f"{candidate.task}/{candidate.sampler}".rstrip("/")
    if not candidate.ok:
        return inapplicable("task", of, candidate.reason or candidate.status.value)
    barred = f"; not to be ranked after so short a training: {'; '.join(candidate.barred.values())}"
    return ok("task", of, f"answers{barred if candidate.barred else ''}")


def _drawn(candidate: Candidate, of: str, record: Record) -> Iterator[CheckFinding]:
    timing, space = candidate.timing, record.dataset.space
    memory = "" if timing is None or timing.memory is None else f", {timing.memory / MIB:.0f} MiB above its start"
    yield ok("evidence", of, f"samples of {space}{memory}")
    if timing is not None and timing.void:
        yield doubtful("speed", of, f"its speed would not count: {timing.void}")


def _learnt(record: Record, floor: Record | None) -> CheckFinding:
    """Of the preset that shows it best: a short training need not do for each."""
    own = [score.value for candidate in record.candidates if (score := _quality(candidate)) is not None]
    noise = _quality(floor.candidates[0]) if floor is not None else None
    if not own or noise is None:
        return inapplicable("learning", "", "no quality of samples was scored")
    said = f"FD {min(own):.3g}, noise has {noise.value:.3g}"
    return (
        ok("learning", "", said)
        if min(own) < noise.value
        else doubtful("learning", "", f"no better than noise: {said}")
    )


def _quality(candidate: Candidate) -> ScoreRecord | None:
    return next((score for name, score in candidate.scores.items() if name.partition("@")[0] == QUALITY), None)


def _audited(verdict: AuditVerdict) -> Iterator[CheckFinding]:
    if verdict.status is AuditStatus.UNAUDITED:
        yield doubtful("audit", "", f"its density could not be audited: {verdict.reason}")
    for audit in verdict.audits:
        yield _audit(audit)


def _audit(audit: AuditFinding) -> CheckFinding:
    if audit.status is AuditStatus.FAILED:
        return broken("audit", audit.name, "a density that holds (docs/audits.md)", audit.words)
    make = ok if audit.status is AuditStatus.PASSED else inapplicable
    return make("audit", audit.name, audit.words)


def _novel(verdict: CopyVerdict, of: str) -> CheckFinding:
    if verdict.status is GateStatus.FLAGGED:
        return broken("novelty", of, "samples that are no copies", verdict.reason or "copies")
    if verdict.status is GateStatus.UNAVAILABLE:
        return inapplicable("novelty", of, verdict.reason or "nothing can be said")
    share = verdict.detectable.get("train")
    seen = "" if share is None else f"; {share:.1%} of them would have been seen"
    return ok("novelty", of, f"no copies of training data{seen}")


def _cost(record: Record, full: Suite) -> Iterator[CheckFinding]:
    """What a whole training would take, and whether much happens beside it."""
    effort, images = record.model.fit, record.model.images or 0
    if effort is None:
        return
    spent = effort.seconds if effort.cpu is None else effort.cpu  # a busy machine makes wall seconds of any kind
    seconds = spent * full.images / images if images else spent
    said = f"a fit of the suite {full.name} would take at most about {seconds:,.0f} s of {full.limit('fit'):,.0f}"
    yield (ok if seconds <= full.limit("fit") else doubtful)("time", "", said)
    if effort.elsewhere:
        yield doubtful("time", "", f"{effort.beside:.1f} of {effort.cpu:.1f} CPU seconds were spent outside of fit")
