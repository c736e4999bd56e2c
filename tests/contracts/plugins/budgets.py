"""Models that log what their settings and their training data are: the record's curve shows it."""

import torch
from torch import Tensor

import genbench


class Logs(genbench.Model):
    """Logs its settings at construction and the share of the budget after every batch."""

    name = "logs"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(
        self, space: genbench.Space, *, width: int = 8, scale: float = 1.0, fast: bool = False, kind: str = "round"
    ) -> None:
        super().__init__()
        self.space = space
        self.settings = {"width": width, "scale": scale, "fast": fast, "round": kind == "round"}
        self.unused = torch.nn.Parameter(torch.zeros(width))

    def fit(self, data: genbench.TrainingData) -> None:
        data.log(**self.settings)
        for x, y in data.batches(60):
            data.log(rows=len(x), labels=len(y), progress=data.progress, loss=float("nan"))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return torch.randint(self.space.levels, (n, *self.space.shape))


class Staged(Logs):
    """Trains in two stages, the first with two fifths of the budget."""

    name = "staged"

    def fit(self, data: genbench.TrainingData) -> None:
        for stage, share in ((1, 0.4), (2, 0.6)):
            for _ in data.batches(50, share=share):
                data.log(stage=stage)


class Starved(Logs):
    """Asks for more images at once than the budget holds."""

    name = "starved"

    def fit(self, data: genbench.TrainingData) -> None:
        list(data.batches(501))


class Leftover(Logs):
    """Spends everything in its first stage, so that nothing is left for its second."""

    name = "leftover"

    def fit(self, data: genbench.TrainingData) -> None:
        list(data.batches(50))
        list(data.batches(50))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Logs, Staged, Starved, Leftover]
