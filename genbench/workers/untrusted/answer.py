"""Puts a task's questions to a fitted model on the parent's clock; leaves its answers and scores nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.catalogue import parts
from genbench.contracts.model import Learner
from genbench.contracts.task import Arrays, Solver, Task
from genbench.errors import InvalidEvidence
from genbench.execution.channel import Markers
from genbench.protocol.stages.answer import ANSWERS, RUN, AnswerFacts, AnswerInputs
from genbench.records.space import Space
from genbench.store import datasets
from genbench.store.tensors import read_named, write_tensors
from genbench.workers.untrusted.accounting import accounted, null_calls, peak_memory, reset_memory
from genbench.workers.untrusted.instance import reloaded, seed_all, seed_secretly


def answer(folder: Path, inputs: AnswerInputs, markers: Markers) -> AnswerFacts:
    """Ask the reloaded model, lifted by the solver where there is one, in the suite's batches.

    Raises:
        InvalidEvidence: an answer is not what the task asks for. Unsuitable: it cannot be asked here.
    """
    subject = inputs.fitted.subject
    space, device = datasets.read_space(inputs.data.path), torch.device(subject.device)
    task: Task = parts.tasks([inputs.task.plugin]).named(inputs.task.name)(**inputs.task.settings)
    with markers.timed("load"):
        model = reloaded(inputs.fitted, space, device, ANSWERS)
        able = _able(model, inputs, space)
        questions = read_named(inputs.questions.path)
    asker = _Asker(task, able, questions, space, device)
    with markers.timed("warm-up"):
        seed_all("answer", "accounting", *subject.names)
        nfe, flops = accounted(model, lambda: asker(0, min(2, inputs.count)))
        seed_all("answer", "warm-up", *subject.names)
        asker(0, min(inputs.batch, inputs.count))
    null_calls(markers)
    reset_memory(device)
    answers: list[NDArray[Any]] = []
    with markers.timed(RUN) as timed:
        for start in range(0, inputs.count, inputs.batch):
            end = min(start + inputs.batch, inputs.count)
            seed_secretly(timed.secret, "batch", start // inputs.batch)
            answers.append(asker.checked(start, end))
            timed.lap()
            markers.progress(end, end / inputs.count)
    write_tensors(folder / ANSWERS, {"answers": torch.from_numpy(np.concatenate(answers))})
    return AnswerFacts(nfe, flops, peak_memory(device))


def _able(model: Learner, inputs: AnswerInputs, space: Space) -> object:
    if inputs.solver is None:
        return model
    solver: Solver = parts.solvers([inputs.solver.plugin]).named(inputs.solver.name)(**inputs.solver.settings)
    return solver.lift(model, space)


class _Asker:
    """Puts questions, from one row to another, to whoever is able to answer."""

    def __init__(self, task: Task, able: object, questions: Arrays, space: Space, device: torch.device) -> None:
        self._task, self._able, self._questions, self._space, self._device = task, able, questions, space, device

    def __call__(self, start: int, end: int) -> Tensor:
        asked = {name: torch.from_numpy(rows[start:end]).to(self._device) for name, rows in self._questions.items()}
        with torch.no_grad():
            return self._task.ask(self._able, asked, self._space)

    def checked(self, start: int, end: int) -> NDArray[Any]:
        """The answers on the host, in the form that they are kept in."""
        found = self(start, end)
        if type(found) is not Tensor or found.layout != torch.strided:  # a subclass may put its work off
            what = found.layout if type(found) is Tensor else type(found).__name__
            raise InvalidEvidence(f"the answers are {what}, expected a plain dense tensor")
        rows = {name: array[start:end] for name, array in self._questions.items()}
        return self._task.checked(found.detach().cpu().numpy(), rows, self._space)
