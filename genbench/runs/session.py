"""A session: discover → plan → fit → sample → density → score → record → rank → render."""

from genbench.runs.listener import Listener
from genbench.runs.listener import Silence

import errno
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from genbench import catalogue as catalogues
from genbench.catalogue.parts import parts as part_classes
from genbench.catalogue import plugins
from genbench.protocol import suite as suites
from genbench.catalogue import Catalogue
from genbench.runs.conductor import Conductor
from genbench.errors import GenbenchError
from genbench.contracts.executor import Executor
from genbench.runs.preparation import data_arguments, prepared
from genbench.leaderboard import Leaderboard
from genbench.runs.options import Options as Options
from genbench.runs.plan import Plan, Step, find_suite, planned
from genbench.execution.supervisor import Supervisor
from genbench.store.run_folder import check_writable, locked
from genbench.store.stage_folder import Result






@dataclass(frozen=True)
class Finished:
    """A finished run.

    Args:
        board: the leaderboard over all its records.
        records: one a trial, as plain JSON.
        report: the path of the rendered site's first page.
        seconds: wall time of the run.
        stage_seconds: of all stages that ran now, summed; those found finished are not in it.
        own_seconds: the part of it inside the stages' own work: fitting, sampling, density, scoring.
        idle_seconds: wall time in which no stage ran.
        damaged: stored files that were not as they were written, in words; their stages ran anew.
    """

    board: Leaderboard
    records: list[dict[str, Any]] = field(repr=False)
    report: Path
    seconds: float
    stage_seconds: float
    own_seconds: float
    idle_seconds: float
    damaged: tuple[str, ...] = ()

    @property
    def overhead(self) -> float:
        """What the harness itself costs, as a share in [0, 1] of all the time that was spent."""
        spent = self.stage_seconds + self.idle_seconds
        return (spent - self.own_seconds) / max(spent, 1e-9)

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The candidates that failed; a skipped one has not."""
        candidates = [candidate for record in self.records for candidate in record["candidates"]]
        return [candidate for candidate in candidates if candidate["status"] not in ("ok", "skipped")]


def catalogue_of(options: Options, supervisor: Supervisor) -> Catalogue:
    """What is on offer for a run: installed, loose, and in the environments that the suite's file or the options name.

    Raises:
        GenbenchError: such an environment is not there, or a fault in the suite's file.
    """
    of_suite = suites.read(Path(options.suite)).python if options.suite.endswith(".toml") else {}
    texts = [*(f"{name}={path}" for name, path in of_suite.items()), *options.python]
    last = {text.partition("=")[0]: text for text in texts}  # the options' word counts
    return catalogues.read(supervisor, options.plugin, True, list(last.values()))


def plan_of(options: Options, catalogue: Catalogue) -> Plan:
    """The plan that the options ask for.

    Raises:
        GenbenchError: a wrong name, setting or suite key.
    """
    suite = find_suite(options.suite, catalogue)
    suite = (suite.quickened() if options.quick else suite).limited(options.limit)
    return planned(suite, catalogue, options.models, options.all, options.seeds)


def run_folder(options: Options, plan: Plan) -> Path:
    """Where a plan's trials lie."""
    return (options.out / "runs" / plan.suite.name).absolute()


def run(models: Sequence[str] | str = (), *, listener: Listener | None = None, **options: Any) -> Finished:
    """Run models under a suite and render the report: what `genbench run` does, from Python.

        finished = genbench.run(["vae", "ddpm[steps=200]"], suite="digits", seeds=3)
        finished.board.frame()

    Args:
        models: one reference or several; with `all=True`, every discovered model as well.
        listener: is told how the run goes.
        options: see `genbench.options.Options`.
    Raises:
        GenbenchError: what the command line would refuse with exit code 2.
        Interrupted: Ctrl-C; finished work is kept, and the same call goes on from it.
    """
    chosen = Options(models=[models] if isinstance(models, str) else list(models), **options)
    with Supervisor() as supervisor:
        plan = plan_of(chosen, catalogue_of(chosen, supervisor))
        return execute(plan, chosen, supervisor, listener or Silence())


