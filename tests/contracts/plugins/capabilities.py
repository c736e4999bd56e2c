"""Models with capabilities: Conditional, Latent, Unsuitable, and several samplers of one fit."""

import torch
from torch import Tensor

import genbench


class Obedient(genbench.Model, genbench.Conditional):
    """Noise with its label written into the first pixel."""

    name = "obedient"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space

    def fit(self, data: genbench.TrainingData) -> None:
        """Nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = torch.randint(self.space.levels, (n, *self.space.shape))
        x[:, 0, 0, 0] = labels
        return x


class Deaf(Obedient):
    """Conditional by its type alone."""

    name = "deaf"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return torch.randint(self.space.levels, (n, *self.space.shape))


class Mapped(genbench.Model, genbench.Latent):
    """x = z, with a latent as large as the sample."""

    name = "mapped"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space

    @property
    def latent_dim(self) -> int:
        return self.space.dim

    def fit(self, data: genbench.TrainingData) -> None:
        """Nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.render(torch.rand(n, self.latent_dim) * self.space.levels).long()

    def encode(self, x: Tensor) -> Tensor:
        return x.flatten(1).float()

    def render(self, z: Tensor) -> Tensor:
        return z.view(-1, *self.space.shape)


class Odd(Mapped):
    """Cannot serve even images."""

    name = "odd"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        if space.shape[-1] % 2 == 0:
            raise genbench.Unsuitable("needs an odd height and width")


class Bounded(Mapped, genbench.Density):
    """Two samplers, the second of which has the density; exact or a bound by a setting."""

    name = "bounded"
    samplers = {"dark": {"levels": 2}, "full": {}}  # noqa: RUF012  # the contract's own form
    described_sampler = "full"

    def __init__(self, space: genbench.Space, *, exact: bool = True) -> None:
        super().__init__(space)
        self.exact = exact

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.EXACT if self.exact else genbench.Likelihood.LOWER_BOUND

    def sample(self, n: int, *, labels: Tensor | None = None, levels: int | None = None) -> Tensor:
        return torch.randint(levels or self.space.levels, (n, *self.space.shape))

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.full((len(x),), -self.space.dim * torch.tensor(self.space.levels).log().item())


class HalfBroken(Mapped):
    """One of its samplers raises."""

    name = "half-broken"
    samplers = {"works": {"broken": False}, "breaks": {"broken": True}}  # noqa: RUF012  # the contract's own form

    def sample(self, n: int, *, labels: Tensor | None = None, broken: bool = False) -> Tensor:
        if broken:
            raise RuntimeError("this sampler is broken")
        return super().sample(n)


class BrokenFirst(HalfBroken):
    """The sampler that raises comes first."""

    name = "broken-first"
    samplers = dict(reversed(HalfBroken.samplers.items()))  # noqa: RUF012  # the contract's own form


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Obedient, Deaf, Mapped, Odd, Bounded, HalfBroken, BrokenFirst]
