"""Progress of a run on stderr: bars where it is a terminal, a line for each finished step where it is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from genbench.cli.appraising import Pace
from genbench.cli.figures import duration
from genbench.protocol.stages.stage import Step
from genbench.records.status import words as status_words
from genbench.runs.estimate import Forecast
from genbench.runs.listener import RunListener
from genbench.runs.plan import Plan
from genbench.store.stage_folder import Result


@contextmanager
def progress(stream: TextIO, live: bool = True) -> Iterator[RunListener]:
    """A listener that shows a run's progress on `stream` while the block runs; `live`: bars, if it is a terminal."""
    console = Console(file=stream)
    if not live or not console.is_terminal:
        yield RunLines(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield RunBars(bars)


@contextmanager
def waiting(stream: TextIO, words: str) -> Iterator[None]:
    """Say what takes its time while the block runs, where `stream` is a terminal."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield
        return
    with console.status(words):
        yield


class RunLines:
    """One line for each step that ends; those that were found finished are only counted."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = self._done = self._reused = 0

    def lacks(self, extractor: str, reason: str) -> None:
        """Say it."""
        self._say(lack(extractor, reason))

    def planned(self, plan: Plan, jobs: int, forecast: Forecast) -> None:
        """Announce the plan."""
        self._total, self._forecast = len(plan.steps), forecast
        self._say(announcement(plan, jobs, forecast))

    def progress(self, step: Step, images: int, share: float) -> None:
        """A line would be too much."""

    def ended(self, step: Step, result: Result[Any]) -> None:
        """Say how a step ended."""
        self._done += 1
        self._reused += result.reused
        if not result.reused or not result.ok:
            about = f", {left(self._forecast)}" if self._done < self._total else ""
            self._say(f"[{self._done:{len(str(self._total))}}/{self._total}] {title(step)} {ending(result)}{about}")
        if self._done == self._total and self._reused:
            self._say(f"{self._reused} of {self._total} steps were found finished")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class RunBars:
    """A bar for the whole run, and one for each running step."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._overall = bars.add_task("looking at the machine and the data", total=None, note="", left="")
        self._steps = self._ended = 0
        self._running: dict[tuple[str, str], TaskID] = {}  # slug of the trial and name of the step → its bar
        self._paces: dict[tuple[str, str], Pace] = {}
        self._shares: dict[tuple[str, str], float] = {}

    def lacks(self, extractor: str, reason: str) -> None:
        """Say it above the bars."""
        self._bars.console.print(lack(extractor, reason), markup=False, highlight=False)

    def planned(self, plan: Plan, jobs: int, forecast: Forecast) -> None:
        """Announce the plan and start the overall bar."""
        self._bars.remove_task(self._overall)
        self._bars.console.print(announcement(plan, jobs, forecast), markup=False, highlight=False)
        self._steps, self._forecast = len(plan.steps), forecast
        total = sum(map(share_of, plan.steps))
        self._overall = self._bars.add_task(plan.suite.name, total=total, note=f"0/{self._steps} steps", left="")

    def progress(self, step: Step, images: int, share: float) -> None:
        """Move a running step's bar, and the overall one by the same work."""
        key = (step.trial.slug, step.name)
        if key not in self._running:
            self._running[key] = self._bars.add_task(f"  {title(step)}", total=1.0, note="", left="")
            self._paces[key] = Pace()
        note = f"{'features of ' if step.stage.trusted else ''}{images:,} images{self._rate(key, images)}"
        self._bars.update(self._running[key], completed=share, note=note)
        advance = (share - self._shares.get(key, 0.0)) * share_of(step)
        self._bars.update(self._overall, advance=advance, left=left(self._forecast))
        self._shares[key] = share

    def _rate(self, key: tuple[str, str], images: int) -> str:
        words = self._paces[key].words(images, images)
        return f", {words}" if words else ""

    def ended(self, step: Step, result: Result[Any]) -> None:
        """Take away a step's bar; say so where it failed."""
        key = (step.trial.slug, step.name)
        self._ended += 1
        if key in self._running:
            self._bars.remove_task(self._running.pop(key))
        advance = (1.0 - self._shares.pop(key, 0.0)) * share_of(step)
        note, about = f"{self._ended}/{self._steps} steps", left(self._forecast)
        self._bars.update(self._overall, advance=advance, note=note, left=about)
        if not result.ok:
            style = "red" if result.status.failed else ""
            self._bars.console.print(f"{title(step)} {ending(result)}", markup=False, highlight=False, style=style)


def share_of(step: Step) -> float:
    """What a step weighs in the overall bar."""
    return step.stage.share


def title(step: Step) -> str:
    """Which step of which candidate, or model, it is."""
    trial = step.trial
    who = trial.candidate(step.answerer.sampler) if step.answerer else trial.reference
    what = step.stage.name + (f" {step.asked.name}" if step.asked and not step.answerer else "")
    return f"{who} seed {trial.seed}: {what}"


def lack(extractor: str, reason: str) -> str:
    """What a run does without, in words."""
    return f"no scores by {extractor} in this run: {reason}"


def announcement(plan: Plan, jobs: int, forecast: Forecast) -> str:
    """What is about to happen, in one line."""
    models = {trial.reference for trial in plan.trials if trial.listing.control is None}
    return (
        f"{plan.suite.name}: {len(models)} models × {plan.suite.seeds} seeds and the controls, "
        f"{plan.suite.images:,} training images each, {jobs} at a time: {expected(forecast)}"
    )


def expected(forecast: Forecast) -> str:
    """How long all that is to be done will take, or that nobody knows, and what the suite's author needed."""
    if not forecast.waiting:
        return "all of it is finished"
    seconds = forecast.seconds
    if seconds is not None:
        return f"about {duration(seconds)}{', longer while others use this machine' if forecast.crowded else ''}"
    typical = "" if forecast.typical is None else f" (its author's machine takes {duration(forecast.typical)})"
    return f"how long is not known yet, {forecast.unknown} of {len(forecast.waiting)} steps never ran here{typical}"


def left(forecast: Forecast) -> str:
    """How much time is left, or that nobody knows."""
    seconds = forecast.left
    return "time left not known yet" if seconds is None else f"about {duration(seconds)} left"


def ending(result: Result[Any]) -> str:
    """How a step ended, in words."""
    reason = f" ({' '.join(result.reason.split())})" if result.reason else ""
    return f"{status_words(result.status, result.exit_code)}{reason} {duration(result.seconds)}"
