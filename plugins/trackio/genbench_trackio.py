"""Each trial as a run of trackio on this machine: its settings, its curve by images seen, its scores.

Nothing is written, and trackio is not imported, unless GENBENCH_TRACKIO names a project; TRACKIO_DIR says where it
lies. trackio has no telemetry. What would send runs elsewhere (TRACKIO_SPACE_ID, TRACKIO_SERVER_URL) is refused, and
its meters of the machine are off, since their threads would run beside timed samplers. A run of trackio that this
process has open is finished by trackio itself.
"""

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from types import ModuleType

import genbench
from genbench.records.record import Record

PROJECT = "GENBENCH_TRACKIO"
ELSEWHERE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL")
RECORD = "genbench_record"  # in a run's configuration: the sha256 of the record


@genbench.hookimpl
def genbench_run_started(run: genbench.RunStarted) -> None:
    """Say at once what is missing, where anything is asked for."""
    if os.environ.get(PROJECT):
        _trackio()


@genbench.hookimpl
def genbench_trial_done(record: Record) -> None:
    """Write a trial, unless it is there."""
    if os.environ.get(PROJECT):
        trackio = _trackio()
        with redirect_stdout(io.StringIO()):  # it greets on stdout, where what was asked for stands
            _write(trackio, os.environ[PROJECT], record)


def _trackio() -> ModuleType:
    for name in ELSEWHERE:
        if os.environ.get(name):
            raise genbench.GenbenchError(
                f"{PROJECT} writes to this machine alone, and {name} is set: unset one of them"
            )
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # of a library that trackio imports
    try:
        import trackio
    except ImportError as error:
        raise genbench.GenbenchError(
            f"{PROJECT} is set, and trackio is not installed ({error}): pip install trackio, or unset {PROJECT}"
        ) from error
    return trackio


def _write(trackio: ModuleType, project: str, record: Record) -> None:
    if record.sha256 in _known(trackio, project):
        return
    trackio.init(
        project,
        name=f"{record.model.reference} seed {record.seed}",
        group=record.suite.name,
        config=_config(record),
        embed=False,
        auto_log_gpu=False,
        auto_log_cpu=False,
    )
    try:
        for step, numbers in _numbers(record):
            trackio.log(numbers, step=step)
    finally:
        trackio.finish()


def _known(trackio: ModuleType, project: str) -> set[object]:
    """The records that are there."""
    try:
        runs = list(trackio.Api().runs(project))
    except ValueError:  # no such project yet
        return set()
    return {(run.config or {}).get(RECORD) for run in runs}


def _numbers(record: Record) -> Iterator[tuple[int, dict[str, float]]]:
    """By how many training images were seen: the points of the curve, then the scores."""
    for point in record.curve:
        yield int(point.get("images", 0)), {f"curve/{name}": own for name, own in point.items() if name != "images"}
    scores = {
        f"{candidate.task}/{candidate.sampler or 'default'}/{name}": score.value
        for candidate in record.candidates
        for name, score in candidate.scores.items()
    }
    if scores:
        yield record.model.images or 0, scores


def _config(record: Record) -> dict[str, object]:
    model, machine = record.model, record.machine
    failed = {own.name: f"{own.status.value}: {own.reason or ''}" for own in record.candidates if own.status.failed}
    return {
        RECORD: record.sha256,
        "model": model.name,
        "seed": record.seed,
        "settings": dict(model.settings),
        "suite": record.suite.name,
        "protocol": record.protocol,
        "dataset": record.dataset.name,
        "images": record.suite.images,
        "code": model.code,
        "control": model.control.value if model.control else "",
        "genbench": machine.genbench,
        "hardware": machine.speed_class,
        "finished": record.finished,
        "failed": failed,
    }
