"""What Ray runs on a node: a task that has its host carry out a job, and an actor that passes on how far it is."""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError
from genbench.execution.host import HostEnded, carried
from genbench.execution.job_file import progress_file
from genbench.execution.shipment import Delivery, Shipment, collected, unpacked
from genbench.files.atomic import cache_path, remove

HOMES = "nodes"  # in the cache of a machine: a folder for each run whose files were sent to it
TELLING = 0.5  # seconds between two looks at how far a job is


@dataclass(frozen=True)
class Answer:
    """What a task says: its node, and why there are no outcomes; "": they are there."""

    node: str
    words: str = ""
    lost: bool = False
    """Whether the host ended before it had told how the job went."""
    unseen: bool = False
    """Whether this node does not see the driver's files, and has to be sent them."""
    delivery: Delivery | None = None
    """What came of the job, from a node that was sent its files; None: it lies where the driver looks."""


class News:
    """Passes on the lines of progress of jobs whose files their driver does not see."""

    def __init__(self) -> None:
        self._lines: dict[str, bytes] = {}

    def tell(self, job: str, lines: bytes) -> None:
        """Further lines of a job."""
        self._lines[job] = self._lines.get(job, b"") + lines

    def taken(self) -> dict[str, bytes]:
        """By job, all that was told since the last call."""
        found, self._lines = self._lines, {}
        return found


def placed(sent: Shipment, refs: dict[str, Any] | None = None, news: Any = None) -> Answer:
    """The task of a job, on the node that Ray chose: it has the node's host carry the job out.

    Args:
        sent: the job.
        refs: SHA-256 → what Ray keeps the bytes of a file as; None: the driver counts on shared folders.
        news: the actor that hears of progress.
    """
    import ray

    context = ray.get_runtime_context()
    node, gpus = context.get_node_id(), context.get_accelerator_ids().get("GPU", [])
    device = device_of(gpus, os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    seen = sent.seen
    if not seen and refs is None:
        return Answer(node, unseen=True)
    try:
        if seen:
            return Answer(node, carried(Path(sent.job), Path(sent.terms[0]), node, device))
        home = home_of(sent.job, node)
        job, terms = unpacked(sent, home, lambda digest: bytes(ray.get((refs or {})[digest])))
        with _passed_on(progress_file(job), sent.job, news):
            words = carried(job, terms, node, device)
        return Answer(node, words, delivery=None if words else collected(sent, home))
    except HostEnded as ended:
        return Answer(node, str(ended), lost=True)
    except (GenbenchError, OSError) as error:
        return Answer(node, " ".join(str(error).split()))


def home_of(job: str, node: str) -> Path:
    """The folder of a node for the run of a job."""
    return cache_path(HOMES) / sha256(f"{Path(job).parent}\0{node}".encode(errors="surrogateescape")).hexdigest()[:16]


def cleared(job: str, node: str) -> None:
    """Remove a node's folder for the run of a job; the host there ends, since its terms are gone."""
    remove(home_of(job, node))


def device_of(gpus: Sequence[str], visible: str) -> str:
    """The device of the GPU that Ray gave, as whoever sees all of its node's GPUs counts; "" where it gave none.

    Args:
        gpus: what Ray calls them: numbers, or names in `visible`.
        visible: the node's CUDA_VISIBLE_DEVICES; "": all.
    """
    names = visible.split(",")
    return next((f"cuda:{names.index(gpu) if gpu in names else gpu}" for gpu in gpus), "")


@contextlib.contextmanager
def _passed_on(file: Path, job: str, news: Any) -> Iterator[None]:
    """Meanwhile, tell an actor the lines that are appended to a file."""
    over = threading.Event()

    def tell() -> None:
        heard, last = 0, False
        while not last:
            last = over.wait(TELLING)
            with contextlib.suppress(FileNotFoundError), file.open("rb") as lines:
                lines.seek(heard)
                if told := lines.read():
                    heard += len(told)
                    news.tell.remote(job, told)

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    try:
        yield
    finally:
        over.set()
        telling.join(2 * TELLING)
