"""A run without processes: an executor that follows a script, and the ground that a conductor stands on."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from offered import OWN, entry, model, task

from genbench.contracts.executor import Ended, Executor, Ticket
from genbench.contracts.job import Again, Call, Job, Outcome, Section, Timeline
from genbench.protocol.stages import steps_of
from genbench.protocol.stages.services import LaidData, Probe
from genbench.protocol.stages.stage import Ground, Step
from genbench.protocol.suite import Suite
from genbench.protocol.task import Asked
from genbench.protocol.trial import Trial
from genbench.records.machine import Machine
from genbench.records.record import Candidate, DataFacts, Record
from genbench.records.space import Space
from genbench.records.status import Status
from genbench.runs.conductor import BOUNDS, Bounds, Conductor
from genbench.runs.schedule import Schedule
from genbench.store.shelf import Shelf
from genbench.store.stage_folder import Result

ROWS = {"train": 9, "valid": 9, "test": 9, "held": 9}
DATA = DataFacts("digits", "d1" * 32, "A page", "CC0", Space((1, 8, 8), 17, 10), ROWS)
MACHINE = Machine(device="cpu", device_name="EPYC", genbench="1", isolation="landlock 5")
SECRET = "5e" * 32
FACTS: dict[str, Any] = {
    "fit": {"images": 500, "seconds_before": 0.0, "parameters": 3},
    "sample": {"device_memory": None, "conditional": False},
    "answer": {"device_memory": None},
    "audit": {"likelihood": "exact", "rung": 0, "refused": []},
    "stream": {"test": 9, "asked": 20, "verified": 9},
    "verify": {"entries": 3},
    "density": {"likelihood": "exact"},
}
LEFT = {
    "fit": ("checkpoint.safetensors", "check.safetensors"),
    "sample": ("samples.safetensors", "drawn.safetensors"),
    "answer": ("answers.safetensors",),
    "audit": ("audit.safetensors",),
    "stream": ("first.safetensors", "second.safetensors", "key.safetensors", "columns.txt"),
    "verify": ("log-weights.safetensors",),
    "density": ("nats.safetensors",),
    "score": (),
}
TIMED = {"sample": "run", "answer": "run"}  # the section that has to be there; of other stages its own name

Script = Callable[[Call], Outcome]


def step_of(call: Call) -> str:
    """The step that a call carries out, as TRIAL/STEP."""
    return str(call.folder).partition("/runs/mine/")[2]


def done(call: Call, facts: Any = None) -> Outcome:
    """Does the work of a call: leaves its files and says its facts."""
    for name in LEFT[call.stage]:
        (call.folder / name).write_text(f"{name} of {call.folder.parent.name}")
    if call.stage == "fit":
        (call.folder / "curve.json").write_text('{"points": [{"images": 500, "loss": 0.5}]}')
    (call.folder / "log.txt").write_text(f"the log of {call.stage}\n")
    if call.stage == "score" and facts is None:
        facts = {"candidates": [{"sampler": own["sampler"], "status": "ok"} for own in call.inputs["candidates"]]}
    laps = math.ceil(call.inputs["count"] / call.inputs["batch"]) if call.stage in TIMED else 0
    section = Section(2.0, (0.1,) * laps, digests=tuple(f"batch {i}" for i in range(laps)))
    if call.stage == "verify":
        section = Section(2.0, (0.1,) * 3, digests=tuple(f"entry {i}" for i in range(3)))
    timeline = Timeline({TIMED.get(call.stage, call.stage): (section,), "null": (Section(0.0),)})
    facts = FACTS.get(call.stage) if facts is None else facts
    again = Again(0, ("batch 0",), {"nfe": 1.0, "flops": None}) if laps else None
    return Outcome(Status.OK, None, 2.5, timeline, facts, exit_code=0, places=tuple(range(laps)), again=again)


def crashed(call: Call) -> Outcome:
    """Ends without a word."""
    (call.folder / "log.txt").write_text("Fatal Python error\n")
    return Outcome(Status.CRASHED, f"{call.stage} was ended by SIGSEGV", 1.0, exit_code=-11)


def raised(call: Call) -> Outcome:
    """Raises, and says so."""
    return Outcome(Status.ERROR, "RuntimeError: boom", 1.0, exit_code=1)


def interrupted(call: Call) -> Outcome:
    """Is stopped."""
    return Outcome(Status.INTERRUPTED, "the run was stopped", 1.0, exit_code=-15)


class Scripted(Executor):
    """Carries out every job that waits, in turn, when it is asked which have ended.

    Args:
        script: how each call ends.
        held: names of jobs that do not end until they are cancelled.
    """

    name = "scripted"

    def __init__(self, script: Script = done, held: Sequence[str] = ()) -> None:
        self.script, self.held = script, held
        self.jobs: list[Job] = []
        self.waiting: dict[Ticket, Job] = {}
        self.cancelled: set[Ticket] = set()

    def submit(self, jobs: Sequence[Job]) -> list[Ticket]:
        self.jobs += jobs
        self.waiting |= {Ticket(job.name): job for job in jobs}
        return [Ticket(job.name) for job in jobs]

    def ended(self, timeout: float) -> list[Ended]:
        over = [ticket for ticket in self.waiting if ticket.job not in self.held or ticket in self.cancelled]
        return [self._ended(ticket, self.waiting.pop(ticket)) for ticket in over]

    def _ended(self, ticket: Ticket, job: Job) -> Ended:
        script = interrupted if ticket in self.cancelled else self.script
        return Ended(ticket, tuple(script(call) for call in job.calls))

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        self.cancelled.update(tickets)

    def adopt(self, ticket: Ticket) -> bool:
        return ticket in self.waiting

    @property
    def calls(self) -> list[str]:
        """What it was given, as TRIAL/STEP, in order."""
        return [step_of(call) for call in self.every]

    @property
    def every(self) -> list[Call]:
        """The calls that it was given."""
        return [call for job in self.jobs for call in job.calls]


class Together(Scripted):
    """The same, which is given all that is ready of a trial as one job."""

    whole = True

    def __init__(self, script: Script = done, held: Sequence[str] = ()) -> None:
        super().__init__(script, held)


def scripted(*scripts: tuple[str, Script]) -> Script:
    """The script that treats steps whose name, TRIAL/STEP, has a text in it by a script of their own."""

    def script(call: Call) -> Outcome:
        return next((own for text, own in scripts if text in step_of(call)), done)(call)

    return script


def trial(name: str = "mine", seed: int = 0, **fields: Any) -> Trial:
    """A trial of a density that draws samples."""
    told = {"capabilities": ("generate", "density"), "described_sampler": "default"} | fields
    return Trial(entry(model(name, **told)), {}, seed)


def ground(folder: Path, trials: Sequence[Trial], asked: Sequence[Asked] = (), **suite: Any) -> Ground:
    """The ground of a run in a folder; trials have a secret each."""
    tasks = tuple(asked) or (task("generate", controls=("copycat",)),)
    protocol = Suite("mine", "digits", 500, 20, 1, "pixels", {one.name: one.terms for one in tasks}, **suite)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    laid = LaidData(DATA, str(folder / "data" / DATA.sha256))
    secrets = {found.slug: SECRET for found in trials}
    return Ground(protocol, tasks, laid, Probe(MACHINE), (OWN,), folder / "runs" / "mine", {}, secrets)


class Run:
    """A run that is to be conducted, and what was told of it."""

    def __init__(
        self,
        stands_on: Ground,
        trials: Sequence[Trial],
        executor: Executor,
        slots: int = 1,
        existing: str = "reuse",
        bounds: Bounds = BOUNDS,
        shelf: Shelf | None = None,
    ) -> None:
        stands_on.root.mkdir(parents=True, exist_ok=True)
        self.results: dict[str, Result[Any]] = {}
        self.records: list[Record] = []
        self.conductor = Conductor(stands_on, executor, existing, self.ended, self.records.append, bounds, shelf=shelf)
        self._trials, self._slots = tuple(trials), slots
        self._steps = [step for found in trials for step in steps_of(found, stands_on.asked)]

    def ended(self, step: Step, result: Result[Any]) -> None:
        """Remember how a step ended."""
        self.results[f"{step.trial.slug}/{step.name}"] = result

    def conduct(self) -> "Run":
        """Conduct the trials to their records."""
        self.conductor.conduct(self._trials, Schedule(self._steps, self._slots), self._steps)
        return self

    def candidate(self, slug: str, name: str) -> Candidate:
        """A candidate of a trial's record."""
        (record,) = [found for found in self.records if f"{found.model.name}.default.{found.seed}" == slug]
        return next(found for found in record.candidates if found.name == name)

    @property
    def statuses(self) -> dict[str, Status]:
        """How each step ended, by TRIAL/STEP."""
        return {name: result.status for name, result in self.results.items()}
