"""The neural spline flow of the library zuko, on pixels with noise between their levels, whitened in each class."""

from typing import Annotated, ClassVar

import torch
import zuko
from genbench_logit import Logit
from genbench_networks import ClassGaussians, drawn
from genbench_training import ascend, cosine
from torch import Tensor, nn

import genbench


class ZukoSplineFlow(genbench.Model, genbench.Density, genbench.Conditional):
    """z = f(W_y (logit(x + u) - μ_y), y), z ~ N(0, I), u uniform; f couples halves by rational-quadratic splines.

    Maximised is log p(x + u|y); `log_prob` averages it over y and `draws` of u: a bound. f knows no neighbours. NFE 1.
    """

    name, family, likelihood = "zuko-spline-flow", genbench.Family.FLOW, genbench.Likelihood.LOWER_BOUND
    source = "Durkan et al. 2019, https://arxiv.org/abs/1906.04032; zuko, https://github.com/probabilists/zuko"
    samplers: ClassVar = {"default": {}, "tempered": {"temperature": 0.9}}
    audit_settings: ClassVar = {"width": 32, "draws": 64}

    def __init__(self, space: genbench.Space, *, width: Annotated[int, genbench.Range(8, 1024)] = 128, draws: int = 8):
        if space.levels is None or space.dim < 2:
            raise genbench.Unsuitable(f"needs two or more entries of integer levels, got {space}")
        super().__init__()
        self.space, self.draws, self.classes = space, draws, space.classes or 1
        self.logit, self.law = Logit(space.levels, alpha=0.05), ClassGaussians(self.classes, space.dim)
        splines = {"univariate": zuko.transforms.MonotonicRQSTransform, "shapes": [(8,), (8,), (7,)], "randmask": True}
        layers = {"hidden_features": (width, width), "activation": lambda: nn.Sequential(nn.ReLU(), nn.Dropout(0.4))}
        self.f = zuko.flows.coupling.NICE(space.dim, self.classes, transforms=6, **splines, **layers)

    def fit(self, data: genbench.TrainingData) -> None:
        x, label = drawn(data.train, 10_000)
        self.law.fit(self.logit(x + torch.rand(x.shape))[0].flatten(1), label)
        ascend(self, data, ZukoSplineFlow._noisy, lr=1e-3, batch=128, epochs=120, schedule=cosine(0.02), decay=1e-2)

    def _noisy(self, x: Tensor, label: Tensor) -> Tensor:
        y, slope = self.logit(x + torch.rand_like(x, dtype=torch.float32))
        e, scale = self.law(y.flatten(1), label)
        return slope + scale + self.f(nn.functional.one_hot(label, self.classes).float()).log_prob(e)

    def log_prob(self, x: Tensor) -> Tensor:
        every = torch.arange(self.classes, device=x.device).repeat(self.draws)
        joint = [self._noisy(x, y.expand(len(x))) + (self.law.share[y] / self.draws).log() for y in every]
        return torch.stack(joint).logsumexp(0)

    def sample(self, n: int, *, labels: Tensor | None = None, temperature: float = 1.0) -> Tensor:
        z, label = self.law.drawn(n, labels)
        e = self.f(nn.functional.one_hot(label, self.classes).float()).transform.inv(temperature * z)
        return self.logit.integers(self.law.inverse(e, label).view(n, *self.space.shape))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [ZukoSplineFlow]
