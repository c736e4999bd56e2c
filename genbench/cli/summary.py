"""What a run found, in short, on stdout."""

import shutil
from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.console import Console

from genbench.cli.board import board_lines, unshown
from genbench.cli.failures import Folders, failure_lines
from genbench.cli.figures import duration, number
from genbench.leaderboard import Leaderboard, Row
from genbench.leaderboard.words import listed, outcome
from genbench.records.audits import Assurance, AuditStatus
from genbench.report.text import visible

if TYPE_CHECKING:
    from genbench.runs.finished import Finished


def summary(finished: "Finished") -> None:
    """The verdict, the leaderboard in short, what is flagged, what failed, where the report is."""
    for board in finished.boards.values():
        if len(finished.boards) > 1:
            print(f"{_plain(board.task)}:")
        standings(board, finished.folders)
    if finished.stage_seconds:
        print(f"\n{duration(finished.seconds)}, of which the harness itself cost {finished.overhead:.1%}")
    print(f"report: {finished.report}")
    if finished.failed:
        print("some candidates failed; the same command with --existing retry-failed tries them again")


def standings(board: Leaderboard, folders: Folders = MappingProxyType({})) -> None:
    """A board in short: its table, its verdict, what is flagged and what failed.

    Args:
        folders: of the trials, where their logs lie.
    """
    width, console = shutil.get_terminal_size().columns, Console()
    for line in board_lines(board, width):
        console.print(line, soft_wrap=True)
    for words in (board.sentence, *support(board), board.procedure, board.second_opinion):
        if words:
            print(_plain(words))
    axes = _plain(listed(board.standings.axes, "and"))
    tested = board.standings.running.tested
    places = f"tiers of {axes}, (rank) where one is out of the running" if tested else f"ranks of {axes}"
    print(f"● on the Pareto front; {places}, – where a candidate is not ranked")
    if any(row.assurance is Assurance.VERIFIED for row in (*board.rows, *board.controls)):
        print("✓ bits/dim verified: normalised by the harness; the others are declared, and never above a verified one")
    if any(cell.half_width is not None for row in board.rows for cell in row.cells.values()):
        print("± half the width of a 95% interval over training seeds")
    if more := unshown(board, width):
        print(f"{more} more {'score is' if more == 1 else 'scores are'} in the report")
    for words in gated(board):
        print(_plain(words))
    for words in failure_lines(board.failures, folders):
        print(_plain(words))


def support(board: Leaderboard) -> Iterator[str]:
    """Who is not in the running, and what the verdict would be with each candidate left out."""
    yield from (f"not in the running: {row.name}: {row.outside}" for row in board.rows if row.outside)
    found: dict[str, list[str]] = {}
    for name, other in board.standings.verdict.without.items():
        found.setdefault(outcome(other), []).append(name)
    if len(found) == 1:
        yield f"With any one left out: {next(iter(found))}."
    elif found:
        told = [f"{words} without {listed(own, 'or')}" for words, own in found.items()]
        yield f"With one left out: {'; '.join(told)}."


def gated(board: Leaderboard) -> Iterator[str]:
    """What the gates bar from ranks, and why; controls are there to be flagged."""
    told: dict[tuple[str, str], list[str]] = {}
    for row in board.rows:
        for remark in remarks(row):
            told.setdefault(remark, []).append(row.name)
    yield from (f"{mark}: {', '.join(names)}{why}" for (mark, why), names in told.items())
    for row in board.rows:
        if row.gate.flagged:
            yield f"flagged: {row.name} copies and is not ranked: {row.gate.reason}"
        elif row.bar:
            yield f"not ranked: {row.name}: {row.bar}"
        off = {place.missing for place in row.places.values() if place.missing.startswith("off this axis")}
        yield from (f"off an axis: {row.name}: {missing}" for missing in sorted(off))
        if row.ok and row.likelihood and row.audits.status is AuditStatus.FAILED:
            yield f"flagged: {row.name}: bits/dim is not ranked: {row.audits.unranked}"


def remarks(row: Row) -> Iterator[tuple[str, str]]:
    """What a reader should know of a candidate's fit and samples: the mark, and why."""
    took = "" if row.cost.cpu is None else f" and took {number(row.cost.cpu)} CPU seconds"
    if row.cost.images == 0:
        yield "no counted training", f": its fit was handed no images{took}"
    if row.cost.elsewhere:
        yield "trained beside its fit", f": most CPU seconds of its fit's process went elsewhere{took}"
    if row.cost.hides:
        yield "hidden work", ": its fit asked the kernel not to account for its processes"
    for mark, seeds in row.contractions():
        yield mark, f"{' ' * bool(seeds)}{seeds}: samples lie denser than fresh real data do"


def _plain(words: str) -> str:
    return visible(" ".join(words.split()))
