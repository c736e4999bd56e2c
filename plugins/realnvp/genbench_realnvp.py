"""Real NVP: affine couplings between dequantised pixels and a Gaussian for each class, trained by their likelihood."""

import math
from typing import Annotated, ClassVar

import torch
from genbench_couplings import Scale
from genbench_logit import Logit
from genbench_networks import ClassGaussians, labels_of, narrowed, spared
from genbench_training import ascend, cosine
from torch import Tensor

import genbench

LIKELY = 2  # classes of an image that all draws of `log_prob` but the first are about
DEQUANTISED = 5_000  # rows at least in that covariance, several draws of u for each image


class RealNVP(genbench.Model, genbench.ConditionalDensity, genbench.Latent, genbench.Conditional):
    """An invertible network carries images to a standard normal law, and the change of variables gives their density.

        e = W_y (f(logit(α + (1 - 2α) (x + u) / levels), y) - μ_y),   e ~ N(0, I), u uniform on [0, 1)ᴰ, y a class

    f is a chain of couplings. W_y and μ_y whiten logits of the training images of class y, once before training. What
    is maximised is log p(x + u|y) = log N(e; 0, I) + log|det ∂e/∂x|, eq. 3. The paper's couplings have batch
    normalisation and deeper networks. Where the Space has no classes, all images are of one. The density of x + u
    integrates over the unit cube to the probability of the integer x (Theis et al. 2016,
    https://arxiv.org/abs/1511.01844). `log_prob` averages it over classes and over K uniform draws, log 1/K Σ_k Σ_y
    p(y) p(x + uₖ|y): in expectation a lower bound, tight as K grows. After the first draw the sum is over the two
    likeliest classes of x alone, which is quicker and leaves it a lower bound. What is kept is an average over the late
    training steps, for samples and bound alike. NFE 1. Couplings of a small network leave much of the whitened
    Gaussians' law as it is: strokes have noise.

    A latent vector is e, and, where there are classes, an entry for each, of which the largest one chooses.

    Args:
        space: images of at least 2×2 pixels with integer levels.
        width: channels inside the couplings' networks at the first scale, fewer where images have more than 8×8
            pixels; doubled at each squeeze.
        dropout: in those networks, in training, less where images are seldom seen twice.
        alpha: see `genbench_logit.Logit`.
        draws: the K of `log_prob`.
        lr: AdamW's learning rate at the start; it falls to 0 along a cosine.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
    Raises:
        Unsuitable: no image, a side below 2, or no integer levels.
    """

    name = "realnvp"
    family = genbench.Family.FLOW
    source = "Dinh, Sohl-Dickstein and Bengio 2016, https://arxiv.org/abs/1605.08803"
    samplers: ClassVar = {"default": {}, "tempered": {"temperature": 0.9}}
    audit_settings: ClassVar = {"width": 16, "draws": 64}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, genbench.Range(4, 512, log=True)] = 32,
        dropout: Annotated[float, genbench.Range(0, 0.9)] = 0.2,
        alpha: Annotated[float, genbench.Range(1e-6, 0.25, log=True)] = 0.05,
        draws: Annotated[int, genbench.Range(1, 4096, log=True)] = 8,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 128,
        epochs: Annotated[int, genbench.Range(1, 100_000, log=True)] = 120,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels is None:
            raise genbench.Unsuitable(f"needs images of at least 2×2 pixels with integer levels, got {space}")
        super().__init__()
        self.space, self.draws, self.lr, self.batch, self.epochs = space, draws, lr, batch, epochs
        self.logit = Logit(space.levels, alpha)
        classes = space.classes or 1
        self.f = Scale(space.shape, narrowed(width, space.shape), dropout, classes)
        self.law = ClassGaussians(classes, space.dim)

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.LOWER_BOUND

    @property
    def latent_dim(self) -> int:
        return self.law.latent_dim

    def fit(self, data: genbench.TrainingData) -> None:
        spared(self, min(data.images / len(data.train), self.epochs))
        self._begin(data)
        told = {"lr": self.lr, "batch": self.batch, "epochs": self.epochs, "schedule": cosine(0.05), "decay": 1e-2}
        ascend(self, data, RealNVP.dequantised, **told)

    @torch.no_grad()
    def _begin(self, data: genbench.TrainingData) -> None:
        """Count the classes, and fit their Gaussians."""
        x = data.train.x[:]
        labels = labels_of(x, data.train.y and data.train.y[:])
        repeats = -(-DEQUANTISED // len(x))
        x, labels = x.repeat(repeats, 1, 1, 1), labels.repeat(repeats)
        y, _ = self.logit(x + torch.rand(x.shape))
        parts = zip(y.split(self.batch), labels.split(self.batch), strict=True)
        self.law.fit(torch.cat([self.f(*(v.to(data.device) for v in part))[0].cpu() for part in parts]), labels)

    def dequantised(self, x: Tensor, label: Tensor) -> Tensor:
        """log p(x + u|y) for one uniform draw u, in nats [N]: a density, and with E_u a bound on log P(x|y)."""
        return self._log_density(x + torch.rand(x.shape, device=x.device), label)

    def _log_density(self, x: Tensor, label: Tensor) -> Tensor:
        y, log_det = self.logit(x)
        z, change = self.f(y, label)
        return log_det + change + self.law.log_prob(z, label)

    def _joint(self, x: Tensor, label: Tensor) -> Tensor:
        """log p(y) p(x|y) of real x in [0, levels] and K classes y of each, `label` [N, K]: [N, K] nats."""
        nats = self._log_density(x.repeat_interleave(label.shape[1], 0), label.flatten())
        return nats.view(label.shape) + self.law.share.log()[label]

    def _every(self, x: Tensor) -> Tensor:
        """Every class for each of x, [N, classes]."""
        return torch.arange(len(self.law.share), device=x.device).expand(len(x), -1)

    @property
    def class_prior(self) -> Tensor:
        return self.law.share

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            given = torch.stack([self.dequantised(x, labels) for _ in range(self.draws)])
            return given.logsumexp(0) - math.log(self.draws)
        draws, label = [], self._every(x)
        for _ in range(self.draws):
            draws.append(self._joint(x + torch.rand(x.shape, device=x.device), label))
            if not draws[1:]:
                label = label.gather(1, draws[0].topk(min(LIKELY, label.shape[1])).indices)
        return torch.cat(draws, dim=1).logsumexp(1) - math.log(self.draws)

    def sample(self, n: int, *, labels: Tensor | None = None, temperature: float = 1.0) -> Tensor:
        e, y = self.law.drawn(n, labels)
        return self.logit.integers(self.f.inverse(self.law.inverse(temperature * e, y), y))

    def encode(self, x: Tensor) -> Tensor:
        """e under the most probable class, whose own entry is √classes and all others 0."""
        label = self._joint(x + 0.5, self._every(x)).argmax(1)
        e, _ = self.law(self.f(self.logit(x + 0.5)[0], label)[0], label)
        return self.law.joined(e, label)

    def render(self, z: Tensor) -> Tensor:
        e, label = self.law.parted(z)
        return self.logit.shown(self.f.inverse(self.law.inverse(e, label), label))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [RealNVP]
