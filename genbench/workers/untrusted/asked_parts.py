"""Holds tasks and solvers against what their contracts say, with a stand-in for the model that they ask."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.catalogue import parts
from genbench.contracts.dataset import Splits
from genbench.contracts.task import Exam, Task
from genbench.errors import InvalidEvidence, Unsuitable
from genbench.execution.channel import Markers
from genbench.protocol.probing import PartInputs, Probed
from genbench.records.checks import CheckFinding, broken, inapplicable, ok
from genbench.records.space import Space
from genbench.store import datasets
from genbench.workers.source import defined
from genbench.workers.untrusted.abilities import kept
from genbench.workers.untrusted.promises import Asked
from genbench.workers.untrusted.standin import Standin

COUNT = 6  # questions
ROWS = 6  # that a lifted model is asked about
OWN_GATES = {"memorisation"}  # which the harness itself judges


def task(folder: Path, inputs: PartInputs, markers: Markers) -> Probed:
    """Pose an exam, have it answered, and see what the task makes of good answers and of others."""
    choice, home = inputs.choice, inputs.data.path
    own: Task = parts.tasks([choice.plugin]).named(choice.name)(**choice.settings)
    splits = datasets.read_whole(home)
    with markers.timed("run"), torch.no_grad():
        try:
            exam = own.pose(splits, COUNT, np.random.default_rng(0))
        except Unsuitable as error:
            return Probed((inapplicable("exam", "", f"refused: {error}"),))
        again = own.pose(splits, COUNT, np.random.default_rng(0))
        found = [_posed(own, exam, again), *_answered(own, exam, splits)]
    return Probed(tuple(found), exam.sha256)


def _posed(own: Task, exam: Exam, again: Exam) -> CheckFinding:
    where = defined(own.pose)
    if exam.count != COUNT:
        return broken("exam", "", f"{COUNT} questions", str(exam.count), where)
    if exam.sha256 != again.sha256:
        return broken("exam", "", "the same exam of the same generator", "another one: draw from rng alone", where)
    key = ", ".join(sorted(exam.key)) or "none"
    return ok("exam", "", f"{COUNT} questions ({', '.join(sorted(exam.questions))}; key: {key}), the same each time")


def _answered(own: Task, exam: Exam, splits: Splits) -> Iterator[CheckFinding]:
    space = splits.space
    if not isinstance(Standin(space), own.needs):
        yield inapplicable("answers", "", f"nobody stands in for a {own.needs.__name__}")
        return
    questions = {name: torch.from_numpy(np.ascontiguousarray(rows)) for name, rows in exam.questions.items()}
    given = own.ask(Standin(space), questions, space)
    if not isinstance(given, torch.Tensor) or given.shape[:1] != (COUNT,):
        form = tuple(given.shape) if isinstance(given, torch.Tensor) else type(given).__name__
        yield broken("answers", "", f"a tensor [{COUNT}, …] from ask", str(form), defined(own.ask))
        return
    answers, where = own.checked(given.numpy(), exam.questions, space), defined(own.checked)
    twice = own.checked(answers, exam.questions, space)
    if twice.dtype != answers.dtype or not np.array_equal(twice, answers):
        yield broken("answers", "", "checked to return again what it returned", "something else", where)
    elif letting := [words for words, bad in _spoilt(answers) if not _refused(own, bad, exam, space)]:
        yield broken("answers", "", "checked to refuse what was not asked for", f"no refusal of {letting[0]}", where)
    else:
        yield ok("answers", "", f"{answers.dtype} {answers.shape}; others are refused")
    yield from _shown(own, exam, answers, splits)


def _spoilt(answers: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    yield "one answer too few", answers[:-1]
    yield "answers with one more axis", answers[..., None]
    yield "texts", np.full(answers.shape, "x")
    if answers.dtype.kind == "f":
        yield "NaN", np.full_like(answers, np.nan)


def _refused(own: Task, answers: NDArray[Any], exam: Exam, space: Space) -> bool:
    try:
        own.checked(answers, exam.questions, space)
    except InvalidEvidence:
        return True
    return False


def _shown(own: Task, exam: Exam, answers: NDArray[Any], splits: Splits) -> Iterator[CheckFinding]:
    """What else it makes of answers."""
    space, samples = splits.space, own.samples(answers, exam.key)
    if samples is not None and samples.shape != (COUNT, *space.shape):
        expected = f"one sample an answer, {(COUNT, *space.shape)}, or None"
        yield broken("samples", "", expected, str(samples.shape), defined(own.samples))
    strange = set(own.barred(exam, answers, lambda split: getattr(splits, split).x)) - (set(own.gates) - OWN_GATES)
    if strange:
        yield broken("gates", "", f"gates of {own.gates}", ", ".join(sorted(strange)), defined(own.barred))
    pictures = own.exhibits(exam.questions, answers, space)
    yield ok("exhibits", "", ", ".join(pictures) or "none")


def solver(folder: Path, inputs: PartInputs, markers: Markers) -> Probed:
    """Lift a stand-in, and hold what comes out against the contract of the capability that it shall have."""
    choice, home = inputs.choice, inputs.data.path
    own = parts.solvers([choice.plugin]).named(choice.name)(**choice.settings)
    space = datasets.read_space(home)
    with markers.timed("run"), torch.no_grad():
        model = Standin(space)
        if not isinstance(model, own.lifts):
            return Probed((inapplicable("lift", "", f"nobody stands in for a {own.lifts.__name__}"),))
        try:
            lifted = own.lift(model, space)
        except Unsuitable as error:
            return Probed((inapplicable("lift", "", f"refused: {error}"),))
        if not isinstance(lifted, own.to):
            form = type(lifted).__name__
            return Probed((broken("lift", "", f"a genbench.{own.to.__name__}", form, defined(own.lift)),))
        x = torch.from_numpy(datasets.read(home, "valid").rows(np.arange(ROWS)).x).long()
        found = [ok("lift", "", f"{own.lifts.__name__} → {own.to.__name__}"), *kept(Asked(lifted, space, x))]
    return Probed(tuple(found))
