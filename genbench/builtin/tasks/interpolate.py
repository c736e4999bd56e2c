"""interpolate: go from one sample to another, through samples."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from genbench.builtin.metrics.end_rmse import end_rmse, rmse
from genbench.contracts.answers import Interpolator
from genbench.contracts.dataset import Splits
from genbench.contracts.evidence import RowsOf
from genbench.contracts.settings import Range
from genbench.contracts.task import Arrays, Exam, Task
from genbench.errors import GenbenchError, Unsuitable
from genbench.files.picture import drawn
from genbench.records.record import Exhibit
from genbench.records.space import Space
from genbench.store.tensors import kept

STRIPS = 8  # paths on the board's picture
ENDS = 0.5  # RMSE of the ends, as a share of that between a and b, above which a path does not connect them


class Interpolate(Task):
    """Paths between pairs of real samples: even and short, through samples that could be real, fast.

    Of the samples that a path passes only the middle one is compared with real data: it is the farthest from both ends,
    and there is one for each question. The gate `ends` bars who shows other samples at the ends than the two that
    were asked for: their RMSE must be at most half of that between a and b. Whoever shows the data's mean there has
    1/√2 of it.

    Args:
        frames: samples in a path, both ends included: odd, so that one is in the middle.
    """

    name = "interpolate"
    version = "1"
    source = "Ho, Jain and Abbeel 2020, sec. 4 (interpolation), https://arxiv.org/abs/2006.11239"
    meaning = (
        "A candidate goes from one test sample to another in small steps. A short and even path through samples that "
        "could be real means that the model has found directions in which data differ. It does not mean that the path "
        "is the true one: there is none, and of what a path passes only the middle is held against real data. Mixing "
        "the entries of both ends is short as well, and nothing real: read fidelity beside realism."
    )
    needs = Interpolator
    axes = ("fidelity", "realism", "speed")
    gates = ("ends",)
    controls = ("blend", "jump")

    def __init__(self, *, frames: Annotated[int, Range(3, 65)] = 9) -> None:
        if frames < 3 or frames % 2 == 0:
            raise GenbenchError(f"interpolate takes an odd number of frames, 3 or more, got {frames}")
        self.frames = frames

    def pose(self, splits: Splits, count: int, rng: np.random.Generator) -> Exam:
        """Pairs a, b of test rows, [count, *shape] each in the storage dtype.

        Two rows of a pair differ, and no row comes a second time before all (but one, where they are odd) have come.

        Raises:
            Unsuitable: the test split has no two rows that differ.
        """
        x = splits.test.x
        _, first = np.unique(x.reshape(len(x), -1), axis=0, return_index=True)
        half = len(first) // 2
        if not half:
            raise Unsuitable("paths need two test rows that differ")
        rounds = [rng.permutation(np.sort(first))[: 2 * half] for _ in range(math.ceil(count / half))]
        pairs = np.concatenate(rounds).reshape(-1, 2)[:count]
        return Exam({"a": x[pairs[:, 0]], "b": x[pairs[:, 1]]})

    def ask(self, able: Interpolator, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """[n, frames, *shape], int64, or float32 where entries are real numbers."""
        a, b = (x.float() if space.levels is None else x.long() for x in (questions["a"], questions["b"]))
        return able.between(a, b, self.frames)

    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """One path of samples of the Space [n, frames, *shape] for each question."""
        return kept(answers, (len(questions["a"]), self.frames, *space.shape), space, "the answers hold")

    def samples(self, answers: NDArray[Any], key: Arrays) -> NDArray[Any]:
        """The middle of each path, [n, *shape]."""
        middle: NDArray[Any] = answers[:, self.frames // 2]
        return middle

    def barred(self, exam: Exam, answers: NDArray[Any], rows: RowsOf) -> Mapping[str, str]:
        """`ends`, where the paths begin and end elsewhere."""
        a, b = exam.questions["a"], exam.questions["b"]
        share = end_rmse(answers, a, b) / rmse(a, b)
        if share <= ENDS:
            return {}
        words = f"its paths do not connect the samples that were asked for: their ends are off by {share:.0%}"
        return {"ends": f"{words} of the RMSE between two of these, at most {ENDS:.0%} is ranked"}

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, Exhibit]:
        """`strips`: the first paths, uncurated, each between the two samples that it should connect, as rows."""
        ends = (questions["a"][:STRIPS, None], questions["b"][:STRIPS, None])
        rows = np.concatenate([ends[0], answers[:STRIPS], ends[1]], axis=1)  # [≤ 8, 1 + frames + 1, *shape]
        picture = drawn(rows.reshape(-1, *space.shape), self.frames + 2, space.levels)
        return {} if picture is None else {"strips": picture}
