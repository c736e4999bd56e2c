"""The local executor: child processes of this machine, a thread in the parent for each that runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from genbench.contracts.executor import Executor

if TYPE_CHECKING:
    from genbench.runs.plan import Step


class LocalExecutor(Executor):
    """Runs up to `jobs` steps beside each other on this machine, and timed ones alone."""

    name = "local"

    def run(self, steps: Sequence[Step], execute: Callable[[Step], None]) -> None:
        """Start steps as they become ready, in the plan's order."""
        waiting, running = list(steps), dict[Future[None], Step]()
        done: set[int] = set()
        with ThreadPoolExecutor(self.jobs) as pool:
            while waiting or running:
                while (step := self._next(waiting, list(running.values()), done)) is not None:
                    waiting.remove(step)
                    running[pool.submit(execute, step)] = step
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    done.add(id(running.pop(future)))
                    future.result()

    def _next(self, waiting: list[Step], running: list[Step], done: set[int]) -> Step | None:
        """The step to start now, if any.

        One job at a time goes trial by trial. With several, timed steps wait until nothing else can run, and then
        follow each other, so that the machine is rarely idle and never shared while it is timed.
        """
        if len(running) >= self.jobs or any(step.exclusive for step in running):
            return None
        ready = [step for step in waiting if all(id(before) in done for before in step.after)]
        if self.jobs == 1:
            return ready[0] if ready else None
        shared = [step for step in ready if not step.exclusive]
        if running:
            return shared[0] if shared else None
        fits = [step for step in shared if step.stage == "fit"]
        alone = [step for step in ready if step.exclusive]
        return next(iter(fits or alone or shared), None)
