"""A model whose fit outlasts a driver that is killed meanwhile."""

import time

import torch
from torch import Tensor

import genbench

SECONDS = 8


class Patient(genbench.Model):
    """Does nothing, for a while."""

    name = "patient"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space

    def fit(self, data: genbench.TrainingData) -> None:
        for _ in data.batches(50):
            time.sleep(SECONDS / 10)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Patient]
