"""Answers to restorations, and their scores; the rows that gates see."""

import numpy as np
import torch

from genbench.builtin.controls.restorers import (
    NearestTrain,
    NeighbourBlend,
    NeighbourMean,
    ProjectedNoise,
    PseudoInverse,
    Truth,
)
from genbench.contracts.answers import Restorer
from genbench.contracts.dataset import Splits
from genbench.contracts.evidence import Evidence, RowsOf
from genbench.contracts.training import Split, TrainingData

LEARNT = (NearestTrain, NeighbourBlend, NeighbourMean, ProjectedNoise, PseudoInverse)  # controls that a plugin could be


def rows_of(splits: Splits) -> RowsOf:
    return lambda split: getattr(splits, split).x


def unasked(split: str) -> np.ndarray:
    """The rows of a split, which none of these gates looks at."""
    raise AssertionError(split)


def fitted_controls(splits: Splits) -> dict[str, Restorer]:
    """All controls of `restore`, by name: the truth knows the test split."""
    data = TrainingData(splits.space, Split(splits.train), Split(splits.valid), images=1000)
    found: dict[str, Restorer] = {"truth": Truth(splits.space)}
    found["truth"].rows = torch.from_numpy(splits.test.x)
    for cls in LEARNT:
        found[cls.name] = cls(splits.space)
        found[cls.name].fit(data)
    return found


def answered_in(task, exam, model, space) -> np.ndarray:
    torch.manual_seed(0)
    y = {"y": torch.from_numpy(exam.questions["y"])}
    return task.checked(task.ask(model, y, space).numpy(), exam.questions, space)


def scores(metric, exam, answers, space) -> float:
    return metric().score(Evidence(space, answers[:, 0], answers=answers, key=exam.key)).value
