"""A score SDE: noise comes in continuously, and the score leads back, by a stochastic equation or an ordinary one."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, ClassVar

import torch
from genbench_unet import LOOKS, UNet, train
from torch import Tensor

import genbench
from genbench import Choice, Range

UNTOLD = 0.1  # share of the training images whose class the network is not told: `denoise` is not, either
T_MIN = 1e-5  # where time begins for sampling, training and the likelihood: the score grows without bound at 0
CROWDED = 0.02  # √t below which the steps of the likelihood are all alike, and above which they grow with √t
LEVELS = 100  # noise levels that `sigmas` tells


class ScoreSDE(genbench.Model, genbench.ConditionalDensity, genbench.Denoiser, genbench.Latent, genbench.Conditional):
    r"""dx = -½ β(t) x dt + √β(t) dw makes noise of images, eq. 11; s(x, t, y) learns its score ∇ log p_t(x | y).

    β(t) = β_min + t (β_max - β_min), t in [0, 1]. Then x_t = α_t x_0 + σ_t ε, eq. 29, with
    ln α_t = -¼ t² (β_max - β_min) - ½ t β_min and σ_t² = 1 - α_t². Minimised is E λ(t) |s + ε / σ_t|², eq. 7. The
    network tells v = α_t ε - σ_t x_0, from which ε and s = -ε / σ_t follow. Two ways lead from N(0, I) at t = 1 back to
    images:

        dx = (-½ β x - β s) dt + √β dw    "em", the reverse SDE, eq. 6, by Euler-Maruyama. NFE: N
        dx = (-½ β x - ½ β s) dt          "flow", the ODE of the same marginals, eq. 13, by Heun's method. NFE: 2N

    σ_t grows as √t at first, so all steps are even in √t: each goes on by the difference of two t. The ODE has a
    density: log p_0(x_0) = log N(x_1; 0, I) + ∫ div dt, eq. 39, an ESTIMATE here: the divergence is Hutchinson's, of
    one random probe for each image, and the steps are finite. Integers are dequantised: to each belongs a cell as wide
    as the gap Δ = 2 / (levels - 1) of neighbouring levels, in training as well, and one point of it is drawn, which
    bounds the cell's mass from below (Theis et al. 2015, https://arxiv.org/abs/1511.01844). The estimate of one digit
    of 8×8 pixels scatters by 7 nats. What the ODE does wrong it keeps, and the noise of the SDE mends: few steps are
    the ODE's, quality is the SDE's. The averaged weights at the end of training serve likelihood and samples. A latent
    vector is x_1 and a normal for each class, by which y is drawn.

    Args:
        space: images with integer levels.
        width, depth: channels at full size, blocks at the smallest, see `genbench_unet.UNet`.
        beta_min, beta_max: β at t = 0 and t = 1.
        weighting: share in the loss of the weight of maximum likelihood, λ = β (Song et al. 2021,
            https://arxiv.org/abs/2101.09258); 0 weighs the error of v alike at all √t.
        steps: of the ODE, for latent vectors; the likelihood takes twice as many.
        dropout: of channels, in training.
        lr, batch, epochs: see `genbench_unet.train`.
        compiled: see `genbench_unet.UNet`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "score-sde"
    family = genbench.Family.DIFFUSION
    source = "Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole 2021, https://arxiv.org/abs/2011.13456"
    samplers: ClassVar = {"em-100": {"method": "em", "steps": 100}, "flow-20": {"steps": 20}}
    described_sampler = "flow-20"
    likelihood = genbench.Likelihood.ESTIMATE
    audit_settings: ClassVar = {"width": 16, "depth": 1}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        beta_min: Annotated[float, Range(1e-3, 10.0, log=True)] = 0.1,
        beta_max: Annotated[float, Range(10.0, 100.0, log=True)] = 20.0,
        weighting: Annotated[float, Range(0.0, 1.0)] = 0.1,
        steps: Annotated[int, Range(1, 1000, log=True)] = 20,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
        compiled: bool = False,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"score-sde needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.beta_min, self.beta_max, self.weighting = space, beta_min, beta_max, weighting
        self.steps, self.lr, self.batch, self.epochs = steps, lr, batch, epochs
        self.gap = 2 / (space.levels - 1)  # Δ
        self.net = UNet(space, width, depth, dropout, compiled=compiled)

    def fit(self, data: genbench.TrainingData) -> None:
        """Denoising score matching at random times."""
        train(self.net, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=UNTOLD)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """The error of v of integers x, alike at all √t or with the weight of likelihood: the mean over images.

        λ |s + ε / σ_t|² = β / σ_t² · α_t² |error of v|², which is near 1 / t at first: times are even in √t, since
        each draw then counts by 2 √t, a weight less extreme. The times of a batch are evenly spaced from a random
        start, so that the mean varies less.
        """
        u = (torch.arange(len(x), device=x.device) / len(x) + torch.rand(1, device=x.device)) % 1
        root = math.sqrt(T_MIN) + (1 - math.sqrt(T_MIN)) * u  # √t
        t = root.square()  # [N]
        alpha, sigma = self.marginal(t)
        weight = 2 * root * self.beta(t) * (alpha / sigma).square()
        error = self.error(self.dequantised(x), t, torch.randn(x.shape, device=x.device), label)
        return (error * (1 - self.weighting + self.weighting * weight / weight.mean())).mean()

    def error(self, x_0: Tensor, t: Tensor, noise: Tensor, label: Tensor | None) -> Tensor:
        """The mean squared error of v at times t [N] of classes [N or 1]: [N]."""
        alpha, sigma = (c.view(-1, 1, 1, 1) for c in self.marginal(t))
        v = alpha * noise - sigma * x_0
        return (v - self.net(alpha * x_0 + sigma * noise, t.sqrt(), label)).square().flatten(1).mean(1)

    def beta(self, t: Tensor) -> Tensor:
        """β(t), of any shape."""
        return self.beta_min + t * (self.beta_max - self.beta_min)

    def marginal(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """α_t and σ_t, of any shape, eq. 29."""
        log_alpha = -(t.square() * (self.beta_max - self.beta_min) / 4 + t * self.beta_min / 2)
        return log_alpha.exp(), (-torch.expm1(2 * log_alpha)).sqrt()

    def score(self, x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        """s(x, t, y) at one time [] of classes [N or 1] → [N, C, H, W]."""
        alpha, sigma = self.marginal(t)
        noise = alpha * self.net(x, t.sqrt().view(1), label) + sigma * x  # ε of v and x_t
        return -noise / sigma

    def flow(self, x: Tensor, root: Tensor, label: Tensor | None) -> Tensor:
        """dx/d√t = 2 √t dx/dt of the ODE, at one √t []."""
        t = root.square()
        return -root * self.beta(t) * (x + self.score(x, t, label))

    def roots(self, steps: int) -> Tensor:
        """√t of `steps` even steps from T_MIN to 1, [steps + 1]."""
        return torch.linspace(math.sqrt(T_MIN), 1, steps + 1, device=self.net.place.device)

    def crowded_roots(self, steps: int) -> Tensor:
        """The same with steps that grow with √t: where data are sharp the divergence grows as 1 / √t towards 0.

        Of 28×28 pixels twenty even steps told .5 bits a dimension too few, forty of these tell .01 too few.
        """
        share = torch.linspace(0, 1, steps + 1, device=self.net.place.device)
        first = math.sqrt(T_MIN) + CROWDED
        return first * ((1 + CROWDED) / first) ** share - CROWDED

    def sample(self, n: int, *, labels: Tensor | None = None, method: str = "flow", steps: int = 20) -> Tensor:
        """Draw n samples in `steps` steps of the reverse SDE ("em") or of the ODE ("flow")."""
        x, label = torch.randn(n, *self.space.shape, device=self.net.place.device), self.net.drawn(n, labels)
        way, roots = {"em": self.maruyama, "flow": self.carried}[method], self.roots(steps).flip(0)
        return self.levels(way(x, roots, label)).round().long()

    def maruyama(self, x: Tensor, roots: Tensor, label: Tensor | None = None) -> Tensor:
        """The reverse SDE through falling √t from x [N, C, H, W]; the last step shows its mean, as the paper's does."""
        for i, (root, following) in enumerate(pairwise(roots)):
            t, dt = root.square(), root.square() - following.square()
            beta = self.beta(t)
            x = x + dt * beta * (x / 2 + self.score(x, t, label))
            if i < len(roots) - 2:
                x = x + (beta * dt).sqrt() * torch.randn_like(x)
        return x

    def carried(self, x: Tensor, roots: Tensor, label: Tensor | None = None) -> Tensor:
        """x [N, C, H, W] of classes [N], carried along the ODE through √t, up or down, by Heun's method."""
        for root, following in pairwise(roots):
            slope = self.flow(x, root, label)
            ahead = x + (following - root) * slope
            x = x + (following - root) * (slope + self.flow(ahead, following, label)) / 2
        return x

    @property
    def class_prior(self) -> Tensor | None:
        return self.net.share if self.net.classes else None

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """log p(y) + log p(x | y) of one dequantised point for each image, [N] nats; log p(x | y) where y is given.

        log p(x) is at least that of any one class y: the one of which v is told best at a few times is taken.
        """
        times = torch.linspace(0, 1, LOOKS + 2, device=x.device)[1:-1].square()
        label = self.net.likeliest(self.scaled(x), times, self.error) if labels is None else labels
        nats = self.log_density(self.dequantised(x), label) + x[0].numel() * math.log(self.gap)
        return nats if label is None or labels is not None else nats + self.net.share[label].log()

    def log_density(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """log p_0 of points x [N, C, H, W], eq. 39, with the divergence of eq. 40: [N] nats by Heun's method.

        Source of the probe of random signs: Hutchinson 1989, https://doi.org/10.1080/03610918908812806
        """
        probe = torch.randint(0, 2, x.shape, device=x.device).to(x) * 2 - 1
        divergence = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for root, following in pairwise(self.crowded_roots(2 * self.steps).to(x.dtype)):
            slope, first = traced(lambda at, root=root: self.flow(at, root, label), x, probe)
            ahead = x + (following - root) * slope
            other, last = traced(lambda at, root=following: self.flow(at, root, label), ahead, probe)
            x = x + (following - root) * (slope + other) / 2
            divergence = divergence + (following - root) * (first + last) / 2
        return divergence - 0.5 * (x.square() + math.log(2 * math.pi)).flatten(1).sum(1)

    @property
    def latent_dim(self) -> int:
        return self.net.latent_dim

    def encode(self, x: Tensor) -> Tensor:
        """Along the ODE of the class under which v is told best at a few times."""
        x = self.scaled(x)
        times = torch.linspace(0, 1, LOOKS + 2, device=x.device)[1:-1].square()
        label = self.net.likeliest(x, times, self.error)
        return self.net.joined(self.carried(x, self.roots(self.steps), label), label)

    def render(self, z: Tensor) -> Tensor:
        noise, label = self.net.parted(z)
        return self.levels(self.carried(noise, self.roots(self.steps).flip(0), label))

    @property
    def sigmas(self) -> Tensor:
        """σ_t / α_t of even steps in √t, [LEVELS] ascending."""
        alpha, sigma = self.marginal(self.roots(LEVELS - 1).square())
        return sigma / alpha

    def time(self, sigma: Tensor) -> Tensor:
        """The t of which σ_t / α_t is sigma, of any shape: 1 / α_t² = 1 + sigma², a quadratic equation in t."""
        rise, nats = self.beta_max - self.beta_min, torch.log1p(sigma.square()) / 2  # -ln α_t
        return 4 * nats / (self.beta_min + (self.beta_min**2 + 4 * rise * nats).sqrt())

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        """x_0 = α_t x_t - σ_t v of all classes together, clipped to [-1, 1]."""
        t = self.time(sigma)
        alpha, sigma_t = (c.view(-1, 1, 1, 1) for c in self.marginal(t))
        x_t = alpha * x
        return (alpha * x_t - sigma_t * self.net(x_t, t.sqrt())).clamp(-1, 1)

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1], neighbours Δ apart."""
        return self.gap * x.float() - 1

    def dequantised(self, x: Tensor) -> Tensor:
        """Points drawn uniformly within Δ / 2 of integers [N, C, H, W]."""
        return self.scaled(x) + self.gap * (torch.rand(x.shape, device=x.device) - 0.5)

    def levels(self, x: Tensor) -> Tensor:
        """Float32 in about [-1, 1] → float32 in [0, levels - 1], what lies outside clipped."""
        return (x.clamp(-1, 1) + 1) / self.gap


def traced(f: Callable[[Tensor], Tensor], x: Tensor, probe: Tensor) -> tuple[Tensor, Tensor]:
    """f(x) [N, C, H, W], and probe · ∂f/∂x probe [N], whose mean over random signs is the trace."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        value = f(x)
        (product,) = torch.autograd.grad((value * probe).sum(), x)
    return value.detach(), (product * probe).flatten(1).sum(1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [ScoreSDE]
