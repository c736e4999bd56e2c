"""Progress of an appraisal on stderr: how many rows a second are read and extracted, and how long it will take yet."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from genbench.appraisal.listener import AppraisalListener
from genbench.cli.figures import duration, number

SILENT = 20.0  # seconds between two lines where there are no bars


@contextmanager
def progress(stream: TextIO) -> Iterator[AppraisalListener]:
    """A listener that shows on `stream` how an appraisal goes: bars if it is a terminal, else a line now and then."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    pace = TextColumn("{task.fields[pace]}", markup=False)
    with Progress(*columns, pace, console=console, transient=True) as bars:
        yield Bars(bars)


class Pace:
    """How fast the rows of one piece of work go by, since its first news.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: tuple[float, int] | None = None

    def words(self, done: int, total: int) -> str:
        """Rows a second and the time that is left, "" while nobody knows."""
        now = self._clock()
        if self._begun is None:
            self._begun = now, done
        since, first = self._begun
        if done == first or now <= since:
            return ""
        rate = (done - first) / (now - since)
        left = f", about {duration((total - done) / rate)} left" if done < total else ""
        return f"{number(rate)} a second{left}"


class Lines:
    """A line when the work begins, and one for what takes long, every twenty seconds.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._paces: dict[str, Pace] = {}
        self._said: dict[str, float] = {}

    def started(self, what: str) -> None:
        """Say what is done."""
        self._say(what)

    def read(self, what: str, done: int, total: int) -> None:
        """Say how far it is, if it takes long."""
        self._told(f"reading {what}", done, total)

    def extracted(self, what: str, done: int, total: int) -> None:
        """Say how far it is, if it takes long."""
        self._told(f"features of {what}", done, total)

    def _told(self, title: str, done: int, total: int) -> None:
        now = self._clock()
        words = self._paces.setdefault(title, Pace(self._clock)).words(done, total)
        if now - self._said.setdefault(title, now) >= SILENT and words:
            self._said[title] = now
            self._say(f"{title}: {done:,} of {total:,}, {words}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bars:
    """A bar for each set of rows that is read, and for each whose features are extracted."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, tuple[TaskID, Pace]] = {}

    def started(self, what: str) -> None:
        """Say what is done."""
        self._bars.console.print(what, markup=False, highlight=False, soft_wrap=True)

    def read(self, what: str, done: int, total: int) -> None:
        """Move the bar of the reading of these rows."""
        self._moved(f"reading {what}", done, total)

    def extracted(self, what: str, done: int, total: int) -> None:
        """Move the bar of the features of these rows."""
        self._moved(f"features of {what}", done, total)

    def _moved(self, title: str, done: int, total: int) -> None:
        if title not in self._tasks:
            self._tasks[title] = self._bars.add_task(title, total=total, pace=""), Pace()
        task, pace = self._tasks[title]
        self._bars.update(task, completed=done, pace=pace.words(done, total))
