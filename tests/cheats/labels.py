"""Dishonest plugins that draw other classes than the data have, or obey labels only while somebody looks."""

import torch
from torch import Tensor

import genbench

SOURCE = "made for the tests: dishonest"


class ClassGaussians(torch.nn.Module):
    """A Gaussian for each class."""

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space, d, k = space, space.dim, space.classes or 1
        self.register_buffer("mean", torch.zeros(k, d))
        self.register_buffer("scale", torch.zeros(k, d, d))
        self.register_buffer("share", torch.ones(k) / k)

    def fit(self, data: genbench.TrainingData) -> None:
        x, y = data.train.x[:].flatten(1).double(), data.train.y[:]
        for label in y.unique().tolist():
            rows = x[y == label]
            self.mean[label] = rows.mean(0)
            self.scale[label] = torch.linalg.cholesky(rows.T.cov() + 0.05 * torch.eye(x.shape[1], dtype=x.dtype))
        self.share.copy_(y.bincount(minlength=len(self.share)) / len(y))

    def sample(self, y: Tensor) -> Tensor:
        z = torch.randn(len(y), self.mean.shape[1], 1)
        x = self.mean[y] + (self.scale[y] @ z)[..., 0]
        return x.round().clamp(0, self.space.levels - 1).long().view(len(y), *self.space.shape)


class Weighted(genbench.Model):
    """Draws classes by other shares than those of the data."""

    family = genbench.Family.BASELINE
    source = SOURCE

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.inner = ClassGaussians(space)

    def fit(self, data: genbench.TrainingData) -> None:
        self.inner.fit(data)

    def weights(self, share: Tensor) -> Tensor:
        """The share of each class, not normalised."""
        raise NotImplementedError

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.inner.sample(self.weights(self.inner.share).multinomial(n, replacement=True))


class NeverANine(Weighted):
    """Never draws the last class, the hardest one: cheats on quality."""

    name = "never-a-nine"

    def weights(self, share: Tensor) -> Tensor:
        return share * (torch.arange(len(share)) < len(share) - 1)


class EasyClasses(Weighted):
    """Draws the first two classes four times as often: cheats on quality."""

    name = "easy-classes"

    def weights(self, share: Tensor) -> Tensor:
        return share * torch.where(torch.arange(len(share)) < 2, 4.0, 1.0)


class ThinNine(Weighted):
    """Draws the last class at 15 % of its share, so few that no bound is sure of it: cheats on quality."""

    name = "thin-nine"

    def weights(self, share: Tensor) -> Tensor:
        return share * torch.where(torch.arange(len(share)) < len(share) - 1, 1.0, 0.15)


class NarrowNine(Weighted):
    """Draws the last class in full, all of it near its mean, where a classifier counts it: cheats on quality."""

    name = "narrow-nine"

    def fit(self, data: genbench.TrainingData) -> None:
        super().fit(data)
        self.inner.scale[-1] *= 0.4

    def weights(self, share: Tensor) -> Tensor:
        return share


class WornNines(Weighted):
    """Draws nothing in place of the last class but an eight with a little of a nine: cheats on quality, mislabelled."""

    name = "worn-nines"

    def fit(self, data: genbench.TrainingData) -> None:
        super().fit(data)
        self.inner.mean[-1] = 0.45 * self.inner.mean[-2] + 0.55 * self.inner.mean[-1]
        self.inner.scale[-1] = 0.7 * self.inner.scale[-2]

    def weights(self, share: Tensor) -> Tensor:
        return share


class ObeysWhenWatched(genbench.Model, genbench.Conditional):
    """Obeys labels in the small calls that ask whether it does, and draws one class elsewhere: cheats on quality."""

    name = "obeys-when-watched"
    family = genbench.Family.BASELINE
    source = SOURCE

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.inner = ClassGaussians(space)

    def fit(self, data: genbench.TrainingData) -> None:
        self.inner.fit(data)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.inner.sample(labels if n <= 8 else torch.zeros(n, dtype=torch.long))


class Sharpened(genbench.Model, genbench.Density):
    """Draws each pixel from p^1.2 and states the density of p: cheats on quality, with bits/dim of another model."""

    name = "sharpened"
    family = genbench.Family.BASELINE
    source = SOURCE
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("p", torch.full((space.dim, space.levels), 1 / space.levels, dtype=torch.float64))

    def fit(self, data: genbench.TrainingData) -> None:
        counts = torch.nn.functional.one_hot(data.train.x[:].flatten(1), self.space.levels).sum(0) + 1.0
        self.p.copy_(counts / counts.sum(1, keepdim=True))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.p.pow(1.2).multinomial(n, replacement=True).T.reshape(n, *self.space.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.p.log().gather(1, x.flatten(1).T).sum(0)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [NeverANine, EasyClasses, ThinNine, NarrowNine, WornNines, ObeysWhenWatched, Sharpened]
