"""Bench: where one part is tried: what is on offer, data laid down, a folder of its own, and processes for its code."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from genbench.catalogue import Catalogue
from genbench.catalogue.listings import ModelListing
from genbench.contracts.dataset import SPLITS
from genbench.contracts.job import Call, Confinement, Outcome
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.files.atomic import cache_path
from genbench.protocol import suite_file as suites
from genbench.protocol.inputs import Kept, SplitFiles, Subject, reads_of
from genbench.protocol.stages.services import LaidData
from genbench.protocol.suite import Suite
from genbench.protocol.trial import Trial
from genbench.records.status import Status
from genbench.runs.interruption import Interrupted
from genbench.runs.preparation import data_inputs, laid_down

T = TypeVar("T")
U = TypeVar("U")
SUITE = Path(__file__).parent / "check.toml"
LIMIT = 60.0  # wall seconds of a probe, busy machine or not
LOADING = 600.0  # of one that reads a whole dataset
BESIDE = 2  # probes that run beside each other
LOG_TAIL = 20_000  # characters of a log that are searched for a traceback


@dataclass(frozen=True)
class Tried:
    """How one probe ended, and the end of its log."""

    outcome: Outcome
    log: str


@dataclass(frozen=True)
class Bench:
    """Where parts are tried.

    Args:
        supervisor: of the processes.
        catalogue: what is on offer.
        folder: of its own; nothing of it is kept.
        suite: of the small board.
        laid: its data.
        device: where tensors are: "cpu", "cuda:0".
    """

    supervisor: Supervisor
    catalogue: Catalogue
    folder: Path
    suite: Suite
    laid: LaidData
    device: str

    def rows(self, *splits: str) -> SplitFiles:
        """Splits of the data."""
        return SplitFiles(self.laid.path, self.laid.facts.sha256, splits or SPLITS)

    def subject(self, trial: Trial) -> Subject:
        """The trial's model, as its process is told."""
        listing, dataset = trial.listing, self.suite.dataset.partition(":")[0]
        assets = tuple(Kept(str(asset.path), asset.sha256) for asset in listing.assets)
        about = trial.model.plugin, listing.name, trial.reference, dict(trial.settings), trial.seed
        return Subject(*about, dataset, self.device, self.suite.threads, assets)

    def tried(
        self, name: str, runs: str, inputs: object, model: ModelListing | None = None, limit: float = LIMIT
    ) -> Tried:
        """Run a probe in a process of its own.

        Args:
            model: whose code it is, which is confined as in a run; None: a part's, which is trusted.
            limit: wall seconds.
        Raises:
            Interrupted: it was stopped.
        """
        folder = self.folder / "probes" / name
        folder.mkdir(parents=True)
        confinement = None if model is None else self._confinement(model, inputs)
        device = "cpu" if model is None else self.device
        told = name, runs, folder, codec.encoded(inputs), limit, self.suite.threads, self.suite.job_caps, confinement
        call = Call(*told, device=device)
        outcome = self.supervisor.run(call)
        if outcome.status is Status.INTERRUPTED:
            raise Interrupted("interrupted")
        log = call.log.read_text(errors="replace")[-LOG_TAIL:] if call.log.is_file() else ""
        return Tried(outcome, log)

    def _confinement(self, model: ModelListing, inputs: object) -> Confinement:
        hides = str(cache_path()), *self.laid.hides, *self.catalogue.hides
        return Confinement(reads_of(inputs), hides, "network" in model.needs, "files" in model.needs)


def set_up(supervisor: Supervisor, catalogue: Catalogue, folder: Path, device: str) -> Bench:
    """A bench in a folder, the small board's data laid down.

    Raises:
        GenbenchError: they cannot be.
    """
    suite = suites.read(SUITE).suite
    inputs = data_inputs(suite.dataset, suite.extractor, catalogue.part_plugins)
    return Bench(supervisor, catalogue, folder, suite, laid_down(inputs, supervisor), device)


def beside(work: Callable[[T], U], items: Iterable[T]) -> list[U]:
    """What `work` makes of each item, in order, several at a time."""
    with ThreadPoolExecutor(BESIDE) as pool:
        return list(pool.map(work, items))
