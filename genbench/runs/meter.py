"""Meter: where a run's time goes. Stages overlap when several jobs run; idle is the time in which none does."""

import time
from collections.abc import Callable
from typing import Any

from genbench.protocol.stages.stage import Step
from genbench.runs.listener import RunListener
from genbench.store.stage_folder import Result


class Meter:
    """Adds up the time of stages, and passes the news on.

    Args:
        listener: hears of every step that has ended.
        clock: monotonic seconds.
    """

    def __init__(self, listener: RunListener, clock: Callable[[], float] = time.monotonic) -> None:
        self._listener, self._clock = listener, clock
        self._busy: list[tuple[float, float]] = []  # from when to when a stage ran
        self._started = clock()
        self.stage_seconds = self.own_seconds = 0.0

    def ended(self, step: Step, result: Result[Any]) -> None:
        """Count a step that ran until now."""
        if not result.reused:
            self.stage_seconds += result.seconds
            self.own_seconds += result.own_seconds
            if result.seconds:
                self._busy.append((self._clock() - result.seconds, self._clock()))
        self._listener.ended(step, result)

    @property
    def seconds(self) -> float:
        """Wall time until now."""
        return self._clock() - self._started

    @property
    def idle_seconds(self) -> float:
        """Wall time until now in which no stage ran: all of it less the union of the times in which one did."""
        idle, until = 0.0, self._started
        for begin, end in sorted(self._busy):
            idle += max(0.0, begin - until)
            until = max(until, end)
        return idle + max(0.0, self._clock() - until)