def execute(plan: Plan, options: Options, supervisor: Supervisor, listener: Listener) -> Finished:
    """Run a plan to its report.

    Raises:
        GenbenchError: nothing could be started. Interrupted: it was stopped.
    """
    started = time.monotonic()
    root, site = run_folder(options, plan), options.out / "reports" / plan.suite.name
    executor = _executor(options.executor, plan.catalogue)
    check_writable(root)
    check_writable(site)
    suite, parts = plan.suite, plan.catalogue.parts
    extractors = [suite.extractor, *(score.partition("@")[2] for score in suite.scores)]
    arguments = data_arguments(suite.dataset, extractors, parts, options.data_root, options.extractor_weights)
    with _stopping(supervisor):
        environment = probed(options, supervisor)
        data = prepared("data", arguments, supervisor)
    with locked(root), _stopping(supervisor), _full_disk_told(root):
        jobs = jobs_of(options, plan, environment)
        if jobs > 1:
            environment["device_free"] = None  # neighbours share the device: nobody waits for their memory
        meter = _Meter(listener)
        told = listener.progress, meter.ended, _teller(plan.catalogue)
        conductor = Conductor(plan, root, supervisor, data, environment, options.existing, *told)
        listener.planned(plan, jobs)
        with meter.running():
            executor(jobs).run(plan.steps, conductor.execute)
        records = sorted(conductor.records, key=lambda record: (record["model"]["reference"], record["seed"]))
        from genbench.report import render

        board = Leaderboard.of(records)
        report = render(board, site)
        seconds = time.monotonic() - started
        idle, damaged = seconds - meter.busy, tuple(conductor.damaged)
        return Finished(board, records, report, seconds, meter.stage_seconds, meter.own_seconds, idle, damaged)


def probed(options: Options, supervisor: Supervisor) -> dict[str, Any]:
    """What this machine is, and the device that the run will use, as records carry it.

    Raises:
        GenbenchError: the device is not here.
    """
    facts = prepared("probe", {"device": options.device}, supervisor)
    return facts | ({"isolation": "process"} if options.isolation == "process" else {})


def jobs_of(options: Options, plan: Plan, environment: Mapping[str, Any]) -> int:
    """What `--jobs` says; else one trial per GPU, on the CPU as many as its cores hold the suite's threads."""
    on_cpu = environment["device"] == "cpu"
    return options.jobs or (max(1, int(environment["cpus"]) // plan.suite.threads) if on_cpu else 1)


def _executor(name: str, catalogue: Catalogue) -> type[Executor]:
    catalogue.find("executors", name)
    found: type[Executor] = part_classes("executors", catalogue.parts)[name]
    return found


def _teller(catalogue: Catalogue) -> Callable[[Any], None]:
    """Calls every part plugin's `genbench_trial_done`; one that raises is a fault and stops nothing."""
    listening = [plugin for plugin in catalogue.parts if plugin.module != plugins.BUILTIN]

    def tell(record: Any) -> None:
        for plugin in listening:
            try:
                plugins.load(plugin).tell("genbench_trial_done", record=record)
            except Exception as error:  # noqa: BLE001  # the part's own trouble
                catalogue.faults.append(catalogues.Fault(plugin, f"genbench_trial_done raised {error!r}"))

    return tell


class _Meter:
    """Adds up where the time goes: steps overlap when several jobs run."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self.stage_seconds = self.own_seconds = self.busy = 0.0

    def ended(self, step: Step, result: Result) -> None:
        """Count a step, and pass the news on."""
        with self._lock:
            self.stage_seconds += 0.0 if result.reused else result.seconds
            self.own_seconds += 0.0 if result.reused else result.own_seconds
        self._listener.ended(step, result)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The time in which the executor works counts as busy, as far as stages ran in it."""
        started = time.monotonic()
        yield
        self.busy = min(time.monotonic() - started, self.stage_seconds)


@contextmanager
def _full_disk_told(root: Path) -> Iterator[None]:
    """Say in one line that there is no room for what the harness itself has to write."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise GenbenchError(
            f"no room left at {root} ({error.strerror}); what has finished is kept: make room, and run again"
        ) from error


@contextmanager
def _stopping(supervisor: Supervisor) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop the running children; what has finished is kept. A second one kills them at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    heard: list[int] = []

    def stop(number: int, frame: object) -> None:
        supervisor.stop(at_once=bool(heard))
        heard.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
