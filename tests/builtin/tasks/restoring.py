"""Answers to restorations, and their scores; the rows that gates see."""

import numpy as np
import torch

from genbench.contracts.dataset import Splits
from genbench.contracts.evidence import Evidence, RowsOf


def rows_of(splits: Splits) -> RowsOf:
    return lambda split: getattr(splits, split).x


def unasked(split: str) -> np.ndarray:
    """The rows of a split, which none of these gates looks at."""
    raise AssertionError(split)


def answered_in(task, exam, model, space) -> np.ndarray:
    torch.manual_seed(0)
    y = {"y": torch.from_numpy(exam.questions["y"])}
    return task.checked(task.ask(model, y, space).numpy(), exam.questions, space)


def scores(metric, exam, answers, space) -> float:
    return metric().score(Evidence(space, answers[:, 0], answers=answers, key=exam.key)).value
