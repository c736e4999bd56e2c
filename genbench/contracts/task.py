"""Task: what a model is asked. An exam: the harness poses questions and keeps the key, the model answers, it marks."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from genbench.contracts.dataset import Splits
from genbench.contracts.evidence import Measure, RowsOf
from genbench.records.record import Exhibit
from genbench.records.space import Space

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Exam:
    """The questions of a task, and what only the harness knows of them.

    Args:
        questions: what a model is shown; arrays whose first axis is the question, at least one of them.
        key: what the scorer alone reads; arrays of any shape.
    Raises:
        ValueError: no question, or arrays that disagree about how many there are.
    """

    questions: Arrays
    key: Arrays = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {name: x.shape[:1] for name, x in self.questions.items()}
        if len(set(lengths.values())) != 1 or not all(length and length[0] for length in lengths.values()):
            raise ValueError(f"the arrays of an exam have one first axis, the question; got {lengths or 'no array'}")

    @property
    def count(self) -> int:
        """How many questions there are."""
        return len(next(iter(self.questions.values())))

    @property
    def sha256(self) -> str:
        """SHA-256 of the names, shapes, dtypes and bytes of all arrays: the exam's identity."""
        state = hashlib.sha256()
        for part in ("questions", "key"):
            arrays: Arrays = getattr(self, part)
            for name, x in sorted(arrays.items()):
                state.update(f"{part}\0{name}\0{x.shape}\0{x.dtype}\0".encode())
                state.update(np.ascontiguousarray(x).data)
        return state.hexdigest()


class Task(ABC):
    """A question that a suite can ask of models: `ask = "NAME[setting=value,…]"` in a table `[tasks.…]`.

    Its settings are the constructor's keyword-only arguments, as a model's are; there are no others.
    """

    name: ClassVar[str]  #: kebab-case: what `ask` takes
    version: ClassVar[str]  #: raised whenever a question, an answer or its marks would change
    source: ClassVar[str]  #: who asks this of models, with a URL
    meaning: ClassVar[str] = ""  #: a paragraph on its board's page: what an answer means, and what it does not
    needs: ClassVar[type]  #: the capability that answers
    axes: ClassVar[tuple[str, str, str]]  #: what a candidate has to be good at; the suite names the score of each
    stages: ClassVar[tuple[str, ...]] = ("fit", "answer", "score")  #: of a trial that is asked
    gates: ClassVar[tuple[str, ...]] = ()  #: what bars a candidate from ranks: "memorisation", and those of `barred`
    controls: ClassVar[tuple[str, ...]] = ()  #: names of the control models on its board

    @abstractmethod
    def pose(self, splits: Splits, count: int, rng: np.random.Generator) -> Exam:
        """The exam of `count` questions. Trusted; called once a suite, and once more with valid in place of test and
        held: a model warms up on those questions before the clock starts.

        Args:
            rng: all that may be drawn from.
        Raises:
            Unsuitable: these data cannot be asked about.
        """

    @abstractmethod
    def ask(self, able: Any, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """Put one batch of questions to a model, in its process, under `eval()`, `no_grad()` and a seed of the batch.

        Args:
            able: a `needs`: the model itself, or what a solver made of it.
            questions: rows of the exam's questions as they were posed, on the model's device.
        Returns:
            The answers as the model gave them, [n, …]; `checked` sees to them.
        """

    @abstractmethod
    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """The answers [n, …] in the dtype that they are kept in. Called on both sides of the trust boundary.

        It refuses and never clips: what it narrows loses nothing, and what it returned before it returns again.

        Args:
            answers: what the model gave to `questions`, or what was kept of it.
        Raises:
            InvalidEvidence: they are not what was asked for.
        """

    def samples(self, answers: NDArray[Any], key: Arrays) -> NDArray[Any] | None:
        """One sample of the data's Space for each question, [n, *shape], so that feature scores apply; None: none.

        Args:
            key: of the exam: where an answer holds several samples it says which, so that nobody knows beforehand.
        """
        return None

    def measure(self, space: Space) -> Measure | None:
        """What a question tells of a sample, for metrics that hold answers against it; None: nothing of the kind."""
        return None

    def barred(self, exam: Exam, answers: NDArray[Any], rows: RowsOf) -> Mapping[str, str]:
        """Gate, of `gates` → why a candidate that answered so is not ranked, in words; empty where nothing bars it.

        The gate `memorisation` is not among them: `samples` are all that it asks of a task.

        Args:
            rows: gives the rows of a split by its name, `held` among them, which no plugin has seen.
        """
        return {}

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, Exhibit]:
        """What a page shows of the answers: name → base64 PNG, or lines of text."""
        return {}


class Solver(ABC):
    """Gives a model one capability by means of another: `slerp` interpolates with any Latent.

    Its settings are the constructor's keyword-only arguments, as a model's are; there are no others.
    """

    name: ClassVar[str]
    version: ClassVar[str]  #: raised whenever an answer would change
    source: ClassVar[str]  #: paper, year and URL
    lifts: ClassVar[type]  #: the capability that it uses
    to: ClassVar[type]  #: the capability that it gives

    @abstractmethod
    def lift(self, model: Any, space: Space) -> Any:
        """An object that is a `to`, made of a model that is a `lifts`.

        What it does is asked as a model is: under `eval()`, `no_grad()` and a seed of torch's default generators.

        Raises:
            Unsuitable: not with this model, or in this Space.
        """
