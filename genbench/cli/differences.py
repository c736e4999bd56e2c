"""Differences on a terminal: a line for each score, two where it is narrow; no name and no number is cut."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len

from genbench.cli.figures import number
from genbench.leaderboard.comparison import Change, Comparison, Finding
from genbench.leaderboard.difference import Difference
from genbench.leaderboard.row import Cell
from genbench.leaderboard.statistics import ALPHA
from genbench.report.text import visible

GAP, INDENT = "  ", "  "
VERDICT = max(cell_len(change.value) for change in Change)
Figures = tuple[str, ...]  # the score, what both got, the difference with its interval, p


def lines(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """The findings under their tasks and candidates, in a terminal of that width."""
    heads: Figures = ("score", "first", "second", "difference [95 % interval]", "p")
    if not any(found.candidate == "" for found in findings):
        heads = ("score", "before", "after", *heads[3:])
    rows = [_figures(found, own, findings) for found in findings if (own := found.difference)]
    widths = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]
    if len(INDENT) + sum(widths) + len(GAP) * len(widths) + VERDICT > width:
        widths = []
    if rows and widths:
        yield ""
        yield _drawn(heads, widths)
    tasks = {found.task for found in findings}
    for (task, candidate), same in groupby(findings, key=lambda found: (found.task, found.candidate)):
        if len(tasks) > 1 or candidate:
            yield ""
            yield visible(f"{task}: {candidate}".rstrip() if len(tasks) > 1 else candidate)
        for found in same:
            yield from _of(found, findings, widths, width)


def summary(comparison: Comparison) -> Iterator[str]:
    """How often what was found, and how it was tested."""
    yield ""
    counts = [f"{count} {change.value}" for change, count in comparison.counts.items()]
    yield ", ".join(counts) or "nothing to compare: neither has any of these scores"
    if comparison.procedure:
        yield comparison.procedure
        yield f"over {comparison.tests} tests at α = {ALPHA:g}; p is corrected, intervals are not"


def _of(found: Finding, findings: Sequence[Finding], widths: Sequence[int], width: int) -> Iterator[str]:
    """One finding; where lines are too narrow for its numbers, these stand below the verdict."""
    reason = f": {found.reason}" if found.reason else ""
    if found.difference is None or found.change is Change.UNCOMPARED:
        name = f"{_name(found, findings)}: " if found.score else ""
        yield from _folded(f"{name}{found.change.value}{reason}", width, 1)
    if found.difference is None:
        return
    figures = _figures(found, found.difference, findings)
    if widths and found.change is not Change.UNCOMPARED:
        yield f"{_drawn(figures, widths)}{GAP}{found.change.value}"
        return
    if found.change is not Change.UNCOMPARED:
        yield from _folded(f"{figures[0]}: {found.change.value}", width, 1)
    first, second, by, p = figures[1:]
    yield from _folded(f"{first} → {second}, {by}{f', p {p}' if p else ''}", width, 2)


def _drawn(figures: Figures, widths: Sequence[int]) -> str:
    blanks = [" " * (width - cell_len(text)) for text, width in zip(figures, widths, strict=True)]
    first, *rest = zip(figures, blanks, strict=True)
    return INDENT + GAP.join(["".join(first), *(blank + text for text, blank in rest)])


def _folded(words: str, width: int, depth: int) -> Iterator[str]:
    """Words in lines of that width; none is cut."""
    indent = INDENT * depth
    yield from textwrap.wrap(
        visible(" ".join(words.split())),
        max(20, width),
        initial_indent=indent,
        subsequent_indent=indent + INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _figures(found: Finding, difference: Difference, findings: Sequence[Finding]) -> Figures:
    p = "" if found.adjusted is None else _chance(found.adjusted)
    return _name(found, findings), _mean(found.before), _mean(found.after), difference.told(number), p


def _name(found: Finding, findings: Sequence[Finding]) -> str:
    """The score without its extractor where no other one is shown, and which way is better."""
    short = found.score.partition("@")[0]
    alike = {other.score for other in findings if other.score.partition("@")[0] == short}
    arrow = f" {found.direction.arrow}" if found.direction else ""
    return visible(f"{short if len(alike) == 1 else found.score}{arrow}".strip())


def _mean(cell: Cell | None) -> str:
    return "–" if cell is None or cell.mean is None else number(cell.mean)


def _chance(p: float) -> str:
    return "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
