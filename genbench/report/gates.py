"""What a page says of the gates: for every candidate and control, copies and audits, with the reasons."""

from collections.abc import Iterable
from typing import Any

from genbench.leaderboard import Leaderboard, Row
from genbench.records.audits import AuditFinding, AuditStatus
from genbench.records.gates import WORDS, CopyFinding, GateStatus
from genbench.records.kinds import ControlKind
from genbench.report.images import Album
from genbench.report.standing import places
from genbench.report.text import clip, number

GATE = {
    GateStatus.FLAGGED: "copies",
    GateStatus.CLEAR: "no copies found",
    GateStatus.UNAVAILABLE: "copies not judged",
    None: "copies not judged",
}
AUDITS = {
    AuditStatus.PASSED: "density audited",
    AuditStatus.FAILED: "density failed its audits",
    AuditStatus.UNAUDITED: "density not audited",
    None: "density not audited",
}
MANY = 24  # rows of a board, beyond which what is in order is shown in brief
LISTED = 8  # tests or audits of one candidate


def gates(board: Leaderboard, album: Album) -> list[dict[str, Any]]:
    """A candidate's, or a control's, part of the section; those without a result have none."""
    return [details(row, board, album) for row in (*board.rows, *board.controls) if row.ok]


def details(row: Row, board: Leaderboard, album: Album) -> dict[str, Any]:
    """What the gates say of one row. Of the seeds, the one that was flagged is shown, else the first."""
    shown = next(result for result in row.ok if result.record.seed == row.gate.seed)
    memorisation, audits = shown.candidate.memorisation, audited(row)
    brief = len(board.rows) + len(board.controls) > MANY
    return {
        "row": row,
        "words": GATE[row.gate.status],
        "bad": row.gate.flagged and not row.control,
        "expected": expected(row),
        "audits": AUDITS[row.audits.status] if row.likelihood else "",
        "failed": row.audits.status is AuditStatus.FAILED,
        "reason": row.gate.reason,
        "why": row.audits.reason,
        "tests": [test(t) for t in (memorisation.tests if memorisation else ())[:LISTED] if t.flagged or not brief],
        "findings": [
            (found.name, found.status.value, found.words)
            for found in audits[:LISTED]
            if found.status is AuditStatus.FAILED or not brief
        ],
        "detectable": detectable(row),
        "seed": row.gate.seed,
        "pairs": album.shown(memorisation.pairs) if memorisation and memorisation.pairs else None,
        "places": [] if row.control or brief else list(places(row)),
    }


def audited(row: Row) -> tuple[AuditFinding, ...]:
    """The findings of the first seed whose audits are as bad as the row's."""
    found = [audits for result in row.ok if (audits := result.candidate.audits)]
    return next((audits.audits for audits in found if audits.status is row.audits.status), ())


def expected(row: Row) -> str:
    """Whether the gate says of a control what it has to; "" where it was not asked."""
    if not row.control or row.gate.status not in (GateStatus.FLAGGED, GateStatus.CLEAR):
        return ""
    return (
        "as it has to"
        if row.gate.flagged == (row.control is ControlKind.COPY)
        else "which is wrong: the gate is not to be trusted"
    )


def test(found: CopyFinding) -> tuple[str, str]:
    """A test: which, and what it found, in words."""
    chance = "" if found.p is None else f", p = {number(found.p, 1)}"
    what = f"{clip(found.test, 40)}, {WORDS.get(found.against, clip(found.against, 40))} data"
    shares = f"{found.share:.1%} of the samples, {found.control:.1%} of fresh real data"
    return what, f"{shares}{chance}{'; flagged' * found.flagged}"


def detectable(row: Row) -> str:
    """The smallest share of copies that would have been seen, in words; "" where no record says it."""
    shares = [
        f"{share:.1%} copies of {WORDS.get(key, clip(key, 40))} data" for key, share in row.gate.detectable.items()
    ]
    return " or ".join(shares[:LISTED])


def flags(row: Row) -> Iterable[str]:
    """What stands beside a candidate's name in the table."""
    if row.gate.flagged and not row.control:
        yield "flagged: copies"
    elif row.bar and not row.control:
        yield f"not ranked: {clip(row.bar, 160)}"
    if row.audits.status is AuditStatus.FAILED and not row.control:
        yield "density failed its audits"


def unaudited(row: Row) -> str:
    """Why bits/dim are not ranked, in brief; "" where they are."""
    return AUDITS[row.audits.status] if row.audits.unranked else ""
