"""The local executor: child processes of this machine, a thread in the parent for each job that runs."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

from genbench.contracts.executor import Ended, Executor, Ticket, Workplace
from genbench.contracts.job import Call, Job, Outcome
from genbench.execution.job_file import placed


@dataclass(frozen=True)
class _Told:
    ticket: Ticket
    call: Call
    images: int
    share: float


class LocalExecutor(Executor):
    """Carries out jobs in child processes of this machine."""

    name = "local"

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._pool = ThreadPoolExecutor(workplace.slots)
        self._events: SimpleQueue[Ended | _Told | BaseException] = SimpleQueue()
        self._known: set[Ticket] = set()
        self._cancelled: set[Ticket] = set()
        self._devices: SimpleQueue[str] = SimpleQueue()  # that are free, one for each slot
        for slot in range(workplace.slots if workplace.devices else 0):
            self._devices.put(workplace.devices[slot % len(workplace.devices)])

    def submit(self, jobs: Sequence[Job]) -> list[Ticket]:
        """Start the jobs as slots become free."""
        tickets = [Ticket(job.name) for job in jobs]
        self._known.update(tickets)
        for job, ticket in zip(jobs, tickets, strict=True):
            self._pool.submit(self._carry_out, job, ticket)
        return tickets

    def ended(self, timeout: float) -> list[Ended]:
        """Wait for the first job to end, or for news of how far one is."""
        found: list[Ended] = []
        try:
            event = self._events.get(timeout=timeout)
            while True:
                self._take(event, found)
                event = self._events.get_nowait()
        except Empty:
            return found
        except BaseException:
            self.cancel(list(self._known))
            self._pool.shutdown(cancel_futures=True)
            raise

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """End the processes of these jobs."""
        self._cancelled.update(tickets)

    def adopt(self, ticket: Ticket) -> bool:
        """Whether it is one of its own: children of this machine end with the harness that started them."""
        return ticket in self._known

    def close(self) -> None:
        """Wait for the threads, whose jobs have ended or were cancelled."""
        self._pool.shutdown()

    def _take(self, event: Ended | _Told | BaseException, found: list[Ended]) -> None:
        if isinstance(event, BaseException):
            raise event
        if isinstance(event, Ended):
            self._known.discard(event.ticket)
            found.append(event)
        else:
            self._workplace.told(event.ticket, event.call, event.images, event.share)

    def _carry_out(self, job: Job, ticket: Ticket) -> None:
        try:
            with self._device() as device:
                outcomes = tuple(self._outcome(placed(call, device), ticket) for call in job.calls)
            self._events.put(Ended(ticket, outcomes))
        except BaseException as error:  # noqa: BLE001  # told to whoever waits
            self._events.put(error)

    @contextmanager
    def _device(self) -> Iterator[str]:
        """A device that no other slot has; "" where calls name theirs."""
        device = self._devices.get() if self._workplace.devices else ""
        try:
            yield device
        finally:
            if device:
                self._devices.put(device)

    def _outcome(self, call: Call, ticket: Ticket) -> Outcome:
        told: Callable[[int, float], None] = partial(self._tell, ticket, call)
        return self._workplace.carry_out(call, told, lambda: ticket in self._cancelled)

    def _tell(self, ticket: Ticket, call: Call, images: int, share: float) -> None:
        self._events.put(_Told(ticket, call, images, share))
