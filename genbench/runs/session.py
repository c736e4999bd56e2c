"""A session: discover → plan → pose → fit → sample → audit → answer → density → score → record → rank → render."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from genbench import catalogue as catalogues
from genbench.catalogue import Catalogue, parts
from genbench.contracts.executor import Executor, Places, Ticket, Workplace
from genbench.contracts.job import Call
from genbench.errors import GenbenchError
from genbench.execution import machine
from genbench.execution.in_process import InProcess, debugged
from genbench.execution.supervisor import Supervisor
from genbench.leaderboard import boards
from genbench.leaderboard.joining import joined
from genbench.protocol import suite_file as suites
from genbench.protocol.stages import stages_of
from genbench.protocol.stages.fit import EVERYTHING
from genbench.protocol.stages.services import LaidData, Probe
from genbench.protocol.stages.stage import Ground, Step
from genbench.records.files import read
from genbench.records.record import Record
from genbench.records.tuning import beside as tunings_beside
from genbench.runs.conductor import BOUNDS, Bounds, Conductor
from genbench.runs.estimate import Forecast, recorded_steps
from genbench.runs.finished import Finished
from genbench.runs.foresight import finished_steps
from genbench.runs.given import options_of
from genbench.runs.interruption import full_disk_told, stopping
from genbench.runs.listener import RunListener, Silence
from genbench.runs.meter import Meter
from genbench.runs.options import Options
from genbench.runs.plan import Plan, asked_of, core_of, find_suite, form_of, planned
from genbench.runs.preparation import data_inputs, exam_secret, laid_down, posed, probed, terms_of
from genbench.runs.recording import RECORD
from genbench.runs.schedule import Schedule
from genbench.runs.secrets import secrets_of
from genbench.runs.timings import Timings
from genbench.runs.trackers import Trackers
from genbench.store import spare
from genbench.store.run_folder import check_writable, locked, read_secret, secret_of
from genbench.store.shelf import Shelf
from genbench.store.stage_folder import Result

JOBS = ".jobs"  # the executor's folder within the run's
REPORT = "report"  # the site's
AWAY = 1000  # jobs that an engine elsewhere is given at a time


def catalogue_of(options: Options, supervisor: Supervisor) -> Catalogue:
    """What is on offer for a run: installed, loose, and in the environments that the suite's file or the options name.

    Raises:
        GenbenchError: such an environment is not there, a fault in the suite's file, or a machine without the device.
    """
    machine.check_device(options.device)
    of_suite = suites.read(Path(options.suite)).suite.python if options.suite.endswith(".toml") else {}
    texts = [*(f"{name}={path}" for name, path in of_suite.items()), *options.python]
    last = {text.partition("=")[0]: text for text in texts}  # the options' word counts
    hides = [(options.out / "runs").absolute(), *parts.places_of(parts.data_root_of(options.data_root))]
    return catalogues.read(supervisor, options.plugin, True, list(last.values()), hides=hides)


def plan_of(options: Options, catalogue: Catalogue) -> Plan:
    """The plan that the options ask for.

    Raises:
        GenbenchError: a wrong name, setting or suite key.
    """
    found = find_suite(options.suite, catalogue)
    suite = form_of(found.suite, catalogue, options.quick, options.tasks)
    stages = [stage.name for stage in stages_of(asked_of(suite, catalogue))]
    found = replace(found, suite=suite.limited(options.limit, stages))
    models = [*options.models, *(core_of(suite, catalogue) if options.core else ())]
    if options.replay and not (models or options.all):
        models = sorted({read(path).model.reference for path in options.replay})
    return planned(found, catalogue, models, options.all, options.seeds, options.first_seed)


def run_folder(options: Options, plan: Plan) -> Path:
    """Where a plan's trials lie."""
    return (options.out / "runs" / plan.suite.name).absolute()


def run(models: Sequence[str] | str = (), *, listener: RunListener | None = None, **options: Any) -> Finished:
    """Run models under a suite and render the report: what `genbench run` does, from Python.

        finished = genbench.run(["vae", "ddpm[steps=200]"], suite="digits", seeds=3)
        finished.board.frame()

    Args:
        models: one reference or several; with `all=True`, every discovered model as well.
        listener: is told how the run goes.
        options: see `genbench.runs.options.Options`; a path may be text, and one of several needs no list.
    Raises:
        GenbenchError: what the command line would refuse with exit code 2.
        Interrupted: Ctrl-C; finished work is kept, and the same call goes on from it.
    """
    chosen = options_of(models, options)
    with Supervisor() as supervisor:
        plan = plan_of(chosen, catalogue_of(chosen, supervisor))
        return execute(plan, chosen, supervisor, listener or Silence())


