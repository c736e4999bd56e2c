"""Poses a task's exam: lays down its questions, and apart from them the key that stays with the harness."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from genbench.catalogue import parts
from genbench.contracts.task import Arrays, Task
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers
from genbench.protocol.stages.pose import KEY, QUESTIONS, WARM_UP, PoseFacts, PoseInputs
from genbench.seeds import secret_seed
from genbench.store import datasets
from genbench.store.tensors import write_tensors


def pose(folder: Path, inputs: PoseInputs, markers: Markers) -> PoseFacts:
    """Lay down an exam, and questions of the same kind of rows of valid: a model warms up on what it is not asked.

    Raises:
        Unsuitable: these data cannot be asked about. GenbenchError: the task posed another number of questions.
    """
    splits = datasets.read_whole(inputs.data.path)
    task: Task = parts.tasks([inputs.task.plugin]).named(inputs.task.name)(**inputs.task.settings)
    with markers.timed("pose") as timed:
        exam, before = (
            task.pose(own, inputs.count, np.random.default_rng(secret_seed(timed.secret, name)))
            for own, name in ((splits, "pose"), (replace(splits, test=splits.valid, held=splits.valid), "warm-up"))
        )
    for posed in (exam, before):
        for name, rows in posed.questions.items():
            if len(rows) != inputs.count:
                raise GenbenchError(f"task {inputs.task.name} posed {len(rows)} {name}, expected {inputs.count}")
    for path, arrays in ((QUESTIONS, exam.questions), (WARM_UP, before.questions), (KEY, exam.key)):
        _write(folder / path, arrays)
    return PoseFacts(tuple(sorted(exam.questions)), tuple(sorted(exam.key)))


def _write(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(exist_ok=True)
    write_tensors(path, {name: torch.from_numpy(np.ascontiguousarray(rows)) for name, rows in arrays.items()})
