"""The conductor: gives steps that may start to the executor as jobs, keeps their results, and records each trial."""

import contextlib
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from genbench.contracts.executor import Ended, Executor, Raised, Ticket
from genbench.contracts.job import Call, Confinement, Job, Outcome
from genbench.contracts.model import SHARED_MEMORY
from genbench.errors import GenbenchError, OwnFault, own_fault
from genbench.files import codec
from genbench.files.atomic import cache_path
from genbench.protocol.inputs import reads_of
from genbench.protocol.stages.audit import AUDIT
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.judgement import judged, key_of
from genbench.protocol.stages.stage import Given, Ground, Lacking, Step
from genbench.protocol.trial import Trial
from genbench.records.machine import Machine
from genbench.records.record import Record
from genbench.records.status import Status
from genbench.runs.admission import Admission
from genbench.runs.handed import HandedJobs
from genbench.runs.interruption import Interrupted
from genbench.runs.recording import recorded
from genbench.runs.schedule import Schedule
from genbench.store.shelf import Shelf
from genbench.store.stage_folder import Damaged, Result, StageFolder

BUG = "bug.txt"  # in the run's folder: the traceback of what went wrong in genbench itself
EXISTING = ("reuse", "retry-failed", "force")


@dataclass(frozen=True)
class Bounds:
    """How much a run bears: `patience`, fits of one plugin that may die in a row before the rest are skipped, and
    `free_space`, bytes that have to be free on its disk before a step starts.
    """

    patience: int = 3
    free_space: int = 256 * 2**20


BOUNDS = Bounds()


@dataclass(frozen=True)
class _Begun:
    """A step that was given to the executor."""

    step: Step
    folder: StageFolder[Any]
    key: str
    inputs: object


