"""Who is told how a run goes."""

from typing import Protocol

from genbench.protocol.stages.stage import Step
from genbench.runs.estimate import Forecast
from genbench.runs.plan import Plan
from genbench.store.stage_folder import Result


class RunListener(Protocol):
    """Is told how a run goes, from one thread."""

    def lacks(self, extractor: str, reason: str) -> None:
        """The run starts without an extractor that some scores ask for, and says how to get it."""

    def planned(self, plan: Plan, jobs: int, forecast: Forecast) -> None:
        """The plan is fixed and starts, so many jobs at a time; the forecast knows at any time how long it takes."""

    def progress(self, step: Step, images: int, share: float) -> None:
        """A running step has done so many images, a share in [0, 1] of its work."""

    def ended(self, step: Step, result: Result[object]) -> None:
        """A step has ended, or was found finished."""


class Silence:
    """Is told, and says nothing."""

    def lacks(self, extractor: str, reason: str) -> None:
        """Let it be missing."""

    def planned(self, plan: Plan, jobs: int, forecast: Forecast) -> None:
        """Let the plan pass."""

    def progress(self, step: Step, images: int, share: float) -> None:
        """Let the news pass."""

    def ended(self, step: Step, result: Result[object]) -> None:
        """Let the news pass."""
