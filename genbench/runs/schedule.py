"""Schedule: which step may start now."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from heapq import heappop, heappush

from genbench.protocol.stages.stage import Step

Key = tuple[str, str]
Queue = list[tuple[bool, int, Step]]  # a heap: whether it is a control's, its place in the plan


class Schedule:
    """The steps of a run that wait, run and have ended.

    One job at a time goes trial by trial. With several, timed steps wait until nothing else can run, and then follow
    each other, so that the machine is rarely idle and never shared while it is timed; fits come before what follows
    them, the longest first, so that the last ones end together; and then models before controls.

    Args:
        steps: in the plan's order.
        slots: how many may run at the same time.
        apart: whether each runs on a machine or a GPU of its own, so that timed ones are alone beside others too.
        expected: seconds that a step will take, by what is known when it may start; None: nobody knows, and it is soon
            learnt by starting it.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        slots: int,
        apart: bool = False,
        expected: Callable[[Step], float | None] = lambda step: None,
    ) -> None:
        self._waiting = {step.key: step for step in steps}
        self._running: dict[Key, Step] = {}
        self._slots, self._apart = slots, apart
        self._places = {step.key: place for place, step in enumerate(steps)}
        self._alone = 0  # running steps that nothing may run beside
        self._needs: Counter[Key] = Counter()  # how many steps that it waits for have not ended
        self._waiters: dict[Key, list[Step]] = defaultdict(list)
        self._expected = expected
        self._roots: dict[str, Queue] = defaultdict(list)  # by model: all of one are expected to take the same
        self._timed: Queue = []
        self._others: Queue = []
        self._ready: dict[str, dict[Key, Step]] = defaultdict(dict)  # by trial
        trials: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            trials[step.trial.slug].append(step)
        for own in trials.values():
            self._tie(own)
        for step in steps:
            if not self._needs[step.key]:
                self._offer(step)

    @property
    def finished(self) -> bool:
        """Whether every step has ended."""
        return not self._waiting and not self._running

    @property
    def running(self) -> int:
        """How many steps run."""
        return len(self._running)

    def next(self) -> Step | None:
        """The step to start now, if any; from now on it runs."""
        if len(self._running) >= self._slots or self._alone:
            return None
        timed = [] if self._running and not self._apart else self._timed
        step = self._longest_root() or self._first(timed) or self._first(self._others)
        if step is not None:
            self._run(step)
        return step

    def alike(self, step: Step) -> list[Step]:
        """Further steps of the same trial that are ready, and as exclusive: from now on they run, in one job."""
        ready = self._ready[step.trial.slug].values()
        found = [other for other in ready if other.stage.exclusive == step.stage.exclusive]
        found.sort(key=lambda other: self._places[other.key])
        for other in found:
            self._run(other)
        return found

    def ended(self, step: Step) -> None:
        """A running step has ended."""
        del self._running[step.key]
        self._alone -= self._is_alone(step)
        for other in self._waiters[step.key]:
            self._needs[other.key] -= 1
            if not self._needs[other.key]:
                self._offer(other)

    def _tie(self, steps: Sequence[Step]) -> None:
        """Note which of a trial's steps wait for which."""
        for step in steps:
            for other in steps:
                if step.waits_for(other):
                    self._needs[step.key] += 1
                    self._waiters[other.key].append(step)

    def _offer(self, step: Step) -> None:
        """A step waits for no other any more."""
        self._ready[step.trial.slug][step.key] = step
        queue, control = self._roots[step.trial.reference], False
        if step.stage.exclusive and self._slots > 1:
            queue = self._timed
        elif step.stage.after and self._slots > 1:
            # Who asked waits for a model's score.
            queue, control = self._others, step.trial.listing.control is not None
        heappush(queue, (control, self._places[step.key], step))

    def _longest_root(self) -> Step | None:
        """Of the models' next steps that wait for nothing the longest, and before these what nobody knows of."""
        firsts = [step for queue in self._roots.values() if (step := self._first(queue)) is not None]
        if len(firsts) < len(self._roots):
            self._roots = defaultdict(list, {name: queue for name, queue in self._roots.items() if queue})
        return max(firsts, key=lambda step: (self._seconds(step), -self._places[step.key]), default=None)

    def _seconds(self, step: Step) -> float:
        found = self._expected(step) if self._slots > 1 else None
        return math.inf if found is None else found

    def _first(self, waiting: Queue) -> Step | None:
        """The first step of a queue that still waits; what was taken with another one is left out."""
        while waiting and waiting[0][2].key not in self._waiting:
            heappop(waiting)
        return waiting[0][2] if waiting else None

    def _run(self, step: Step) -> None:
        self._running[step.key] = self._waiting.pop(step.key)
        del self._ready[step.trial.slug][step.key]
        self._alone += self._is_alone(step)

    def _is_alone(self, step: Step) -> bool:
        return step.stage.exclusive and not self._apart
