"""Schedule: which step may start now."""

from collections.abc import Sequence

from genbench.protocol.stages.stage import Step

Key = tuple[str, str]


class Schedule:
    """The steps of a run that wait, run and have ended.

    One job at a time goes trial by trial. With several, timed steps wait until nothing else can run, and then follow
    each other, so that the machine is rarely idle and never shared while it is timed; fits come before what follows
    them, and then models before controls.

    Args:
        steps: in the plan's order.
        slots: how many may run at the same time.
    """

    def __init__(self, steps: Sequence[Step], slots: int) -> None:
        self._waiting = {step.key: step for step in steps}
        self._running: dict[Key, Step] = {}
        self._slots = slots
        self._needs = {step.key: {other.key for other in steps if step.waits_for(other)} for step in steps}

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
        step = self._chosen()
        if step is not None:
            self._running[step.key] = self._waiting.pop(step.key)
        return step

    def alike(self, step: Step) -> list[Step]:
        """Further steps of the same trial that are ready, and as exclusive: from now on they run, in one job."""
        found = [
            other
            for other in self._ready()
            if other.trial.slug == step.trial.slug and other.stage.exclusive == step.stage.exclusive
        ]
        for other in found:
            self._running[other.key] = self._waiting.pop(other.key)
        return found

    def ended(self, step: Step) -> None:
        """A running step has ended."""
        del self._running[step.key]

    def _ready(self) -> list[Step]:
        left = {*self._waiting, *self._running}
        return [step for key, step in self._waiting.items() if not self._needs[key] & left]

    def _chosen(self) -> Step | None:
        running = list(self._running.values())
        if len(running) >= self._slots or any(step.stage.exclusive for step in running):
            return None
        ready = self._ready()
        if self._slots == 1:
            return ready[0] if ready else None
        shared = [step for step in ready if not step.stage.exclusive]
        roots = [step for step in shared if not step.stage.after]
        shared.sort(key=lambda step: step.trial.listing.control is not None)  # who asked waits for a model's score
        if running:
            return next(iter(roots or shared), None)
        alone = [step for step in ready if step.stage.exclusive]
        return next(iter(roots or alone or shared), None)
