"""Preparation: the calls without which nothing can start. One that fails ends the command, with its reason."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from genbench.catalogue import Catalogue
from genbench.catalogue.parts import data_root_of
from genbench.catalogue.plugins import Plugin
from genbench.contracts.job import Call, Outcome
from genbench.contracts.node import Terms
from genbench.errors import GenbenchError, unknown
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.protocol.inputs import Kept, SplitFiles
from genbench.protocol.stages.judgement import key_of
from genbench.protocol.stages.pose import KEY, LIMIT as POSE_LIMIT, POSE, QUESTIONS, WARM_UP, PoseFacts, PoseInputs
from genbench.protocol.stages.services import (
    DATA,
    DATASETS,
    EXTRACTORS,
    FETCH,
    PROBE,
    DataInputs,
    Fetched,
    FetchInputs,
    LaidData,
    Probe,
    ProbeInputs,
)
from genbench.protocol.stages.stage import Posed
from genbench.protocol.task import Asked
from genbench.records.status import Status
from genbench.runs.interruption import Interrupted
from genbench.seeds import commitment, derived
from genbench.store import extractor_weights
from genbench.store.stage_folder import Damaged, Result, StageFolder

LIMIT = 3600.0  # wall seconds to load a dataset, to fetch it, or to look at the machine
T = TypeVar("T")


def prepared(stage: str, runs: str, inputs: object, facts: type[T], supervisor: Supervisor, threads: int = 1) -> T:
    """Facts of a call without which nothing can start.

    Args:
        threads: of its numeric libraries.
    Raises:
        GenbenchError: it failed, with its reason; its log is kept where it did not say one itself.
        Interrupted: it was stopped.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"genbench-{stage}-"))
    outcome = supervisor.run(Call(stage, runs, folder, codec.encoded(inputs), LIMIT, threads))
    if outcome.ok or outcome.status in (Status.ERROR, Status.INTERRUPTED):
        shutil.rmtree(folder, ignore_errors=True)
    _check(outcome, folder / "log.txt")
    return codec.decoded(facts, outcome.facts, stage)


def _check(outcome: Outcome, log: Path) -> None:
    if outcome.status is Status.INTERRUPTED:
        raise Interrupted("interrupted")
    if outcome.status in (Status.ERROR, Status.SKIPPED):
        raise GenbenchError(outcome.reason)
    if not outcome.ok:
        raise GenbenchError(f"{outcome.status.value}: {outcome.reason}; its log is {log}")


def probed(device: str, isolation: str, supervisor: Supervisor, environment: bool = False) -> Probe:
    """What this machine is, and the device that the run will use.

    Args:
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        isolation: "process" where the kernel shall not confine plugins, else "auto".
        environment: whether it says what is installed, too.
    Raises:
        GenbenchError: the device is not here.
    """
    probe = prepared("probe", PROBE, ProbeInputs(device, environment), Probe, supervisor)
    return probe.isolated("process") if isolation == "process" else probe


def terms_of(probe: Probe, isolation: str, threads: int) -> Terms:
    """What other machines have to be like: as this one, whose probe says what is installed.

    Args:
        isolation: as `probed` has it.
        threads: of each child process.
    """
    inputs = codec.encoded(ProbeInputs(probe.machine.device, environment=True))
    survey = Call("probe", PROBE, Path(), inputs, LIMIT, threads)
    return Terms(survey, probe.environment, isolation if isolation == "process" else "")


def data_inputs(
    dataset: str,
    extractor: str,
    parts: Iterable[Plugin],
    data_root: str = "",
    given: Iterable[str] = (),
    further: Iterable[str] = (),
) -> DataInputs:
    """The dataset to lay down, and the extractors whose weights have to be there.

    Args:
        dataset: NAME or NAME:ARGUMENT.
        extractor: the suite's own; "" where it has none.
        parts: the part plugins.
        data_root: what --data-root says, or "".
        given: what --extractor-weights says: NAME=FILE, or FILE where one extractor needs weights.
        further: names of the extractors that scores name besides; "" is passed over.
    Raises:
        GenbenchError: a folder or file that was named is not there.
    """
    own, others = ({extractor} - {""}, {*further} - {"", extractor})
    weights = extractor_weights.named(given)
    return DataInputs(dataset, tuple(parts), data_root_of(data_root), tuple(own), tuple(sorted(others)), weights)


def laid_down(inputs: DataInputs, supervisor: Supervisor) -> LaidData:
    """The data and the weights that a run needs.

    Raises:
        GenbenchError: they are not there; says how to get them.
    """
    return prepared("data", DATA, inputs, LaidData, supervisor)


def fetched(name: str, data_root: str, catalogue: Catalogue, supervisor: Supervisor) -> Fetched:
    """Download a dataset, or an extractor's weights, into the cache (a dataset: or into `data_root`).

    Raises:
        GenbenchError: no such name, or the download failed.
    """
    base, _, _ = name.partition(":")
    known = {DATASETS: set(catalogue.datasets), EXTRACTORS: set(catalogue.extractors)}
    kind = next((kind for kind, names in known.items() if base in names), None)
    if kind is None:
        raise unknown("dataset or extractor", base, [*catalogue.datasets, *catalogue.extractors])
    folder = _made(data_root) if data_root else ""
    whole = catalogue.placed(name, Path()) if kind == DATASETS else name  # the call works in another folder
    inputs = FetchInputs(whole, kind, tuple(catalogue.part_plugins), folder)
    return prepared("fetch", FETCH, inputs, Fetched, supervisor)


def _made(data_root: str) -> str:
    """The folder that gets a dataset's files, made where it is missing."""
    folder = Path(data_root).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GenbenchError(f"--data-root {data_root} cannot be made ({error.strerror}); name another place") from error
    return str(folder)


def exam_secret(secret: str, task: str) -> str:
    """What the questions of a task are drawn by.

    Args:
        secret: the run's.
        task: the suite's name for it.
    """
    return derived(secret, "exam", task)


def posed(asked: Asked, data: SplitFiles, root: Path, own: str, supervisor: Supervisor) -> Posed | None:
    """The exam of a task, laid down in the run's folder where it does not lie there already; None: it poses none.

    Args:
        own: what its questions are drawn by.
    Raises:
        GenbenchError: these data cannot be asked about.
        Interrupted: it was stopped.
    """
    if "answer" not in asked.listing.stages:
        return None
    inputs = PoseInputs(data, asked.choice, asked.terms.count, commitment(own))
    folder = StageFolder(root / "exams" / asked.name, PoseFacts)
    key, outputs = key_of("pose", inputs), (QUESTIONS, WARM_UP, KEY)
    found = _found(folder, key)
    if found is None:
        folder.empty(key)
        call = Call("pose", POSE, folder.path, codec.encoded(inputs), POSE_LIMIT, secrets={"pose": own})
        outcome = supervisor.run(call)
        _check(outcome, call.log)
        facts = codec.decoded(PoseFacts, outcome.facts, "pose")
        found = folder.keep(key, Result(Status.OK, None, facts, outcome.seconds), outputs)
    return Posed(*(Kept(str(folder.path / name), found.outputs[name]) for name in outputs))


def _found(folder: StageFolder[PoseFacts], key: str) -> Result[PoseFacts] | None:
    try:
        return folder.found(key)
    except Damaged:
        folder.quarantine()
        return None
