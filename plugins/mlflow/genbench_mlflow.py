"""Each trial as a run of MLflow: its settings as parameters, its curve by images seen, its scores, where it came from.

Nothing is written, and MLflow is not imported, unless GENBENCH_MLFLOW says where: a folder, or a URI that MLflow takes.
MLflow's telemetry is switched off, unless MLFLOW_DISABLE_TELEMETRY says otherwise.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import genbench
from genbench.records.record import Candidate, Record

if TYPE_CHECKING:
    from mlflow import MlflowClient

WHERE = "GENBENCH_MLFLOW"
DEFAULTS = {  # what the user's environment does not say; a server that is away holds up a run for seconds
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}
MOST = 100  # numbers, parameters or tags in a call of MLflow
LONGEST, LONGEST_NAME = 500, 200  # characters of a value, and of a name
RECORD = "genbench.record"  # the tag that says that all of a trial is there


@genbench.hookimpl
def genbench_run_started(run: genbench.RunStarted) -> None:
    """Say at once what is missing, where anything is asked for."""
    if os.environ.get(WHERE):
        _experiment(_client(), run.suite)


@genbench.hookimpl
def genbench_trial_done(record: Record) -> None:
    """Write a trial, unless it is there."""
    if os.environ.get(WHERE):
        client = _client()
        _write(client, _experiment(client, record.suite.name), record)


def _client() -> "MlflowClient":
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise genbench.GenbenchError(
            f"{WHERE} is set, and MLflow is not installed ({error}): pip install mlflow-skinny, or unset {WHERE}"
        ) from error
    return MlflowClient(tracking_uri=os.environ[WHERE])


def _experiment(client: "MlflowClient", suite: str) -> str:
    """The id of the experiment that is called like the suite."""
    found = client.get_experiment_by_name(suite)
    return str(client.create_experiment(suite) if found is None else found.experiment_id)


def _write(client: "MlflowClient", experiment: str, record: Record) -> None:
    from mlflow.entities import Metric, Param, RunTag

    if client.search_runs([experiment], f"tags.`{RECORD}` = '{record.sha256}'", max_results=1):
        return
    run = client.create_run(experiment, run_name=f"{record.model.reference} seed {record.seed}").info.run_id
    now = int(1000 * time.time())
    metrics = [Metric(_name(name), value, now, step) for name, value, step in _numbers(record)]
    for start in range(0, len(metrics), MOST):
        client.log_batch(run, metrics=metrics[start : start + MOST])
    params = [Param(_name(name), str(value)[:LONGEST]) for name, value in _settings(record).items()]
    for start in range(0, len(params), MOST):
        client.log_batch(run, params=params[start : start + MOST])
    tags = [RunTag(_name(name), value[:LONGEST]) for name, value in _facts(record).items()]
    for start in range(0, len(tags), MOST):
        client.log_batch(run, tags=tags[start : start + MOST])
    client.set_tag(run, RECORD, record.sha256)  # last: a run without it is not whole, and written anew
    client.set_terminated(run, "FAILED" if any(own.status.failed for own in record.candidates) else "FINISHED")


def _numbers(record: Record) -> Iterator[tuple[str, float, int]]:
    """Name, value and step, which is how many training images were seen: the curve, then the scores."""
    for point in record.curve:
        step = int(point.get("images", 0))
        yield from ((f"curve/{name}", value, step) for name, value in point.items() if name != "images")
    for candidate in record.candidates:
        for name, score in candidate.scores.items():
            yield f"{_place(candidate)}/{name}", score.value, record.model.images or 0


def _settings(record: Record) -> Mapping[str, object]:
    own = {"model": record.model.name, "seed": record.seed, "suite": record.suite.name, "images": record.suite.images}
    return own | {f"setting/{name}": value for name, value in record.model.settings.items()}


def _facts(record: Record) -> Mapping[str, str]:
    """What tells a run from others, and what failed in it."""
    model, machine = record.model, record.machine
    family, control = (kind.value if kind else "" for kind in (model.family, model.control))
    own = {"protocol": record.protocol, "dataset": record.dataset.name, "code": model.code, "family": family}
    own |= {"distribution": f"{model.distribution} {model.version}".strip(), "control": control}
    own |= {"genbench": machine.genbench, "hardware": machine.speed_class, "finished": record.finished}
    own |= {
        f"failed/{_place(candidate)}": f"{candidate.status.value}: {candidate.reason or ''}"
        for candidate in record.candidates
        if candidate.status.failed
    }
    return {f"genbench.{name}": value for name, value in own.items() if value}


def _place(candidate: Candidate) -> str:
    """The task, and how the model answered it."""
    return f"{candidate.task}/{candidate.sampler or 'default'}"


def _name(text: str) -> str:
    """A name that MLflow takes, also as a path: letters, digits, - _ . and slashes between parts that are no dots."""
    parts = [re.sub(r"[^\w.-]", "_", part, flags=re.ASCII) for part in text.split("/")]
    return "/".join(part if part.strip(".") else f"_{part}" for part in parts)[:LONGEST_NAME].rstrip("/.")
