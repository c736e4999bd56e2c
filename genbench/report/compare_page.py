"""A comparison as a page by itself: what is better, worse or not separable, and by how much."""

from itertools import groupby
from pathlib import Path
from typing import Any

from genbench.files.atomic import write_bytes
from genbench.leaderboard import Cell
from genbench.leaderboard.comparison import Change, Comparison, Finding
from genbench.leaderboard.statistics import ALPHA
from genbench.report.text import number, spread
from genbench.report.writing import written

GOOD, BAD = (Change.BETTER, Change.RECOVERED), (Change.WORSE, Change.FAILED)


def write_comparison(path: Path, comparison: Comparison, only_changed: bool = False) -> None:
    """Write the page of a comparison, whole or not at all."""
    write_bytes(path, written("compare.html", _values(comparison, only_changed)).encode())


def _values(comparison: Comparison, only_changed: bool) -> dict[str, Any]:
    """Everything that the template asks for."""
    findings = comparison.changed if only_changed else comparison.findings
    counts = [(change.value, count, _mark(change)) for change, count in comparison.counts.items()]
    return {
        "title": f"{comparison.second} against {comparison.first}",
        "description": ", ".join(f"{count} {words}" for words, count, _ in counts) or "nothing to compare",
        "trail": [],
        "comparison": comparison,
        "counts": counts,
        "only_changed": only_changed,
        "procedure": comparison.procedure,
        "alpha": f"{ALPHA:g}",
        "groups": [
            (task, candidate, [line(found) for found in own])
            for (task, candidate), own in groupby(findings, key=lambda found: (found.task, found.candidate))
        ],
    }


def line(found: Finding) -> dict[str, str]:
    """One finding in words."""
    return {
        "score": found.score or "the candidate as a whole",
        "arrow": found.direction.arrow if found.direction else "",
        "change": found.change.value,
        "mark": _mark(found.change),
        "reason": found.reason,
        "before": _mean(found.before),
        "after": _mean(found.after),
        "difference": found.difference.told(number) if found.difference else "",
        "p": "" if found.adjusted is None else "< 0.001" if found.adjusted < 0.001 else f"{found.adjusted:.3f}",
    }


def _mark(change: Change) -> str:
    return "better" if change in GOOD else "worse" if change in BAD else "same"


def _mean(cell: Cell | None) -> str:
    return "–" if cell is None or cell.mean is None else f"{number(cell.mean)} {spread(cell.mean, cell.half_width)}"