@dataclass
class Conductor:
    """Conducts the steps of one run, in one thread.

    Args:
        ground: what the run stands on.
        executor: carries out the jobs.
        existing: "reuse" every result whose key and files verify, "retry-failed", or "force" everything anew.
        ended: hears of each step that has ended.
        recorded: hears of each trial's record once it is written.
        bounds: how much the run bears.
        begun: hears of each step that was given to the executor.
        shelf: where the harness's own models have stages that other runs finished; None: nowhere.
        known: by trial and step, results that others have; their steps are not conducted.
    """

    ground: Ground
    executor: Executor
    existing: str
    ended: Callable[[Step, Result[Any]], None]
    recorded: Callable[[Record], None]
    bounds: Bounds = BOUNDS
    begun: Callable[[Step], None] = lambda step: None
    shelf: Shelf | None = None
    known: Mapping[str, Mapping[str, Result[Any]]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list, init=False)
    damaged: list[str] = field(default_factory=list, init=False)
    _results: dict[str, dict[str, Result[Any]]] = field(default_factory=dict, init=False)
    _left: Counter[str] = field(default_factory=Counter, init=False)
    _deaths: Counter[str] = field(default_factory=Counter, init=False)
    _begun: dict[Ticket, list[_Begun]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._handed = HandedJobs(self.ground.root, self.executor)
        self._admission = Admission(self.ground, self.bounds.free_space)
        self._results = {slug: dict(own) for slug, own in self.known.items()}

    def conduct(self, trials: tuple[Trial, ...], schedule: Schedule, steps: list[Step]) -> None:
        """Carry out every step, and record each trial once its last one has ended.

        Raises:
            Interrupted: the run was stopped; what has finished is kept.
            OwnFault: a fault of genbench itself; what runs is ended first.
        """
        self._left = Counter(step.trial.slug for step in steps)
        try:
            for trial in trials:
                if not self._left[trial.slug]:
                    self._record(trial)
            while not schedule.finished:
                while (step := schedule.next()) is not None:
                    self._begin([step, *(schedule.alike(step) if self.executor.whole else ())], schedule)
                self._take(self._news(), schedule)
        except BaseException as error:
            self._cancel()
            if isinstance(error, Exception) and not isinstance(error, GenbenchError | Raised | OSError):
                raise OwnFault(self._logged(error)) from error
            raise

    def step_of(self, ticket: Ticket, call: Call) -> Step | None:
        """The step that a call of a submitted job carries out."""
        return next((own.step for own in self._begun.get(ticket, []) if own.folder.path == call.folder), None)

    def _begin(self, steps: list[Step], schedule: Schedule) -> None:
        """End each step that needs no process; the others are one job, which an earlier driver may have submitted."""
        found = [(step, self._without_process(step)) for step in steps]
        for step, result in found:
            if isinstance(result, Result):
                self._end(step, result, schedule)
        begun = [own for _, own in found if isinstance(own, _Begun)]
        ticket = self._handed.adopted(_keys(begun), wanted=self.existing != "force") if begun else None
        if ticket is None:
            begun = [own for own in begun if self._ready(own, schedule)]
            ticket = self._submitted(begun) if begun else None
        if ticket is not None:
            self._begun[ticket] = begun
            for own in begun:
                self.begun(own.step)

    def _ready(self, begun: _Begun, schedule: Schedule) -> bool:
        """Whether a step can start: its folder is empty, and the machine has what it takes."""
        begun.folder.empty(begun.key)
        refused = self._admission.refused(begun.step, begun.folder.path)
        if refused is not None:
            self._end(begun.step, refused, schedule)  # not kept: it is the machine's trouble, and may have passed
        return refused is None

    def _submitted(self, begun: list[_Begun]) -> Ticket:
        first = begun[0].step
        name = "-".join(first.key).replace("/", "-")
        calls = tuple(self._call(found) for found in begun)
        return self._handed.submit(Job(name, calls, first.stage.exclusive, first.trial.slug), _keys(begun))

    def _without_process(self, step: Step) -> Result[Any] | _Begun:
        """The result of a step that cannot run or has run; else what it would be given."""
        trial, own = step.trial, self._results.setdefault(step.trial.slug, {})
        patience = self.bounds.patience
        if not step.stage.after and self._deaths[trial.model.plugin.name] >= patience:
            return Result(Status.SKIPPED, f"the last {patience} fits of plugin {trial.model.plugin.name} died")
        try:
            inputs = step.stage.inputs(Given(self.ground, step, own))
        except Lacking as lack:
            return Result(Status.SKIPPED, str(lack))
        folder = StageFolder(self.ground.root / trial.slug / step.name, step.stage.facts)
        key = key_of(step.name, inputs)
        found = self._found(folder, key, trial) if self.existing != "force" else None
        if found is not None and (found.ok or self.existing == "reuse"):
            return found
        return _Begun(step, folder, key, inputs)

    def _found(self, folder: StageFolder[Any], key: str, trial: Trial) -> Result[Any] | None:
        """A stored result of these inputs, of this run or, of a control, of any."""
        found = self._stored(folder, key)
        if found is None and (shelf := self._shelf_of(trial)) is not None and shelf.take(key, folder.path):
            found = self._stored(folder, key)
            if found is None:
                shelf.drop(key)
        return found

    def _shelf_of(self, trial: Trial, machine: Machine | None = None) -> Shelf | None:
        """No plugin's results go on to another run: its process might have written them. No other machine's do."""
        own = self.ground.probe.threaded(self.ground.suite.threads)
        here = (machine or own).speed_class == own.speed_class
        return self.shelf if here and trial.model.plugin.is_builtin else None

    def _stored(self, folder: StageFolder[Any], key: str) -> Result[Any] | None:
        """A result of these inputs that lies there; what is damaged is set aside and named, and does not count."""
        try:
            return folder.found(key)
        except Damaged as damage:
            place = folder.quarantine()
            self.damaged.append(f"{folder.path / str(damage)} is not as it was written; set aside as {place.name}")
            return None

    def _call(self, begun: _Begun) -> Call:
        step, ground = begun.step, self.ground
        stage, suite, model = step.stage, ground.suite, step.trial.model
        given = Given(ground, step, self._results[step.trial.slug])
        return Call(
            stage.name,
            stage.runs,
            begun.folder.path,
            codec.encoded(begun.inputs),
            suite.limit(stage.name),
            suite.threads,
            suite.job_caps,
            None if stage.trusted else self._confinement(step, begun.inputs),
            "" if stage.trusted else model.plugin.python,
            ground.probe.machine.device,
            ground.probe.device_free,
            {stage.secret: given.secret} if stage.secret else {},
            None if stage.pace is None else stage.pace(begun.inputs),
            stage.again(begun.inputs),
            None if stage.telling is None else stage.telling(given),
            reads_of(begun.inputs),
        )

    def _confinement(self, step: Step, inputs: object) -> Confinement:
        """What a process that runs a plugin's code may reach: what its inputs name, and what its model asked for."""
        if self.ground.probe.machine.isolation == "process":
            return Confinement(enforced=False)
        needs = step.trial.listing.needs
        # Whoever has runs or the cache on Python's path, say; and copies of the data among packages.
        hides = str(self.ground.root.parent), str(cache_path()), *self.ground.hides
        shared = SHARED_MEMORY in needs and step.stage in (FIT, AUDIT)  # which fits again
        sealed, counted, reads = step.stage.sealed, step.stage.exclusive, reads_of(inputs)
        return Confinement(reads, hides, "network" in needs, "files" in needs, shared, sealed=sealed, counted=counted)

    def _take(self, news: list[Ended], schedule: Schedule) -> None:
        """Keep the results of jobs that have ended.

        Raises:
            Interrupted: one of their calls was.
        """
        # All of them first: an executor tells of a job once, whatever happens to the news of another one.
        told = [(found, outcome) for ended in news for found, outcome in self._told_of(ended)]
        for found, outcome in told:
            if outcome.status is not Status.INTERRUPTED:
                self._end(found.step, self._kept(found, outcome), schedule)
        if any(outcome.status is Status.INTERRUPTED for _, outcome in told):
            raise Interrupted("interrupted")

    def _told_of(self, ended: Ended) -> list[tuple[_Begun, Outcome]]:
        begun = self._begun.pop(ended.ticket, None)  # what nobody waits for is no news
        return list(zip(begun, ended.outcomes, strict=True)) if begun is not None else []

    def _kept(self, begun: _Begun, outcome: Outcome) -> Result[Any]:
        stage, folder = begun.step.stage, begun.folder
        missing = folder.missing(stage.outputs) if outcome.ok else []
        result = judged(stage, begun.inputs, outcome, folder.path, missing)
        kept = folder.keep(begun.key, replace(result, machine=outcome.machine), stage.outputs)
        if kept.ok and (shelf := self._shelf_of(begun.step.trial, outcome.machine)) is not None:
            shelf.put(begun.key, folder.path)
        return kept

    def _end(self, step: Step, result: Result[Any], schedule: Schedule) -> None:
        """Note how a step ended; after the last one of its trial, write the record."""
        self._results.setdefault(step.trial.slug, {})[step.name] = result
        if not step.stage.after and result.status is not Status.SKIPPED:
            # An error that was raised and told costs no patience.
            plugin = step.trial.model.plugin.name
            self._deaths[plugin] = self._deaths[plugin] + 1 if result.status.died else 0
        self.damaged += getattr(result.facts, "damaged", ()) if not result.reused else ()
        schedule.ended(step)
        self.ended(step, result)
        self._left[step.trial.slug] -= 1
        if not self._left[step.trial.slug]:
            self._record(step.trial)

    def _record(self, trial: Trial) -> None:
        found = recorded(trial, self.ground, self._results.get(trial.slug, {}))
        self.damaged += [found.damage] if found.damage else []
        self.records.append(found.record)
        self.recorded(found.record)

    def _news(self) -> list[Ended]:
        try:
            return self._handed.news() if self._begun else []
        except BaseException:
            self._begun.clear()  # an executor that raises has nothing running any more
            raise

    def _cancel(self) -> None:
        """End what runs, and wait for it; what ended by itself in the meantime is kept."""
        self.executor.cancel(list(self._begun))
        while self._begun:
            for found, outcome in [pair for ended in self._news() for pair in self._told_of(ended)]:
                if outcome.status is not Status.INTERRUPTED:
                    with contextlib.suppress(OSError):  # a full disk, say, which may be why all this ends
                        self._kept(found, outcome)

    def _logged(self, error: Exception) -> str:
        """Keep the traceback of a fault of genbench itself; one line of words."""
        log = self.ground.root / BUG
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace")
        return own_fault(error, f"its traceback is in {log}: please report it")


def _keys(begun: list[_Begun]) -> dict[str, str]:
    """TRIAL/STEP → the key of what the step was given."""
    return {"/".join(found.step.key): found.key for found in begun}