def execute(
    plan: Plan,
    options: Options,
    supervisor: Supervisor,
    listener: RunListener,
    debug: bool = False,
    bounds: Bounds = BOUNDS,
) -> Finished:
    """Run a plan to its report.

    Args:
        debug: carry out all stages in this process, with a debugger at the first error.
        bounds: how much the run bears.
    Raises:
        GenbenchError: nothing could be started. Interrupted: it was stopped. OwnFault: a bug of genbench itself.
        Raised: a stage raised something in this process (`debug`).
    """
    return _Session(plan, options, supervisor, listener, debug, bounds).finished()


@dataclass
class _Session:
    """One run of a plan; the arguments are those of `execute`."""

    plan: Plan
    options: Options
    supervisor: Supervisor
    listener: RunListener
    debug: bool
    bounds: Bounds

    def finished(self) -> Finished:
        """The run's end, of which parts are told too."""
        trackers = self._trackers = Trackers(self.plan.catalogue.part_plugins)
        try:
            finished = self._finished()
        except BaseException as error:
            trackers.stopped(error)
            raise
        trackers.done(finished)
        return finished

    def _finished(self) -> Finished:
        """Prepare, conduct, rank and render."""
        from genbench.catalogue.definitions import definitions
        from genbench.export.downloads import downloads
        from genbench.report import render

        root = run_folder(self.options, self.plan)
        self._kind  # noqa: B018  # a wrong name is told before anything is done
        check_writable(root)
        given = read_secret(self.options.secret) if self.options.secret else ""
        replayed = [read(path) for path in self.options.replay]
        meter = Meter(self.listener)
        with stopping(self.supervisor), full_disk_told(root):
            probe, data = self._probe(), self._data()
            for extractor, reason in data.absent.items():
                self.listener.lacks(extractor, reason)
            with locked(root):
                ground = self._ground(root, probe, data, given or secret_of(root), replayed)
                conductor = self._conducted(ground, meter)
                records = tuple(sorted(conductor.records, key=lambda record: (record.model.reference, record.seed)))
                beside, unread = _lying_in(root)
                shown = joined(records, beside.values())
                found = dict(boards(shown.records, tunings=tunings_beside(root)))
                report = render(found, root / REPORT, definitions(), downloads)
        damaged = (*data.damaged, *conductor.damaged)
        spent = meter.stage_seconds, meter.own_seconds, meter.idle_seconds
        folders = {(record.model.reference, record.seed): folder for folder, record in beside.items()}
        left_out = *unread, *shown.left_out
        return Finished(found, records, report, meter.seconds, *spent, damaged, left_out, folders)

    @cached_property
    def _kind(self) -> type[Executor]:
        return InProcess if self.debug else _executor_class(self.options.executor, self.plan.catalogue)

    def _probe(self) -> Probe:
        probe = probed(self.options.device, self.options.isolation, self.supervisor, self._kind.away)
        # Neighbours share the device: nobody waits for their memory.
        shared = self._jobs(probe) > max(1, len(probe.devices))
        return replace(probe, device_free=None) if shared else probe

    def _jobs(self, probe: Probe) -> int:
        if self._kind.away:
            return self.options.jobs or AWAY
        return 1 if self.debug else jobs_of(self.options, self.plan, probe)

    def _workplace(self, ground: Ground, jobs: int) -> Workplace:
        carry_out = debugged if self.debug else self.supervisor.run
        options, threads = self.options, self.plan.suite.threads
        terms = terms_of(ground.probe, options.isolation, threads) if self._kind.away else None
        folder = ground.root / JOBS
        stopped, devices = lambda: self.supervisor.stopped, ground.probe.devices
        return Workplace(jobs, folder, carry_out, self._told, stopped, options.address, terms, devices)

    def _data(self) -> LaidData:
        suite, options = self.plan.suite, self.options
        scores = [score for terms in suite.tasks.values() for score in terms.scores]
        further = [score.partition("@")[2] for score in scores]
        parts, root, given = self.plan.catalogue.part_plugins, options.data_root, options.extractor_weights
        inputs = data_inputs(suite.dataset, suite.extractor, parts, root, given, further)
        return laid_down(replace(inputs, watched=self.plan.watched), self.supervisor)

    def _ground(self, root: Path, probe: Probe, data: LaidData, secret: str, replayed: Sequence[Record]) -> Ground:
        plan = self.plan
        secrets = secrets_of(plan.trials, secret, data.facts.sha256, replayed)
        plugins, hides = tuple(plan.catalogue.part_plugins), (*plan.catalogue.hides, *data.hides)
        ground = Ground(plan.suite, plan.asked, data, probe, plugins, root, {}, secrets, hides)
        rows = ground.rows(*EVERYTHING)
        own = {asked.name: exam_secret(secret, asked.name) for asked in plan.asked}
        exams = {asked.name: posed(asked, rows, root, own[asked.name], self.supervisor) for asked in plan.asked}
        return replace(ground, exams={name: exam for name, exam in exams.items() if exam is not None})

    def _conducted(self, ground: Ground, meter: Meter) -> Conductor:
        jobs = self._jobs(ground.probe)
        executor = self._kind(self._workplace(ground, jobs))
        described = ground.probe.threaded(self.plan.suite.threads)
        timings, shelf = Timings.here(self.plan.suite, described, ground.root), Shelf(described.speed_class)
        steps, existing = self.plan.steps, self.options.existing
        finished = finished_steps(ground, steps, existing, shelf)
        device, threads = described.device, self.plan.suite.threads
        places = executor.places(threads, device) if self._kind.away else Places(jobs, 1)
        forecast = self._forecast = Forecast(self.plan, places, timings, finished, machine.crowded())

        def ended(step: Step, result: Result[Any]) -> None:
            forecast.ended(step, result)
            meter.ended(step, result)
            trackers.ended(step, result)

        trackers, told = self._trackers, self._trackers.recorded
        self._conductor = Conductor(ground, executor, existing, ended, told, self.bounds, forecast.begun, shelf)
        self.listener.planned(self.plan, jobs, forecast)
        trackers.started(self.plan, ground)
        try:
            apart = self._kind.away or 1 < jobs <= len(ground.probe.devices)
            self._conductor.conduct(self.plan.trials, Schedule(steps, jobs, apart, forecast.of), steps)
        finally:
            executor.close()
            forecast.keep()
            spare.trim()
        return self._conductor

    def _told(self, ticket: Ticket, call: Call, images: int, share: float) -> None:
        step = self._conductor.step_of(ticket, call)
        if step is not None:
            self._forecast.progress(step, share)
            self.listener.progress(step, images, share)


