"""Puts a task's questions to a fitted model on the parent's clock; leaves its answers and scores nothing."""

from itertools import chain
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
from genbench.execution.pacing import AGAIN
from genbench.protocol.inputs import Kept
from genbench.protocol.stages.answer import ANSWERS, AnswerFacts, AnswerInputs
from genbench.protocol.stages.clocking import RUN, CountedFacts
from genbench.records.space import Space
from genbench.store import datasets
from genbench.store.commitment import committed
from genbench.store.tensors import read_named, write_tensors
from genbench.workers.untrusted.accounting import accounted, null_calls, peak_memory, reset_memory
from genbench.workers.untrusted.instance import begun, model_class, reloaded, seed_all, seed_secretly


def answer(folder: Path, inputs: AnswerInputs, markers: Markers) -> AnswerFacts:
    """Ask the reloaded model, lifted by the solver where there is one, in the suite's batches.

    Raises:
        InvalidEvidence: an answer is not what the task asks for. Unsuitable: it cannot be asked here.
    """
    asker = _ready(inputs, markers, inputs.warm_up)
    with markers.timed("warm-up"):
        seed_all("answer", "warm-up", *inputs.fitted.subject.names)
        asker(0, min(inputs.batch, inputs.count))
    asker.turn_to(read_named(inputs.questions.path))
    null_calls(markers)
    reset_memory(asker.device)
    answers: list[NDArray[Any]] = []
    with markers.timed(RUN) as timed:
        told = begun(timed)
        while told:
            start, end = inputs.rows(len(answers))
            answers.append(asker.secretly(start, end, told))
            told = timed.lap(committed(answers[-1], inputs.head))
            markers.progress(end, end / inputs.count)
    write_tensors(folder / ANSWERS, {"answers": torch.from_numpy(np.concatenate(answers))})
    return AnswerFacts(peak_memory(asker.device))


def again(folder: Path, inputs: AnswerInputs, markers: Markers) -> CountedFacts:
    """Ask a batch of questions again while calls are counted; and once more without, where that may have changed it.

    Raises:
        InvalidEvidence, Unsuitable: as `answer` does.
    """
    asker = _ready(inputs, markers, inputs.questions)
    with markers.timed(AGAIN) as timed:
        secret, place = timed.secret.split()
        start, end = inputs.rows(int(place))
        found: list[NDArray[Any]] = []
        counts = accounted(asker.model, lambda: found.append(asker.secretly(start, end, secret)), end - start)
        if secret := timed.lap(committed(found[0], inputs.head)):
            timed.lap(committed(asker.secretly(start, end, secret), inputs.head))
    return CountedFacts(*counts)


def _ready(inputs: AnswerInputs, markers: Markers, questions: Kept) -> "_Asker":
    """Who puts questions to the reloaded model, in this process for the first time."""
    subject = inputs.fitted.subject
    space, device = datasets.read_space(inputs.data.path), torch.device(subject.device)
    task: Task = parts.tasks([inputs.task.plugin]).named(inputs.task.name)(**inputs.task.settings)
    with markers.timed("load"):
        model_class(subject)
    with markers.timed("construct"):
        model = reloaded(inputs.fitted, space, device, ANSWERS)
        able = _able(model, inputs, space)
    return _Asker(task, model, able, read_named(questions.path), space)


def _able(model: Learner, inputs: AnswerInputs, space: Space) -> object:
    if inputs.solver is None:
        return model
    solver: Solver = parts.solvers([inputs.solver.plugin]).named(inputs.solver.name)(**inputs.solver.settings)
    return solver.lift(model, space)


class _Asker:
    """Puts questions, from one row to another, to whoever is able to answer."""

    def __init__(self, task: Task, model: Learner, able: object, questions: Arrays, space: Space) -> None:
        self._task, self._able, self._questions, self._space = task, able, questions, space
        self.model, self.device = model, next(chain(model.parameters(), model.buffers()), torch.empty(0)).device

    def turn_to(self, questions: Arrays) -> None:
        """Put these from now on."""
        self._questions = questions

    def __call__(self, start: int, end: int) -> Tensor:
        asked = {name: torch.from_numpy(rows[start:end]).to(self.device) for name, rows in self._questions.items()}
        with torch.no_grad():
            return self._task.ask(self._able, asked, self._space)

    def secretly(self, start: int, end: int, secret: str) -> NDArray[Any]:
        """The answers under a batch's own secret."""
        seed_secretly(secret, "answers")
        return self.checked(start, end)

    def checked(self, start: int, end: int) -> NDArray[Any]:
        """The answers on the host, in the form that they are kept in."""
        found = self(start, end)
        if type(found) is not Tensor or found.layout != torch.strided:  # a subclass may put its work off
            what = found.layout if type(found) is Tensor else type(found).__name__
            raise InvalidEvidence(f"the answers are {what}, expected a plain dense tensor")
        rows = {name: array[start:end] for name, array in self._questions.items()}
        return self._task.checked(found.detach().cpu().numpy(), rows, self._space)
