"""Task: what a model is asked. An exam: the harness poses questions and keeps the key, the model answers, it marks."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from genbench.contracts.dataset import Splits
from genbench.records.space import Space

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Exam:
    """The questions of a task, and what only the harness knows of them.

    Args:
        questions: what a model is shown; arrays whose first axis is the question.
        key: what the scorer alone reads.
    """

    questions: Arrays
    key: Arrays = field(default_factory=dict)


class Task(ABC):
    """A question that a suite can ask of models: `ask = "NAME[setting=value,…]"` in a table `[tasks.…]`.

    Its settings are the constructor's keyword-only arguments, as a model's are.
    """

    name: ClassVar[str]
    version: ClassVar[str]  # raised whenever an answer or its marks would change
    source: ClassVar[str]
    needs: ClassVar[type]  # the capability that answers
    axes: ClassVar[tuple[str, str, str]]  # what a candidate has to be good at; the suite names the score of each
    stages: ClassVar[tuple[str, ...]] = ("fit", "answer", "score")  # of a trial that is asked
    gates: ClassVar[tuple[str, ...]] = ()  # what bars a candidate from ranks
    controls: ClassVar[tuple[str, ...]] = ()  # names of the control models on its board

    @abstractmethod
    def pose(self, splits: Splits, count: int, rng: np.random.Generator) -> Exam:
        """The exam of `count` questions. Trusted; called once a suite.

        Args:
            rng: all that may be drawn from.
        Raises:
            Unsuitable: these data cannot be asked about.
        """

    @abstractmethod
    def ask(self, able: Any, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """Put one batch of questions to a model, in its process; `able` is a `needs`.

        Returns:
            The answers, [n, …], as `checked` asks for.
        """

    @abstractmethod
    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """The answers [n, …] in the form that they are kept in. Called on both sides; refuses, never casts or clips.

        Raises:
            InvalidEvidence: they are not what was asked for.
        """

    def samples(self, answers: NDArray[Any]) -> NDArray[Any] | None:
        """One sample of the data's Space for each question, [n, *shape], so that feature scores apply; None: none."""
        return None

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, str]:
        """What a page shows of the answers: name → base64 PNG."""
        return {}


class Solver(ABC):
    """Gives a model one capability by means of another: `slerp` interpolates with any Latent.

    Its settings are the constructor's keyword-only arguments, as a model's are.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    source: ClassVar[str]
    lifts: ClassVar[type]  # the capability that it uses
    to: ClassVar[type]  # the capability that it gives

    @abstractmethod
    def lift(self, model: Any, space: Space) -> Any:
        """An object that is a `to`, made of a model that is a `lifts`.

        Raises:
            Unsuitable: not with this model, or in this Space.
        """
