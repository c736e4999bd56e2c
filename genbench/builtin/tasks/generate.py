"""generate: draw samples of the law that the data were drawn from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from genbench.builtin.notation.texts import texts
from genbench.contracts.dataset import Splits
from genbench.contracts.model import Model
from genbench.contracts.task import Arrays, Exam, Task
from genbench.files.picture import curves, grid
from genbench.records.record import Exhibit
from genbench.records.space import Space
from genbench.store.tensors import kept

LINES = 48  # samples that are shown as text


class Generate(Task):
    """Samples like those of the data: good ones, of every kind, fast. The learning trilemma has these three sides.

    The exam is a count: question i is no more than its number, `draw`. Labels are drawn when samples are.
    """

    name = "generate"
    version = "1"
    source = "Xiao, Kreis and Vahdat 2022, https://arxiv.org/abs/2112.07804"
    meaning = (
        "Each candidate draws as many samples as there are test rows, and the samples as a set are held against real "
        "data: whether they could be real (quality), whether all kinds of real data are among them (coverage), and "
        "how fast they come. No sample is right or wrong by itself, since nothing was asked for. Whether a model "
        "knows the law of the data is said by its likelihood alone, where it has one: samples can be fine of a model "
        "that knows a part of it, and poor of one that is near to all of it in nats."
    )
    needs = Model
    axes = ("quality", "coverage", "speed")
    stages = ("fit", "sample", "audit", "stream", "verify", "density", "score")
    gates = ("memorisation",)
    controls = (
        "real-held-out",
        "copycat",
        "copycat-noise",
        "partial-copycat",
        "valid-copycat",
        "test-copycat",
        "smote",
        "local-means",
        "mode-dropper",
        "independent-pixels",
        "noise",
        "mean-image",
    )

    def pose(self, splits: Splits, count: int, rng: np.random.Generator) -> Exam:
        """The numbers from 0, [count] int64; nothing is drawn."""
        return Exam({"draw": np.arange(count)})

    def ask(self, able: Model, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """A sample of the first sampler for each question, with the labels [n] that stand beside it, if any."""
        return able.sample(len(questions["draw"]), labels=questions.get("labels"), **next(iter(able.samplers.values())))

    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """One sample of the Space [n, *shape] for each question."""
        return kept(answers, (len(questions["draw"]), *space.shape), space, "the answers hold")

    def samples(self, answers: NDArray[Any], key: Arrays) -> NDArray[Any]:
        """The answers."""
        return answers

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, Exhibit]:
        """The first samples, uncurated: `grid`, `lines` of symbols, and `rolls` of tunes, `curves` of real series."""
        if space.symbols is not None and answers.ndim == 2:
            return texts(answers[:LINES], space)
        if space.levels is None and (drawn := curves(answers)):
            return {"curves": drawn}
        picture = grid(answers, space.levels)
        return {} if picture is None else {"grid": picture}
