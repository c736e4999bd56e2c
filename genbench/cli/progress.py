"""Progress on stderr: bars where it is a terminal, a line for each finished step where it is not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from genbench.cli.figures import duration
from genbench.runs.estimate import estimates, wall_seconds
from genbench.runs.plan import Plan, Step
from genbench.store.stage_folder import Result

WEIGHTS = {"fit": 20.0, "sample": 3.0, "audit": 3.0, "density": 3.0, "score": 1.0}  # of a step in the overall bar


def _label(step: Step) -> str:
    return f"{step.trial.candidate(step.sampler) if step.sampler else step.trial.reference} seed {step.trial.seed}"


@contextmanager
def progress(stream: TextIO, root: Path, live: bool = True) -> Iterator["Lines | Bars"]:
    """A listener that shows a run's progress on `stream` while the block runs; `live`: bars, if it is a terminal."""
    console = Console(file=stream)
    if not live or not console.is_terminal:
        yield Lines(console, root)
        return
    with Bars(console, root) as bars:
        yield bars


@contextmanager
def waiting(stream: TextIO, words: str) -> Iterator[None]:
    """Say what takes its time while the block runs, where `stream` is a terminal."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield
        return
    with console.status(words):
        yield


class Lines:
    """One line for each step that ends; those that were found finished are only counted."""

    def __init__(self, console: Console, root: Path) -> None:
        self._console, self._root = console, root
        self._total = self._done = self._reused = 0
        self._lock = threading.Lock()

    def planned(self, plan: Plan, jobs: int) -> None:
        """Announce the plan."""
        self._total = len(plan.steps)
        self._say(announcement(plan, jobs, self._root))

    def progress(self, step: Step, images: int, share: float) -> None:
        """A line would be too much."""

    def ended(self, step: Step, result: Result) -> None:
        """Say how a step ended."""
        with self._lock:
            self._done += 1
            self._reused += result.reused
            if not result.reused or not result.ok:
                count = f"[{self._done:{len(str(self._total))}}/{self._total}]"
                self._say(f"{count} {_label(step)}: {step.stage} {ending(result)}")
            if self._done == self._total and self._reused:
                self._say(f"{self._reused} of {self._total} steps were found finished")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bars(Progress):
    """A bar for the whole run, and one for each running step."""

    def __init__(self, console: Console, root: Path) -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TextColumn("elapsed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._root = root
        self._starting = self.add_task("looking at the machine and the data", total=None, note="")
        self._tasks_of: dict[int, TaskID] = {}
        self._shares: dict[int, float] = {}
        self._guard = threading.Lock()

    def planned(self, plan: Plan, jobs: int) -> None:
        """Announce the plan and start the overall bar."""
        self.remove_task(self._starting)
        self.console.print(announcement(plan, jobs, self._root), markup=False, highlight=False)
        self._steps = len(plan.steps)
        self._ended = 0
        total = sum(WEIGHTS[step.stage] for step in plan.steps)
        self._overall = self.add_task(plan.suite.name, total=total, note=f"0/{self._steps} steps")

    def progress(self, step: Step, images: int, share: float) -> None:
        """Move a running step's bar, and the overall one by the same work."""
        with self._guard:
            if id(step) not in self._tasks_of:
                self._tasks_of[id(step)] = self.add_task(f"  {_label(step)}: {step.stage}", total=1.0, note="")
            gained = share - self._shares.get(id(step), 0.0)
            self._shares[id(step)] = share
            note = f"{images:,} {'candidates' if step.stage == 'score' else 'images'}"
            self.update(self._tasks_of[id(step)], completed=share, note=note)
            self.update(self._overall, advance=gained * WEIGHTS[step.stage])

    def ended(self, step: Step, result: Result) -> None:
        """Take away a step's bar; say so where it failed."""
        with self._guard:
            self._ended += 1
            if id(step) in self._tasks_of:
                self.remove_task(self._tasks_of.pop(id(step)))
            left = 1.0 - self._shares.pop(id(step), 0.0)
            self.update(self._overall, advance=left * WEIGHTS[step.stage], note=f"{self._ended}/{self._steps} steps")
            if not result.ok:
                line = f"{_label(step)}: {step.stage} {ending(result)}"
                self.console.print(
                    line, markup=False, highlight=False, style="red" if result.status != "skipped" else ""
                )


def announcement(plan: Plan, jobs: int, root: Path) -> str:
    """What is about to happen, in one line."""
    models = {trial.reference for trial in plan.trials if not trial.model.control}
    seconds = wall_seconds(plan, estimates(plan, root), jobs)
    about = f", about {duration(seconds)}" if seconds is not None else ""
    return (
        f"{plan.suite.name}: {len(models)} models × {plan.suite.seeds} seeds and the controls, "
        f"{plan.suite.images:,} training images each, {jobs} at a time{about}"
    )


def ending(result: Result) -> str:
    """How a step ended, in words."""
    words = f"{result.status}" + (f" ({' '.join(result.reason.split())})" if result.reason else "")
    return f"{words} {duration(result.seconds)}"