def jobs_of(options: Options, plan: Plan, probe: Probe) -> int:
    """What `--jobs` says; else one for each GPU, and on the CPU as many as its cores hold the suite's threads."""
    on_cpu = probe.machine.device == "cpu"
    each = (probe.machine.cpus or 1) // plan.suite.threads if on_cpu else len(probe.devices)
    return options.jobs or max(1, each)


def _lying_in(root: Path) -> tuple[dict[Path, Record], list[str]]:
    """The records of all trials in a run's folder, by their folders, and what cannot be read, a line each."""
    found: dict[Path, Record] = {}
    unread = []
    for path in sorted(root.glob(f"*/{RECORD}")):
        try:
            found[path.parent] = read(path)
        except GenbenchError as error:
            unread.append(f"{error}; it is not on the board")
    return found, unread


def forecast_of(options: Options, plan: Plan, probe: Probe) -> Forecast:
    """How long a plan would take, by the records in its folder and what steps took on this machine."""
    root, described = run_folder(options, plan), probe.threaded(plan.suite.threads)
    finished = recorded_steps(plan, _lying_in(root)[0].values()) if options.existing == "reuse" else set()
    local = options.executor == Options.executor
    places = Places(jobs_of(options, plan, probe), 1) if local else None  # its engine is not asked
    return Forecast(plan, places, Timings.here(plan.suite, described, root), finished, machine.crowded())


def _executor_class(name: str, catalogue: Catalogue) -> type[Executor]:
    return parts.executors([catalogue.executor(name).plugin]).named(name)
