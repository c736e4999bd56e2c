"""Trackers: the parts that are told how a run goes. One that raises is told no more, and costs the run nothing."""

import logging
import time
from collections.abc import Iterable

from genbench.catalogue.plugins import Offers, Plugin, load
from genbench.contracts.tracking import BoardSummary, CurvePoint, RunDone, RunStarted, StageEnded
from genbench.errors import SHOWN, GenbenchError, plain
from genbench.protocol.stages.fit import FIT, curve_of
from genbench.protocol.stages.stage import Ground, Step
from genbench.records.record import Record
from genbench.runs.finished import Finished
from genbench.runs.interruption import Interrupted
from genbench.runs.plan import Plan
from genbench.store.stage_folder import Result

LOG = logging.getLogger(__name__)


class Trackers:
    """Tells the parts of a run, in the thread that conducts it.

    Args:
        plugins: those that may have hooks; genbench's own have none.
    """

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._hearing: dict[Plugin, Offers | None] = {plugin: None for plugin in plugins if not plugin.is_builtin}
        self._run: tuple[RunStarted, float] | None = None  # and when it started

    def started(self, plan: Plan, ground: Ground) -> None:
        """The plan is fixed, and what it stands on is there."""
        suite, own = plan.suite, [trial for trial in plan.trials if trial.listing.control is None]
        run = RunStarted(
            suite.name,
            suite.title,
            suite.protocol(ground.data.facts.sha256),
            suite.dataset,
            tuple(asked.name for asked in plan.asked),
            tuple(dict.fromkeys(trial.reference for trial in own)),
            tuple(sorted({trial.seed for trial in own})),
            len(plan.trials),
            ground.root,
        )
        self._run = run, time.monotonic()
        self._tell("genbench_run_started", run=run)

    def ended(self, step: Step, result: Result[object]) -> None:
        """A step has ended; of a fit that ran now, the curve as well."""
        trial = step.trial
        control = trial.listing.control is not None
        if step.stage is FIT and result.ok and not result.reused and self._run:
            self._curve(trial.reference, trial.seed, self._run[0], f"{trial.slug}/{step.name}")
        stage = StageEnded(
            trial.reference,
            trial.seed,
            step.name,
            result.status,
            result.reason or "",
            result.seconds,
            result.reused,
            control,
        )
        self._tell("genbench_stage_ended", stage=stage)

    def _curve(self, model: str, seed: int, run: RunStarted, place: str) -> None:
        if not self._hearing:
            return
        try:
            points = curve_of(run.folder / place)
        except GenbenchError:
            return  # the record will say so
        for point in points:
            numbers = {name: value for name, value in point.items() if name not in ("images", "seconds")}
            images, seconds = int(point.get("images", 0)), point.get("seconds", 0.0)
            self._tell("genbench_curve_point", point=CurvePoint(model, seed, images, seconds, numbers))

    def recorded(self, record: Record) -> None:
        """A trial has its record."""
        self._tell("genbench_trial_done", record=record)

    def done(self, finished: Finished) -> None:
        """The run has its boards and its report."""
        if self._run:
            boards = tuple(
                BoardSummary(task, board.sentence, tuple(row.name for row in board.rows), len(board.failures))
                for task, board in finished.boards.items()
            )
            run = self._run[0]
            told = RunDone(run.suite, run.folder, True, "", finished.seconds, finished.report, boards)
            self._tell("genbench_run_done", run=told)

    def stopped(self, error: BaseException) -> None:
        """The run was stopped; nothing is told of one that had not started."""
        if self._run:
            run, since = self._run
            words = "interrupted" if isinstance(error, Interrupted | KeyboardInterrupt) else _words(error)
            told = RunDone(run.suite, run.folder, False, words, time.monotonic() - since)
            self._tell("genbench_run_done", run=told)

    def _tell(self, hook: str, **arguments: object) -> None:
        for plugin in list(self._hearing):
            try:
                offers = self._hearing[plugin] or load(plugin)
                self._hearing[plugin] = offers
                offers.tell(hook, **arguments)
            except (Exception, SystemExit) as error:  # noqa: BLE001  # the part's own trouble
                del self._hearing[plugin]
                LOG.warning("genbench: %s is told no more of this run: %s raised %s", plugin.home, hook, _words(error))


def _words(error: BaseException) -> str:
    return plain(" ".join(f"{type(error).__name__}: {error}".split()))[:SHOWN]
