"""Listener."""

from genbench.runs.plan import Plan
from typing import Protocol
from genbench.store.stage_folder import Result
from genbench.runs.plan import Step

class Listener(Protocol):
    """Who is told how a run goes; called from several threads."""

    def planned(self, plan: Plan, jobs: int) -> None:
        """The plan is fixed and starts."""

    def progress(self, step: Step, images: int, share: float) -> None:
        """A running step has done `images` images, a share in [0, 1] of its work."""

    def ended(self, step: Step, result: Result) -> None:
        """A step has ended, or was found finished."""

class Silence:
    """A listener that does nothing."""

    def planned(self, plan: Plan, jobs: int) -> None:
        """Nothing."""

    def progress(self, step: Step, images: int, share: float) -> None:
        """Nothing."""

    def ended(self, step: Step, result: Result) -> None:
        """Nothing."""
