"""Listener: who is told how an appraisal goes."""

from typing import Protocol


class AppraisalListener(Protocol):
    """Who is told how an appraisal goes. Who inherits from it defines what it cares to hear."""

    def started(self, what: str) -> None:
        """The input is in order and the work begins; what it is, in one line."""
        return None

    def extracted(self, what: str, done: int, total: int) -> None:
        """The features of so many rows of `what` are done."""
        return None


class Nobody(AppraisalListener):
    """Who cares to hear of none of it: what a call from Python has unless it brings its own."""
