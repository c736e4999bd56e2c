"""Executor: where and in which order the steps of a run happen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from genbench.runs.plan import Step


class Executor(ABC):
    """Runs steps, each after those it depends on; an exclusive step never beside another."""

    name: ClassVar[str]

    def __init__(self, jobs: int) -> None:
        """`jobs`: how many steps may run at the same time."""
        self.jobs = jobs

    @abstractmethod
    def run(self, steps: Sequence[Step], execute: Callable[[Step], None]) -> None:
        """Call `execute`, which blocks until the step has ended, once for every step.

        Raises: what `execute` raised first, after the running steps have ended.
        """
