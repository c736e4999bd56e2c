"""Ray: jobs are placed on a cluster's nodes by what they need, and each node's host carries out their files."""

import contextlib
import math
import signal
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from genbench.builtin.executors.job_folder import JobFolder
from genbench.builtin.executors.ray_contents import Contents
from genbench.builtin.executors.ray_nodes import Nodes
from genbench.builtin.executors.ray_task import Answer, News, cleared, placed
from genbench.contracts.executor import Ended, Executor, Places, Ticket, Workplace
from genbench.contracts.job import Job, Outcome
from genbench.errors import GenbenchError
from genbench.execution.job_file import progress_file
from genbench.execution.shipment import delivered, shipment
from genbench.files.atomic import cache_path
from genbench.records.status import Status

MISSING = 'the executor ray needs Ray, which is not installed: pip install "genbench[ray]"'
UNTOUCHED = {"env_vars": {"RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES": "1"}}  # a node's host serves all its GPUs
CLEARING = 60.0  # seconds in which nodes have ended what ran, and removed what they were sent
PATIENCE = 1.0  # seconds after which whoever was cancelled and has not ended is told again
LOST = Outcome(Status.CRASHED, "the node that it ran on died, and so did the next one", 0.0)


class RayExecutor(Executor):
    """Places jobs on the nodes of a Ray cluster by CPU, GPU and memory."""

    name = "ray"
    whole = True
    away = True

    def __init__(self, workplace: Workplace) -> None:
        self._workplace, self._files = workplace, JobFolder(workplace)
        with _own_signals():
            self._ray, self._began = _connected(workplace.address)
        self._files.open()
        self._task = self._ray.remote(placed)
        self._contents = Contents(self._ray)
        self._sends = False  # whether a node did not see the driver's files
        self._apart: set[str] = set()  # nodes that have been sent files
        self._running: dict[Any, Ticket] = {}
        self._cancelled: set[Ticket] = set()
        self._told = 0.0  # when tasks were last cancelled
        self._lost: Counter[Ticket] = Counter()
        self._homes: dict[str, str] = {}  # trial → its node
        self._alone: Counter[str] = Counter()  # node → exclusive jobs that were sent to it
        self._nodes = Nodes(self._ray)
        self._asked: Any = None  # of the actor, and not answered yet

    def submit(self, jobs: Sequence[Job]) -> list[Ticket]:
        """Write the jobs' files, and give Ray a task for each."""
        tickets = [Ticket(job.name) for job in jobs]
        for ticket, job in zip(tickets, jobs, strict=True):
            self._files.add(ticket, job)
            self._place(ticket)
        return tickets

    def ended(self, timeout: float) -> list[Ended]:
        """Wait for the first task to end; those of a run that was stopped are ended."""
        try:
            if self._workplace.stopped():
                self.cancel(self._files.tickets)
            found = self._ended(timeout)
            self._hear()
            self._files.tell()
        except BaseException:
            self._cancel_all()
            raise
        return found

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Cancel the tasks of these jobs; one that runs ends with its processes."""
        if wanted := {*tickets} - self._cancelled:
            self._cancelled |= wanted
            self._cancel(wanted)

    def adopt(self, ticket: Ticket) -> bool:
        """Whether it is one of its own: Ray ends the tasks of a driver that has gone."""
        return self._files.knows(ticket)

    def places(self, threads: int, device: str) -> Places | None:
        """What the nodes that are there now hold."""
        gpus = int(device.startswith("cuda"))
        nodes = [node for node in self._nodes.alive.values() if node.cpus >= threads and node.gpus >= gpus]
        jobs = sum(int(min(node.cpus // threads, node.gpus or math.inf)) for node in nodes)
        return Places(jobs, len(nodes)) if nodes else None

    def close(self) -> None:
        """Let the hosts end, and leave the cluster."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._clear()
        self._files.close()
        if self._began:
            with _own_signals():
                self._ray.shutdown()

    def _ended(self, timeout: float) -> list[Ended]:
        if not self._running:
            return []
        if self._cancelled and time.monotonic() - self._told > PATIENCE:
            self._cancel(self._cancelled)  # a task that began just then may not have heard of it
        self._ray.wait(list(self._running), num_returns=1, timeout=timeout)
        over, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        found = [self._taken(task, self._running.pop(task)) for task in over]
        return [ended for ended in found if ended is not None]

    def _taken(self, task: Any, ticket: Ticket) -> Ended | None:
        """How a task's job ended; None where it is placed once more."""
        faults, job = self._ray.exceptions, self._files.job(ticket)
        try:
            answer = self._ray.get(task)
        except (faults.TaskCancelledError, KeyboardInterrupt):
            if not self._cancelled & {ticket}:
                raise
            answer = Answer("")
        except (faults.WorkerCrashedError, faults.NodeDiedError, faults.TaskUnschedulableError) as error:
            answer = Answer("", str(error), lost=True)
        except faults.RayError as error:
            raise GenbenchError(_failed(error)) from error
        if job.trial and answer.node:
            self._homes.setdefault(job.trial, answer.node)
        if answer.lost and ticket not in self._cancelled:
            return self._again(ticket)
        if answer.unseen and ticket not in self._cancelled:
            self._sends = True
            self._place(ticket)
            return None
        if answer.words and not answer.lost:
            raise GenbenchError(answer.words)
        if answer.delivery is not None:
            self._apart.add(answer.node)
            delivered(answer.delivery, self._files.file(ticket), job)
        return self._end(ticket)

    def _end(self, ticket: Ticket, *lacking: Outcome) -> Ended:
        self._contents.drop(ticket)
        self._cancelled.discard(ticket)
        self._lost.pop(ticket, None)
        return self._files.end(ticket, *lacking)

    def _again(self, ticket: Ticket) -> Ended | None:
        """Place the job of a node that died once more, and no third time."""
        self._lost[ticket] += 1
        self._homes.pop(self._files.job(ticket).trial, None)
        if self._lost[ticket] > 1:
            return self._end(ticket, LOST)
        self._nodes.changed()
        self._place(ticket)
        return None

    def _place(self, ticket: Ticket) -> None:
        job = self._files.job(ticket)
        roots = self._workplace.folder.parent.parent, cache_path()  # of all runs, and the cache
        sent = shipment(self._files.file(ticket), job, self._files.terms, roots, self._contents.hashed)
        given = (sent, self._contents.put(ticket, sent), self._news) if self._sends else (sent,)
        options = {"name": f"genbench {job.name}", "max_retries": 0, "runtime_env": UNTOUCHED, **self._options(job)}
        self._running[self._task.options(**options).remote(*given)] = ticket

    @cached_property
    def _news(self) -> Any:
        """The actor that hears how far jobs are whose files this driver does not see."""
        return self._ray.remote(News).options(num_cpus=0, max_restarts=-1).remote()

    def _hear(self) -> None:
        """Write down what the actor heard, as if this driver saw the files of progress."""
        if not self._sends:
            return
        if self._asked is None:
            self._asked = self._news.taken.remote()
        elif self._ray.wait([self._asked], timeout=0)[0]:
            asked, self._asked = self._asked, None
            with contextlib.suppress(self._ray.exceptions.RayError):  # its node died: another hears from now on
                for job, lines in self._ray.get(asked).items():
                    with progress_file(Path(job)).open("ab") as file:
                        file.write(lines)

    def _clear(self) -> None:
        """Remove what nodes were sent."""
        task, affinity = self._ray.remote(cleared), self._affinity
        jobs = str(self._files.file(Ticket("")))
        here = self._apart & self._nodes.alive.keys()
        over = [
            task.options(num_cpus=0, scheduling_strategy=affinity(node, soft=False)).remote(jobs, node) for node in here
        ]
        self._ray.wait(over, num_returns=len(over), timeout=CLEARING) if over else None

    def _options(self, job: Job) -> dict[str, Any]:
        """What a job needs, as Ray says it."""
        cpus = max(call.threads for call in job.calls)
        gpus = int(any(call.device.startswith("cuda") for call in job.calls))
        nodes = self._nodes.fitting(cpus, gpus)
        home = nodes.get(self._homes.get(job.trial, ""))
        if job.exclusive and home is None:
            home = min(nodes.values(), key=lambda node: self._alone[node.id])
        most = max(node.memory for node in nodes.values())
        found: dict[str, Any] = {
            "num_cpus": home.cpus if job.exclusive and home else cpus,
            "num_gpus": gpus,
            "memory": min(max(call.caps.memory for call in job.calls), home.memory if home else most),
        }
        if home is not None:
            self._alone[home.id] += job.exclusive
            found["scheduling_strategy"] = self._affinity(home.id, soft=not job.exclusive)
        return found

    @property
    def _affinity(self) -> Any:
        return import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy

    def _cancel(self, tickets: Collection[Ticket]) -> None:
        """Cancel the tasks of these jobs, the last ones first, so that none begins since another has ended."""
        for task, ticket in reversed(self._running.items()):
            if ticket in tickets:
                self._ray.cancel(task)
        self._told = time.monotonic()

    def _cancel_all(self) -> None:
        """End all that runs, and wait for it."""
        left, until = list(self._running), time.monotonic() + CLEARING
        while left and time.monotonic() < until:
            self._cancel({*self._running.values()})
            _, left = self._ray.wait(left, num_returns=len(left), timeout=PATIENCE)
        self._running.clear()


def _failed(error: Exception) -> str:
    words = str(error)
    if "ModuleNotFoundError" in words and "genbench" in words:
        return "a node of the Ray cluster has no genbench: install there what the driver has"
    return f"Ray cannot carry out a job: {' '.join(words.split())[-300:]}"


def _connected(address: str) -> tuple[Any, bool]:
    """Ray, and whether this is what connected it to its cluster.

    Raises:
        GenbenchError: it is not installed, or nobody is at the address.
    """
    try:
        ray = import_module("ray")
    except ImportError:
        raise GenbenchError(MISSING) from None
    import_module("ray.exceptions")
    if ray.is_initialized():
        return ray, False
    try:
        ray.init(address=address or None, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        words = " ".join(str(error).split())[:200]
        raise GenbenchError(f"no Ray cluster at {address or 'the usual places'}: {words}") from error
    return ray, True


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what Ctrl-C and SIGTERM do: Ray takes them for itself."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(number, handler)
