"""Listener: who is told how an appraisal goes."""

from typing import Protocol


class AppraisalListener(Protocol):
    """Is told how an appraisal goes."""

    def started(self, what: str) -> None:
        """The input is in order and the work begins; what it is, in one line."""

    def read(self, what: str, done: int, total: int) -> None:
        """So many rows of `what` are read and hashed."""

    def extracted(self, what: str, done: int, total: int) -> None:
        """The features of so many rows of `what` are done."""


class Silence:
    """Is told, and says nothing: what a call from Python has unless it brings its own."""

    def started(self, what: str) -> None:
        """Let the news pass."""

    def read(self, what: str, done: int, total: int) -> None:
        """Let the news pass."""

    def extracted(self, what: str, done: int, total: int) -> None:
        """Let the news pass."""
