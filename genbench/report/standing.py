"""What a page says of standings: the verdict with the comparisons that decide it, places, and the front."""

from collections.abc import Iterable
from typing import Any

from genbench.leaderboard import Leaderboard, Place, Row
from genbench.leaderboard.anchors import Anchors
from genbench.leaderboard.statistics import Contrast, Verdict
from genbench.leaderboard.words import outcome
from genbench.records.kinds import Axis
from genbench.report.glossary import Glossary
from genbench.report.situation import situation
from genbench.report.text import clip, number

LISTED = 30  # comparisons of a verdict; an undecided one of many candidates has hundreds
SEEN = 0.005  # of replicates, to be worth a mark


def verdicts(board: Leaderboard, glossary: Glossary) -> dict[str, Any]:
    """The verdict, and the one with margins where it is another question."""
    strict, margins = board.standings.verdict, board.standings.with_margins
    entries = [_verdict(board, strict, board.sentence)]
    if strict.tested:
        entries.append(_verdict(board, margins, board.sentence_with_margins))
    found, left_out = situation(board), without(strict)
    outcomes = glossary.paragraphs(words for _, words, _ in left_out)
    return {
        "situation": found,
        "why": glossary.paragraphs(found.why),
        "value": strict.ruling.value,
        "entries": entries,
        "without": [(name, said, other) for (name, _, other), said in zip(left_out, outcomes, strict=True)],
        "outside": [(row.name, row.outside) for row in board.rows if row.outside],
        "method": [
            glossary.glossed(words) for words in (board.procedure, board.second_opinion, volume(board)) if words
        ],
    }


def without(verdict: Verdict) -> list[tuple[str, str, bool]]:
    """What the verdict would be without each candidate by itself, and whether that is another one.

    Those that change it have a line each, and come first; the others share one.
    """
    found = [(name, outcome(other), True) for name, other in verdict.without.items() if name in verdict.fragile]
    same = [(name, outcome(other)) for name, other in verdict.without.items() if name not in verdict.fragile]
    if len(same) > 1:
        others = " other" if found else ""
        return [*found, (f"any one{others} of {len(same)}", same[0][1], False)]
    return [*found, *((name, words, False) for name, words in same)]


def _verdict(board: Leaderboard, verdict: Verdict, sentence: str) -> dict[str, Any]:
    shown = verdict.deciding[:LISTED]
    return {
        "sentence": sentence,
        "heading": "With margins" if verdict.margins and verdict.tested else "What decides it",
        "lines": [contrast(board, found) for found in shown],
        "more": len(verdict.deciding) - len(shown),
    }


def contrast(board: Leaderboard, found: Contrast) -> dict[str, str]:
    """Two candidates on one axis."""
    column = board.standings.columns[found.axis]
    rows = {row.name: row for row in board.rows}
    better, worse = (number(rows[name].cells[column.name].mean or 0.0) for name in (found.better, found.worse))
    unit = f" {clip(column.unit, 16)}" if column.unit else ""
    return {
        "better": found.better,
        "worse": found.worse,
        "sign": "is ahead of" if found.ahead else open_words(board),
        "axis": found.axis,
        "figures": f"{better} against {worse}{unit}",
        "chance": chance(found),
    }


def open_words(board: Leaderboard) -> str:
    """How two candidates stand that decide nothing: of separation nothing is said where nothing is tested."""
    return "is not separated from" if board.standings.running.tested else "is not by the margin ahead of"


def chance(found: Contrast) -> str:
    """The p of a contrast, before and after Holm's correction; "" where it was not tested."""
    if found.p is None or found.adjusted is None:
        return ""
    return f"p = {_p(found.p)}, {_p(found.adjusted)} after Holm".replace("= <", "<")


def _p(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def volume(board: Leaderboard) -> str:
    """How much of the cube the candidates dominate, in words; "" without anchors."""
    share, known = board.standings.volume, board.standings.anchors
    if share is None or not known:
        return ""
    corners = [clip(name, 60) + _speeds(known, end) for end, name in enumerate((known.floor, known.ceiling))]
    return f"Together the candidates dominate {share:.1%} of the cube whose corners are {corners[0]} and {corners[1]}."


def _speeds(anchors: Anchors, end: int) -> str:
    """The speeds at one end of the cube, in words."""
    speeds = [
        (anchors.ends[axis][end], column) for axis, column in anchors.columns.items() if column.axis is Axis.SPEED
    ]
    return "".join(f" at {value:,g} {clip(column.unit, 16)}".rstrip() for value, column in speeds)


def place(row: Row, axis: str) -> tuple[str, str]:
    """A candidate's place on an axis, and why it has none: ("tier 1 · rank 1–3", "")."""
    found = row.places.get(axis, Place())
    if found.rank is None:
        return "", clip(found.missing, 120)
    low, high = found.ranks or (found.rank, found.rank)
    ranks = f"rank {low}" if low == high else f"rank {low}–{high}"
    return f"tier {found.tier} · {ranks}" if found.tier else ranks, ""


def front(row: Row) -> tuple[str, str] | None:
    """The mark of a candidate that is, or might be, on the Pareto front: sign and words."""
    share = row.front_share
    if not row.front and (share is None or share < SEEN):
        return None
    words = "on the Pareto front" if row.front else "not on the Pareto front by its means"
    if share is None:
        return "◆", words
    return f"{'◆' if row.front else '◇'}\u00a0{share:.0%}", f"{words}, in {share:.0%} of the replicates"


def places(row: Row) -> Iterable[tuple[str, str]]:
    """By axis, a candidate's place in words."""
    for axis in row.places:
        found, missing = place(row, axis)
        yield axis, found or missing or "not ranked"
