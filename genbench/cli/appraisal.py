"""What `genbench score` shows: progress on stderr; a table, the verdict and the identity on stdout."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from genbench.appraisal import Appraisal, Identity
from genbench.appraisal.listener import AppraisalListener
from genbench.cli.figures import number
from genbench.cli.tables import show, table
from genbench.records.gates import CopyVerdict
from genbench.records.kinds import Direction
from genbench.records.score import ScoreRecord

BETTER = {Direction.HIGHER: "↑ higher", Direction.LOWER: "↓ lower"}


@contextmanager
def progress(stream: TextIO) -> Iterator["Line | Bars"]:
    """A listener that shows on `stream` how an appraisal goes: bars if it is a terminal, else one line."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield Line(console)
        return
    with Bars(console) as bars:
        yield bars


class Line(AppraisalListener):
    """One line, when the work begins; a line for each batch would be too much."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def started(self, what: str) -> None:
        """Say what is done."""
        self._console.print(what, markup=False, highlight=False, soft_wrap=True)


class Bars(Progress):
    """A bar for each set of rows whose features are extracted."""

    def __init__(self, console: Console) -> None:
        columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
        super().__init__(*columns, TextColumn("left"), TimeRemainingColumn(), console=console, transient=True)
        self._rows: dict[str, TaskID] = {}

    def started(self, what: str) -> None:
        """Say what is done."""
        self.console.print(what, markup=False, highlight=False, soft_wrap=True)

    def extracted(self, what: str, done: int, total: int) -> None:
        """Move the bar of these rows."""
        if what not in self._rows:
            self._rows[what] = self.add_task(f"features of {what}", total=total)
        self.update(self._rows[what], completed=done)


def appraisal(found: Appraisal) -> None:
    """The scores as a table; below it what is missing and why, the verdict, and what was compared with what."""
    scores = table("score", "value", "95 % interval", "better", "beside it", title=escape(found.name))
    for name, score in found.scores.items():
        title = f" ({score.title})" if score.title == "FID" else ""
        details = {key: score.details[key] for key in score.shown if key in score.details}  # the JSON has all
        beside = ", ".join(f"{key.replace('_', ' ')} {number(value)}" for key, value in details.items())
        better = " ".join(filter(None, (BETTER[score.direction], score.unit)))
        cells = (name + title, number(score.value), _interval(score), better, beside or "–")
        scores.add_row(*map(escape, cells))
    if found.scores:
        show(scores)
    for name, missing in found.missing.items():
        _say(f"{name}: {missing}")
    if found.memorisation:
        _say(f"memorisation: {_verdict(found.memorisation)}")
    _identity(found.identity)


def _interval(score: ScoreRecord) -> str:
    if score.low is None or score.high is None:
        return "–"
    return f"{number(score.low)} – {number(score.high)}"


def _verdict(verdict: CopyVerdict) -> str:
    seen = [f"{name} {share:.1%}" for name, share in verdict.detectable.items() if share is not None]
    detectable = f" (the shares of near copies that are seen for certain: {', '.join(seen)})" if seen else ""
    return f"{verdict.status.value}{f': {verdict.reason}' if verdict.reason else ''}{detectable}"


def _identity(facts: Identity) -> None:
    print()
    rows = (
        ("samples", facts.samples, facts.n, facts.samples_sha256),
        ("reference", facts.reference, facts.reference_n, facts.reference_sha256),
        ("train", facts.train, facts.train_n, facts.train_sha256),
    )
    for name, origin, count, sha256 in rows:
        if origin is not None:
            _say(f"{name:<10} {origin}: {count:,} rows, sha256 {(sha256 or '')[:16]}")
    _say(f"{'extractor':<10} {facts.extractor or 'none: features as given'}, on {facts.device}")


def _say(text: str) -> None:
    print(" ".join(text.split()) if "\n" in text else text)
