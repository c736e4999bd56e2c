"""How long a run will take: by what its steps took here before and by how it goes, or it is not known."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from genbench.contracts.executor import Places
from genbench.protocol.stages import steps_of
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.stage import Step
from genbench.protocol.trial import Trial
from genbench.records.record import Record
from genbench.runs.pace import Pace, Running
from genbench.runs.plan import Plan
from genbench.runs.schedule import Key
from genbench.runs.timings import Timings, step_name
from genbench.store.stage_folder import Result

ONE = Places(1, 1)
COST = 20  # times what it takes to look at all that is to be done, before it is looked at again
RISE = 1.25  # by how much the time left has to grow against what was said before anything else is said


@dataclass(frozen=True)
class Estimate:
    """Seconds of one trial, and where the figure comes from.

    Args:
        seconds: None: nobody can know.
        basis: "finished", "earlier runs" or "unknown".
    """

    seconds: float | None
    basis: str


class Forecast:
    """What a run's steps will take. A fit that never ran here is not guessed at; it is learnt while it runs.

    Args:
        plan: what will be done.
        places: how many steps can run beside each other, and how many of those that have a machine to themselves;
            None: nobody knows.
        timings: what steps took here.
        finished: keys of steps that need not run.
        crowded: whether others use the machine now.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        plan: Plan,
        places: Places | None,
        timings: Timings,
        finished: Collection[Key] = (),
        crowded: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.crowded = crowded
        self.plan, self.places, self._timings, self._clock = plan, places, timings, clock
        self._waiting = {step.key: step for step in plan.steps if step.key not in finished}
        self._running: dict[Key, Running] = {}
        self._expected = {key: self._guess(step) for key, step in self._waiting.items()}
        self._unforeseen: dict[str, dict[Key, Step]] = defaultdict(dict)  # by stage
        self._never_ran: dict[str, dict[Key, Step]] = defaultdict(dict)  # by step: what is expected is what others took
        for key, step in self._waiting.items():
            if timings.of(step) is None:
                self._never_ran[step_name(step)][key] = step
            if self._expected[key] is None:
                self._unforeseen[step.stage.name][key] = step
        self._pace = Pace()
        self._said: tuple[float, float] | None = None  # when, and the seconds left
        self._found: tuple[float, float | None] = (float("-inf"), None)  # until when it counts, and the seconds

    @property
    def estimates(self) -> Mapping[str, Estimate]:
        """Of each trial, by its slug."""
        return {trial.slug: self._of(trial) for trial in self.plan.trials}

    @property
    def waiting(self) -> Collection[Key]:
        """Keys of the steps that are to be done."""
        return self._waiting.keys()

    @property
    def unknown(self) -> int:
        """How many steps cannot be foretold yet."""
        return sum(self._seconds(step) is None for step in self._waiting.values())

    @property
    def seconds(self) -> float | None:
        """Wall seconds of all that is to be done; None where a part of it is unknown, or the machine's pace changes."""
        if not self._pace.steady or self.places is None:
            return None
        if any(own.keys() - self._running.keys() for own in self._unforeseen.values()):
            return None
        known = [(step, self._seconds(step)) for step in self._waiting.values()]
        if any(seconds is None for _, seconds in known):
            return None
        return _wall([(step, seconds or 0.0) for step, seconds in known], self.places)

    @property
    def left(self) -> float | None:
        """Seconds left, as they are said to people: they go down with the clock, and up only with a reason."""
        now = self._clock()
        if now >= self._found[0]:
            seconds = self.seconds
            self._found = self._clock() + COST * (self._clock() - now), seconds
        found = self._found[1]
        if found is None:
            self._said = None
        elif self._said is None:
            self._said = now, found
        else:
            counted = max(0.0, self._said[1] - (now - self._said[0]))
            self._said = now, found if found < counted or found > RISE * counted + 1 else counted
        return None if self._said is None else self._said[1]

    @property
    def typical(self) -> float | None:
        """What the suite says of a machine of its author's, in wall seconds; None: it says nothing."""
        typical = self.plan.suite.typical
        known = [(step, _typical(step, typical)) for step in self._waiting.values()]
        return _wall(known, self.places or ONE) if typical else None

    def of(self, step: Step) -> float | None:
        """Seconds of one step that waits, at the pace at which the timings were taken; None: nobody knows."""
        return self._expected.get(step.key)

    def begun(self, step: Step) -> None:
        """A step runs from now on."""
        self._running[step.key] = Running(self._clock())

    def progress(self, step: Step, share: float) -> None:
        """A running step has done so much of its work, a share in [0, 1]."""
        running = self._running.setdefault(step.key, Running(self._clock()))
        running.hear(self._clock(), share)

    def ended(self, step: Step, result: Result[Any]) -> None:
        """A step has ended; what it took tells of the others."""
        if self._waiting.pop(step.key, None) is None:
            return
        self._running.pop(step.key, None)
        expected = self._expected.pop(step.key)
        alike = self._unforeseen[step.stage.name]
        alike.pop(step.key, None)
        if result.ok and not result.reused:
            others = self._never_ran.pop(step_name(step), {})
            if expected is not None and step.key not in others:
                self._pace.note(result.seconds, expected)
            self._timings.note(step, result.seconds)
            for key, other in {**alike, **others}.items():
                if key in self._waiting:
                    self._expected[key] = self._unpaced(other)
                    if self._expected[key] is not None:
                        alike.pop(key, None)

    def keep(self) -> None:
        """Remember what steps took for later runs."""
        self._timings.keep()

    def _unpaced(self, step: Step) -> float | None:
        """What is known since a step ended, as if the machine were as it was before this run."""
        found = self._guess(step)
        return None if found is None else found / self._pace.value

    def _guess(self, step: Step) -> float | None:
        own = self._timings.of(step)
        if own is not None or (step.stage is FIT and step.trial.listing.control is None):
            return own  # models differ a hundredfold in their fits
        return self._timings.of_stage(step)

    def _seconds(self, step: Step) -> float | None:
        running, guess = self._running.get(step.key), self._expected[step.key]
        expected = None if guess is None else guess * self._pace.value
        return expected if running is None else running.left(expected, self._clock())

    def _of(self, trial: Trial) -> Estimate:
        waiting = [step for step in self._waiting.values() if step.trial.slug == trial.slug]
        if not waiting:
            return Estimate(0.0, "finished")
        seconds = [self._seconds(step) for step in waiting]
        known = [found for found in seconds if found is not None]
        return Estimate(sum(known), "earlier runs") if len(known) == len(seconds) else Estimate(None, "unknown")


