"""The neural spline flow of the library zuko, on pixels with noise between their levels, whitened in each class."""

import math
from functools import partial
from typing import Annotated, ClassVar

import torch
from genbench_logit import Logit
from genbench_networks import ClassGaussians, labels_of, spared
from torch import Tensor, nn
from zuko.flows.coupling import NICE
from zuko.transforms import MonotonicRQSTransform

import genbench
from genbench import Range


class ZukoSplineFlow(genbench.Model, genbench.Density, genbench.Conditional):
    """z = f(W_y (logit(x + u) - μ_y), y), z ~ N(0, I), u uniform; f couples halves by rational-quadratic splines.

    It is the RQ-NSF (C) of the paper, by `zuko.flows.coupling.NICE` with `zuko.transforms.MonotonicRQSTransform`:
    each transform's halves are drawn at random. `zuko.flows.NSF` has masks as large as the entries times the outputs,
    which images of 3×32×32 are too large for.

    W_y, fitted in closed form, whitens the class y: the splines act on [-5, 5]. `log_prob` averages p(x + u) over
    classes and draws of u, in expectation a lower bound. A sample is one pass through f.
    f knows no neighbours: with few images it comes little beyond the Gaussians that it starts from. Its bound on new
    images is the highest after a few passes, while the samples become better until the end: the end is kept.

    Args:
        space: two or more entries of integer levels.
        transforms, bins: couplings of the flow, bins of each spline.
        width, dropout: of the two hidden layers that tell the splines of a coupling.
        draws: of u for each x that `log_prob` is asked about.
        lr: AdamW's learning rate at the start; it falls to 0 along a cosine.
        batch: images a step.
        epochs: passes over the training set at most, within the budget.
    """

    name = "zuko-spline-flow"
    family = genbench.Family.FLOW
    source = "Durkan et al. 2019, https://arxiv.org/abs/1906.04032; zuko, https://github.com/probabilists/zuko"
    samplers: ClassVar = {"default": {}, "tempered": {"temperature": 0.9}}
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"width": 32, "draws": 64}

    def __init__(
        self,
        space: genbench.Space,
        *,
        transforms: Annotated[int, Range(1, 32)] = 6,
        bins: Annotated[int, Range(2, 64, log=True)] = 8,
        width: Annotated[int, Range(8, 1024, log=True)] = 128,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.4,
        draws: Annotated[int, Range(1, 4096, log=True)] = 8,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 1e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 128,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 120,
    ) -> None:
        if space.levels is None or space.dim < 2:
            raise genbench.Unsuitable(f"needs two or more entries of integer levels, got {space}")
        super().__init__()
        self.space, self.draws, self.lr, self.batch, self.epochs = space, draws, lr, batch, epochs
        self.classes = space.classes or 1
        self.logit, self.law = Logit(space.levels, alpha=0.05), ClassGaussians(self.classes, space.dim)
        splines = {"univariate": MonotonicRQSTransform, "shapes": [(bins,), (bins,), (bins - 1,)]}
        layers = {"hidden_features": (width, width), "activation": partial(rectifier, dropout)}
        self.f = NICE(space.dim, self.classes, transforms, randmask=True, **splines, **layers)

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        spared(self, most / len(data.train))
        rows = torch.randint(len(data.train), (max(5_000, min(len(data.train), 20_000)),))
        noisy = self.logit(dequantised(data.train.x[rows]))[0].flatten(1)
        self.law.fit(noisy, labels_of(noisy, data.train.y and data.train.y[rows]))
        optimiser = torch.optim.AdamW(self.parameters(), self.lr, weight_decay=1e-2)
        data.checkpoint(model=self, optimiser=optimiser)
        for x, y in data.batches(self.batch, most=most):
            optimiser.param_groups[0]["lr"] = self.lr * math.cos(math.pi / 2 * data.progress_to(most))
            loss = -self.density(dequantised(x), labels_of(x, y)).mean() / self.space.dim
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 1.0)
            optimiser.step()
            if data.progress_to(most) * 20 >= len(data.curve) + 1:
                data.log(nats_per_dim=loss.item())

    def density(self, v: Tensor, label: Tensor) -> Tensor:
        """log p(v|y) of real v = x + u in classes [N]: [N] nats."""
        y, slope = self.logit(v)
        e, scale = self.law(y.flatten(1), label)
        return slope + scale + self.f(self.told(label)).log_prob(e)

    def joint(self, v: Tensor) -> Tensor:
        """log p(y) p(v|y) for every class y: [N, classes] nats."""
        every = torch.arange(self.classes, device=v.device)
        return torch.stack([self.density(v, y.expand(len(v))) for y in every], dim=1) + self.law.share.log()

    def log_prob(self, x: Tensor) -> Tensor:
        drawn = torch.cat([self.joint(dequantised(x)) for _ in range(self.draws)], dim=1)
        return drawn.logsumexp(1) - math.log(self.draws)

    def sample(self, n: int, *, labels: Tensor | None = None, temperature: float = 1.0) -> Tensor:
        z, label = self.law.drawn(n, labels)
        e = self.f(self.told(label)).transform.inv(temperature * z)
        return self.logit.integers(self.law.inverse(e, label).view(n, *self.space.shape))

    def told(self, label: Tensor) -> Tensor:
        """What f hears of classes [N]: [N, classes] float32."""
        return nn.functional.one_hot(label, self.classes).float()


def dequantised(x: Tensor) -> Tensor:
    """x + u with u uniform on the unit cube (Theis et al. 2016, https://arxiv.org/abs/1511.01844)."""
    return x + torch.rand(x.shape, device=x.device)


def rectifier(dropout: float) -> nn.Module:
    """What zuko puts behind each hidden layer."""
    return nn.Sequential(nn.ReLU(), nn.Dropout(dropout))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [ZukoSplineFlow]
