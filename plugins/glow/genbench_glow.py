"""Glow: rotations of channels and affine couplings at several levels, and noise between the levels that is learned."""

from typing import Annotated, ClassVar

import torch
from genbench_dequantisers import Uniform, Variational, log_mean
from genbench_glow_levels import Level, initialise
from genbench_logit import Logit
from genbench_networks import ClassGaussians, labels_of, narrowed, spared
from genbench_training import ascend, cosine
from torch import Tensor

import genbench
from genbench import Choice, Range

FIRST = (5_000, 20_000)  # noisy images to which the prior is fitted before training, at least and at most


class Glow(genbench.Model, genbench.ConditionalDensity, genbench.Latent, genbench.Conditional):
    """z = f(logit(x + u)), z ~ N(μ_y, Σ_y) of the class y; max E_q log p(x + u|y) - log q(u|x), u in the unit cube.

    f squeezes 2×2 pixels into channels, takes K steps of actnorm, 1×1 convolution and coupling, lets half of the
    channels go and begins again with the others (figure 2). Only the prior hears the class: its Gaussians have full
    covariances, the paper's are diagonal and learned, and are fitted in closed form to z before training, when f is
    linear. `log_prob` is log 1/K Σ_k Σ_y p(y) p(x + uₖ|y) / q(uₖ|x), in expectation a lower bound, tight as K grows.
    A sample, an encoding and a rendering are one pass through f. What is kept is an average over the late steps.
    The bound rewards covering every image more than looking like one: samples at temperature 1 are rough, and a lower
    temperature makes them clean and alike. Learned noise tightens the bound and does nothing for the samples.

    Args:
        space: images of at least 2×2 pixels with integer levels.
        steps: K, at each level.
        width: channels inside the couplings' networks at the first level, see `genbench_glow_levels.Level`; fewer
            where images have more than 8×8 pixels.
        dequantisation: q(u|x), "uniform" or "variational", see `genbench_dequantisers`.
        dropout: in the networks of f, in training, less where images are seldom seen twice.
        alpha: see `genbench_logit.Logit`.
        draws: the K of `log_prob`.
        lr: AdamW's learning rate at the start; it falls to 0 along a cosine.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
    Raises:
        Unsuitable: no image, a side below 2, or no integer levels.
    """

    name = "glow"
    family = genbench.Family.FLOW
    source = "Kingma and Dhariwal 2018, https://arxiv.org/abs/1807.03039"
    samplers: ClassVar = {"default": {}, "tempered": {"temperature": 0.9}}
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"width": 16, "draws": 64}

    def __init__(
        self,
        space: genbench.Space,
        *,
        steps: Annotated[int, Range(1, 64, log=True)] = 4,
        width: Annotated[int, Range(4, 512, log=True)] = 32,
        dequantisation: Annotated[str, Choice("variational", "uniform")] = "variational",
        dropout: Annotated[float, Range(0, 0.9)] = 0.2,
        alpha: Annotated[float, Range(1e-6, 0.25, log=True)] = 0.05,
        draws: Annotated[int, Range(1, 4096, log=True)] = 8,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 128,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 120,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels is None:
            raise genbench.Unsuitable(f"needs images of at least 2×2 pixels with integer levels, got {space}")
        super().__init__()
        self.space, self.draws, self.lr, self.batch, self.epochs = space, draws, lr, batch, epochs
        width = narrowed(width, space.shape)
        self.logit = Logit(space.levels, alpha)
        self.f = Level(space.shape, steps, width, dropout)
        self.law = ClassGaussians(space.classes or 1, space.dim)
        variational = dequantisation == "variational"
        self.q = Variational(space.shape, space.levels, max(4, width // 2)) if variational else Uniform()

    @property
    def latent_dim(self) -> int:
        return self.law.latent_dim

    def fit(self, data: genbench.TrainingData) -> None:
        spared(self, min(data.images / len(data.train), self.epochs))
        self._begin(data)
        told = {"lr": self.lr, "batch": self.batch, "epochs": self.epochs, "schedule": cosine(0.05), "decay": 1e-2}
        ascend(self, data, Glow.bound, **told)

    @torch.no_grad()
    def _begin(self, data: genbench.TrainingData) -> None:
        """Set actnorms by the first images, count the classes, fit their Gaussians to z of noisy images."""
        most = min(max(len(data.train), FIRST[0]), FIRST[1])
        rows = torch.randint(len(data.train), (self.batch + most,)).split(self.batch)
        noisy = (self.logit(x + torch.rand(x.shape))[0].to(data.device) for x in map(data.train.x.__getitem__, rows))
        initialise(self.f, next(noisy))
        z = torch.cat([self.f(y)[0].cpu() for y in noisy])
        label = torch.cat(rows[1:])
        self.law.fit(z, labels_of(z, data.train.y and data.train.y[label]))

    def bound(self, x: Tensor, label: Tensor) -> Tensor:
        """log p(x + u|y) - log q(u|x) of a draw of u and classes y [N], in expectation below log P(x|y): [N] nats."""
        z, change = self.dequantised(x)
        return change + self.law.log_prob(z, label)

    def dequantised(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z [N, D] of x + u for a draw of u, and log|∂z/∂u| - log q(u|x) [N]."""
        u, log_q = self.q(x)
        y, first = self.logit(x + u)
        z, second = self.f(y)
        return z, first + second - log_q

    @property
    def class_prior(self) -> Tensor:
        return self.law.share

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            return log_mean([self.bound(x, labels) for _ in range(self.draws)])
        drawn = (self.dequantised(x) for _ in range(self.draws))
        return log_mean([change + self.law.joint(z).logsumexp(1) for z, change in drawn])

    def sample(self, n: int, *, labels: Tensor | None = None, temperature: float = 1.0) -> Tensor:
        """Draw n samples; z's distance from its class's mean is times the temperature (section 6)."""
        e, y = self.law.drawn(n, labels)
        return self.logit.integers(self.f.inverse(self.law.inverse(temperature * e, y)))

    def encode(self, x: Tensor) -> Tensor:
        """e = W_y (z - μ_y) for the middle of the levels, under the class y most probable there, which joins it."""
        z, _ = self.f(self.logit(x + 0.5)[0])
        label = self.law.joint(z).argmax(1)
        return self.law.joined(self.law(z, label)[0], label)

    def render(self, z: Tensor) -> Tensor:
        e, label = self.law.parted(z)
        return self.logit.shown(self.f.inverse(self.law.inverse(e, label)))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [Glow]