def _typical(step: Step, typical: Mapping[str, float]) -> float:
    """A control is fitted at once."""
    control = step.trial.listing.control is not None and step.stage is FIT
    return typical.get("score" if control else step.stage.name, 0.0)


def _wall(steps: Iterable[tuple[Step, float]], places: Places) -> float:
    """Wall seconds of steps: a timed one has a machine alone, of the others so many run beside each other."""
    known = list(steps)
    alone = sum(seconds for step, seconds in known if step.stage.exclusive) / places.alone
    shared = [seconds for step, seconds in known if not step.stage.exclusive]
    return alone + max(sum(shared) / places.jobs, max(shared, default=0.0))


def recorded_steps(plan: Plan, records: Iterable[Record]) -> set[Key]:
    """Keys of the steps of trials that lie finished in a run's folder, as their records tell without any data."""
    found = {(record.model.reference, record.seed): record for record in records}
    done = [trial for trial in plan.trials if _is_of(found.get((trial.reference, trial.seed)), trial, plan)]
    return {step.key for trial in done for step in steps_of(trial, plan.asked)}


def _is_of(record: Record | None, trial: Trial, plan: Plan) -> bool:
    if record is None or record.model.code != trial.model.plugin.code:
        return False
    own, terms = record.suite, plan.suite.terms
    alike = (own.dataset, own.images, own.seconds_cpu, own.batch, own.tasks, own.threads, own.extractor)
    return alike == (
        terms.dataset,
        terms.images,
        terms.seconds_cpu,
        terms.batch,
        terms.tasks,
        terms.threads,
        terms.extractor,
    )
