"""What a page says of the gates: for every candidate and control, copies and audits, with the reasons."""

from collections.abc import Iterable
from typing import Any

from genbench.leaderboard import Leaderboard, Row
from genbench.leaderboard.gates import COPYCATS
from genbench.report.images import Album
from genbench.report.standing import places
from genbench.report.text import clip, number

GATE = {"flagged": "copies", "clear": "no copies found", "unavailable": "copies not judged", "": "copies not judged"}
AUDITS = {
    "passed": "density audited",
    "failed": "density failed its audits",
    "unaudited": "density not audited",
    "": "density not audited",
}
SETS = {"train": "training", "test": "test"}
MANY = 24  # rows of a board, beyond which what is in order is shown in brief
LISTED = 8  # tests or audits of one candidate


def gates(board: Leaderboard, album: Album) -> list[dict[str, Any]]:
    """A candidate's, or a control's, part of the section; those without a result have none."""
    return [details(row, board, album) for row in (*board.rows, *board.controls) if row.ok]


def details(row: Row, board: Leaderboard, album: Album) -> dict[str, Any]:
    """What the gates say of one row. Of the seeds, the one that was flagged is shown, else the first."""
    shown = next(result for result in row.ok if result.record["seed"] == row.gate.seed)
    memorisation, audits = shown.candidate["memorisation"], audited(row)
    brief = len(board.rows) + len(board.controls) > MANY
    return {
        "row": row,
        "words": GATE[row.gate.status],
        "bad": row.gate.flagged and not row.control,
        "expected": expected(row),
        "audits": AUDITS[row.audits.status] if row.likelihood else "",
        "failed": row.audits.status == "failed",
        "reason": row.gate.reason,
        "why": row.audits.reason,
        "tests": [test(found) for found in memorisation["tests"][:LISTED] if found["flagged"] or not brief],
        "findings": [
            (found["name"], found["status"], found["words"])
            for found in audits[:LISTED]
            if found["status"] == "failed" or not brief
        ],
        "detectable": detectable(row),
        "seed": row.gate.seed,
        "pairs": pairs(memorisation, album),
        "places": [] if row.control or brief else list(places(row)),
        "extractor": memorisation["extractor"],
    }


def audited(row: Row) -> list[Any]:
    """The findings of the first seed whose audits are as bad as the row's."""
    found = [result.candidate["audits"] for result in row.ok]
    return next((audits["audits"] for audits in found if audits["status"] == row.audits.status), [])


def expected(row: Row) -> str:
    """Whether the gate says of a control what it has to; "" where it was not asked."""
    if not row.control or row.gate.status not in ("flagged", "clear"):
        return ""
    return (
        "as it has to"
        if row.gate.flagged == (row.name in COPYCATS)
        else "which is wrong: the gate is not to be trusted"
    )


def test(found: Any) -> tuple[str, str]:
    """A test: which, and what it found, in words."""
    shares = [f"{found[key]:.1%}" if found[key] is not None else "n/a" for key in ("share", "control")]
    chance = "" if found["p"] is None else f", p = {number(found['p'], 1)}"
    what = f"{clip(found['test'], 40)}, {SETS.get(found['against'], clip(found['against'], 40))} data"
    return what, f"{shares[0]} of the samples, {shares[1]} of fresh real data{chance}{'; flagged' * found['flagged']}"


def detectable(row: Row) -> str:
    """The smallest share of copies that would have been seen, in words; "" where no record says it."""
    shares = [
        f"{share:.1%} copies of {SETS.get(key, clip(key, 40))} data" for key, share in row.gate.detectable.items()
    ]
    return " or ".join(shares[:LISTED])


def pairs(memorisation: Any, album: Album) -> Any:
    """The picture of the nearest pairs, or why there is none; None where nothing was judged."""
    if not memorisation["pairs"]:
        return None
    return album.shown(memorisation["pairs"])


def flags(row: Row) -> Iterable[str]:
    """What stands beside a candidate's name in the table."""
    if row.gate.flagged and not row.control:
        yield "flagged: copies"
    if row.audits.status == "failed" and not row.control:
        yield "density failed its audits"


def unaudited(row: Row) -> str:
    """Why bits/dim are not ranked, in brief; "" where they are."""
    return AUDITS[row.audits.status] if row.audits.unranked else ""
