"""Models that keep what they learnt in different places: some survive being saved and loaded, some do not."""

import torch
from torch import Tensor

import genbench


class Reloads(genbench.Model):
    """Draws rows of a table that `fit` fills."""

    name = "none-buffer"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("rows", None)

    def fit(self, data: genbench.TrainingData) -> None:
        self.rows = data.train.x[:100]

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.rows[torch.randint(len(self.rows), (n,))]


class GrownBuffer(Reloads):
    """Its buffer has one row in a fresh model and as many as the data after `fit`."""

    name = "grown-buffer"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self.rows = torch.zeros(1, *space.shape, dtype=torch.int64)


class Tied(Reloads):
    """Two modules share one weight, which safetensors refuses unless it is cloned."""

    name = "tied"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self.encoder, self.decoder = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)
        self.decoder.weight = self.encoder.weight

    def fit(self, data: genbench.TrainingData) -> None:
        super().fit(data)
        torch.nn.init.constant_(self.encoder.weight, 2.0)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if (
            not torch.equal(self.encoder.weight, torch.full((4, 4), 2.0))
            or self.decoder.weight is not self.encoder.weight
        ):
            raise RuntimeError("the tie did not survive")
        return super().sample(n)


class PlainDict(Reloads):
    """Keeps an average of its weights in a plain dict, which no state_dict holds."""

    name = "plain-dict"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self.average = {"level": 0}

    def fit(self, data: genbench.TrainingData) -> None:
        super().fit(data)
        self.average["level"] = 3

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return (super().sample(n) + self.average["level"]) % self.space.levels


class DrawnPermutation(Reloads):
    """Shuffles pixels by a permutation that its constructor draws and no buffer keeps."""

    name = "drawn-permutation"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self.order = torch.randperm(space.dim)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return super().sample(n).flatten(1)[:, self.order].view(n, *self.space.shape)


class LostDensity(Reloads, genbench.Density):
    """Samples as fitted; its log-probability needs an attribute that is lost."""

    name = "lost-density"
    likelihood = genbench.Likelihood.EXACT
    level = 17.0

    def fit(self, data: genbench.TrainingData) -> None:
        super().fit(data)
        self.level = 20.0

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.full((len(x),), -self.level)


class ExtraState(Reloads):
    """Saves something that is no tensor."""

    name = "extra-state"

    def get_extra_state(self) -> dict[str, int]:
        return {"steps": 3}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Nothing comes back."""


class LateParameter(Reloads):
    """Makes a parameter in `fit` that a fresh model has no place for."""

    name = "late-parameter"

    def fit(self, data: genbench.TrainingData) -> None:
        super().fit(data)
        self.late = torch.nn.Parameter(torch.zeros(3))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Reloads, GrownBuffer, Tied, PlainDict, DrawnPermutation, LostDensity, ExtraState, LateParameter]
