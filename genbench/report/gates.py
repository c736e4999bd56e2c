"""What a page says of the gates: for every candidate and control, copies and audits, with the reasons."""

from collections.abc import Iterable, Sequence
from typing import Any

from genbench.leaderboard import Leaderboard, Row
from genbench.records.audits import AuditFinding, AuditStatus
from genbench.records.gates import AMONG, WORDS, CopyFinding, GateStatus
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
AS_IT_HAS_TO = "as it has to"
MANY = 24  # rows of a board, beyond which what is in order is shown in brief
LISTED = 8  # tests or audits of one candidate
FOUND = 32  # findings of all tests of one candidate
TITLES = {"tail": "nearness in features", "pixel-tail": "nearness in pixels"}


def gates(board: Leaderboard, album: Album, alone: bool) -> list[dict[str, Any]]:
    """A candidate's, or a control's, part of the section; those without a result have none.

    Args:
        alone: the page is by itself; else the pages of the models have the details of all that is in order.
    """
    rows = [*board.rows, *board.controls]
    return [details(row, album, brief=len(rows) > MANY) for row in rows if row.ok and (alone or not in_order(row))]


def ordered(board: Leaderboard) -> list[tuple[str, list[Row]]]:
    """What the gates say of the rows that are in order, in a few words, and of which ones they say it."""
    found: dict[str, list[Row]] = {}
    for row in (*board.rows, *board.controls):
        if row.ok and in_order(row):
            control = ": ".join(filter(None, (f"controls, {GATE[row.gate.status]}", expected(row)))) * bool(row.control)
            audits = AUDITS[row.audits.status] if row.likelihood and not row.control else ""
            words = control or ", ".join(part for part in (GATE[row.gate.status], audits) if part)
            found.setdefault(words, []).append(row)
    return list(found.items())


def in_order(row: Row) -> bool:
    """Whether the gates found what they should: no copies, and no density that fails; of a control, what it is for."""
    if row.control:
        return expected(row) in ("", AS_IT_HAS_TO)
    audited = not row.likelihood or row.audits.status is AuditStatus.PASSED
    return row.gate.status is GateStatus.CLEAR and audited and not row.bar


def details(row: Row, album: Album, brief: bool) -> dict[str, Any]:
    """What the gates say of one row. Of the seeds, the one that was flagged is shown, else the first."""
    shown = next(result for result in row.ok if result.record.seed == row.gate.seed)
    memorisation, audits = shown.candidate.memorisation, audited(row)
    return {
        "row": row,
        "words": GATE[row.gate.status],
        "bad": row.gate.flagged and not row.control,
        "expected": expected(row),
        "audits": AUDITS[row.audits.status] if row.likelihood else "",
        "failed": row.audits.status is AuditStatus.FAILED,
        "reason": row.gate.reason,
        "why": row.audits.reason,
        "tests": list(tests(memorisation.tests[:FOUND], brief)) if memorisation else [],
        "findings": [
            (found.name, found.status.value, found.words)
            for found in audits[:LISTED]
            if found.status is AuditStatus.FAILED or not brief
        ],
        "told": not brief or bool(row.gate.reason),
        "detectable": "" if brief else detectable(row),
        "holds": "" if brief else holds(row),
        "volume": None if brief else row.volume,
        "dense": bool(row.likelihood) and (not brief or row.audits.status is not AuditStatus.PASSED),
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
    judged = row.gate.status in (GateStatus.FLAGGED, GateStatus.CLEAR)
    if not row.control or not judged or row.control is ControlKind.PROBE:  # a blend of rows may be seen, or not
        return ""
    return (
        AS_IT_HAS_TO
        if row.gate.flagged == (row.control is ControlKind.COPY)
        else "which is wrong: the gate is not to be trusted"
    )


def tests(found: Sequence[CopyFinding], brief: bool) -> Iterable[tuple[str, str]]:
    """Each test: which, and what it found of each set, in words; in brief of those alone that are flagged."""
    for name in list(dict.fromkeys(finding.test for finding in found))[:LISTED]:
        words = [one(finding) for finding in found if finding.test == name and (finding.flagged or not brief)]
        if words:
            yield TITLES.get(name, clip(name, 40)), "; ".join(words)


def one(found: CopyFinding) -> str:
    """What a test found of one set, in words."""
    where = (
        "among themselves" if found.against == AMONG else f"{WORDS.get(found.against, clip(found.against, 40))} data"
    )
    more = [f"p = {number(found.p, 1)}"] if found.p is not None else []
    if found.flagged:
        more += [*([] if found.bound is None else [f"at least {found.bound:.1%} too many"]), "flagged"]
    more += [clip(found.note, 80)] * bool(found.note)
    return f"{where} {found.share:.1%}, fresh {found.control:.1%}" + f" ({', '.join(more)})" * bool(more)


def detectable(row: Row) -> str:
    """The smallest share of copies that would have been seen, in words; "" where no record says it."""
    shares = [
        f"{share:.1%} copies of {WORDS.get(key, clip(key, 40))} data" for key, share in row.gate.detectable.items()
    ]
    return " or ".join(shares[:LISTED])


def holds(row: Row) -> str:
    """What a candidate's checkpoint could hold, beside what it was shown; "" where no record says it."""
    kept, shown = row.model.checkpoint_bytes, row.results[0].record.dataset.shown_bytes
    return "" if kept is None or not shown else f"{kept:,} bytes, beside {shown:,} of the data that it was shown"


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
