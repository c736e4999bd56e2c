"""EDM: a network scaled to unit variance at every level of noise learns to denoise, and Heun's method samples."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, ClassVar

import torch
from genbench_unet import UNet, train
from torch import Tensor

import genbench
from genbench import Choice, Range

UNTOLD = 0.1  # share of the training images whose class the network is not told: guidance and `denoise` need it
LEVELS = 100  # noise levels that `sigmas` tells


class EDM(genbench.Model, genbench.Denoiser, genbench.Conditional):
    r"""D(x; σ, y) learns E[x_0 | x_0 + σ n, y], n ~ N(0, I), and dx/dσ = (x - D(x; σ, y)) / σ goes from σ_max to 0.

    The sum over noise levels of λ(σ) E|D(x_0 + σ n; σ, y) - x_0|² is minimised, eq. 8, where ln σ ~ N(P_mean, P_std²)
    and λ = 1 / c_out². Entries of x_0 are scaled to [-1, 1]. D wraps the network F as eq. 7 and table 1 say, with
    σ_data the standard deviation of the training images, measured:

        D(x; σ) = c_skip x + c_out F(c_in x; c_noise)
        c_skip = σ_data² / (σ² + σ_data²)    c_out = σ σ_data / √(σ² + σ_data²)
        c_in = 1 / √(σ² + σ_data²)           c_noise = ln(σ) / 4

    so that inputs and targets of F have unit variance at every σ. NFE of N steps: N by "euler", 2N - 1 by "heun", and
    twice that with guidance, a setting of the sampler that no preset uses. Samples made by the ODE keep what D does
    wrong; the noise of "churn-36" mends some of it, and costs steps. It has no density here; `score-sde` has one.
    The weights kept are an average over the late training steps.

    Args:
        space: images with integer levels.
        width, depth: channels at full size, blocks at the smallest, see `genbench_unet.UNet`.
        p_mean, p_std: P_mean and P_std of ln σ in training; the paper's P_mean is -1.2, for larger images.
        sigma_min, sigma_max: the ends of the sampler's schedule, in units of x_0.
        rho: ρ of eq. 5; the larger, the more of the steps are at little noise.
        dropout: of channels, in training.
        lr, batch, epochs: see `genbench_unet.train`.
        compiled: see `genbench_unet.UNet`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "edm"
    family = genbench.Family.DIFFUSION
    source = "Karras, Aittala, Aila and Laine 2022, https://arxiv.org/abs/2206.00364"
    samplers: ClassVar = {
        "heun-18": {"steps": 18},
        "euler-18": {"method": "euler", "steps": 18},
        "churn-36": {"steps": 36, "churn": 14.0},
    }

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        p_mean: Annotated[float, Range(-4.0, 4.0)] = -0.8,
        p_std: Annotated[float, Range(0.1, 4.0)] = 1.2,
        sigma_min: Annotated[float, Range(1e-4, 0.1, log=True)] = 0.002,
        sigma_max: Annotated[float, Range(1.0, 1000.0, log=True)] = 80.0,
        rho: Annotated[float, Range(1.0, 20.0)] = 7.0,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
        compiled: bool = False,
    ) -> None:
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"edm needs grey or colour images of 2 or more levels, got {space}")
        self.space, self.p_mean, self.p_std = space, p_mean, p_std
        self.sigma_min, self.sigma_max, self.rho = sigma_min, sigma_max, rho
        self.lr, self.batch, self.epochs = lr, batch, epochs
        self.net = UNet(space, width, depth, dropout, compiled=compiled)
        self.register_buffer("sigma_data", torch.tensor(0.5))

    def fit(self, data: genbench.TrainingData) -> None:
        """Measure σ_data, then go down the loss."""
        rows = torch.arange(min(len(data.train), 10_000))
        self.sigma_data.copy_(self.scaled(data.train.x[rows]).std().clamp(min=0.01))
        train(self.net, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=UNTOLD)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """λ(σ) |D(x_0 + σ n; σ, y) - x_0|², the mean over entries of integers x, eq. 8.

        The quantiles of σ are evenly spaced over a batch from a random start: each is log-normal, and the mean varies
        less.
        """
        u = (torch.arange(len(x), device=x.device) / len(x) + torch.rand(1, device=x.device)) % 1
        sigma = (self.p_mean + self.p_std * torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6))).exp()  # [N]
        x_0 = self.scaled(x)
        error = self.denoised(x_0 + spread(sigma) * torch.randn_like(x_0), sigma, label) - x_0
        _, c_out, _, _ = self.preconditioning(sigma)
        return (error / c_out).square().mean()

    def preconditioning(self, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """c_skip, c_out, c_in, each [N, 1, 1, 1], and c_noise [N] of noise levels [N]; table 1."""
        c_noise, sigma = sigma.log() / 4, spread(sigma)
        total = (sigma.square() + self.sigma_data.square()).sqrt()
        return (self.sigma_data / total).square(), sigma * self.sigma_data / total, 1 / total, c_noise

    def denoised(self, x: Tensor, sigma: Tensor, label: Tensor | None = None) -> Tensor:
        """D(x; σ, y) at noise levels [N or 1] of classes [N or 1], eq. 7; of all classes together without a label."""
        c_skip, c_out, c_in, c_noise = self.preconditioning(sigma)
        return c_skip * x + c_out * self.net(c_in * x, c_noise, label)

    def guided(self, x: Tensor, sigma: Tensor, label: Tensor | None, guidance: float) -> Tensor:
        """D, led away from that of all classes: D(x; σ) + w (D(x; σ, y) - D(x; σ)) with the weight w of guidance.

        Source: Ho and Salimans 2022, eq. 6, https://arxiv.org/abs/2207.12598, where w is counted from 0.
        """
        told = self.denoised(x, sigma, label)
        if label is None or guidance == 1:
            return told
        untold = self.denoised(x, sigma)
        return untold + guidance * (told - untold)

    def schedule(self, steps: int) -> Tensor:
        """σ_0 … σ_N of eq. 5, [steps + 1], falling from σ_max to σ_min and then 0."""
        ends = self.sigma_max ** (1 / self.rho), self.sigma_min ** (1 / self.rho)
        sigma = torch.linspace(*ends, steps, dtype=torch.float64) ** self.rho
        return torch.cat([sigma, torch.zeros(1)]).float().to(self.sigma_data.device)

    def sample(
        self,
        n: int,
        *,
        labels: Tensor | None = None,
        method: str = "heun",
        steps: int = 18,
        guidance: float = 1.0,
        churn: float = 0.0,
    ) -> Tensor:
        """Draw n samples in `steps` steps by "heun" or "euler".

        Args:
            guidance: w; 1 follows the class as it is, above 1 samples are more typical of it and less diverse.
            churn: S_churn of algorithm 2, noise that is added and removed again; 0 follows the ODE.
        """
        label = self.net.drawn(n, labels)
        sigmas = self.schedule(steps)
        x = sigmas[0] * torch.randn(n, *self.space.shape, device=sigmas.device)

        def denoised(x: Tensor, sigma: Tensor) -> Tensor:
            return self.guided(x, sigma.view(1), label, guidance)

        return self.integers(carried(denoised, x, sigmas, method, churn))

    @property
    def sigmas(self) -> Tensor:
        """A schedule of `LEVELS` steps, rising from σ_min to σ_max."""
        return self.schedule(LEVELS)[:-1].flip(0)

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        """D(x; σ) of all classes together, clipped to [-1, 1]."""
        return self.denoised(x, sigma).clamp(-1, 1)

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x.float() / (self.space.levels - 1) - 1

    def integers(self, x_0: Tensor) -> Tensor:
        """The levels nearest to float32 in [-1, 1]: int64."""
        return ((x_0.clamp(-1, 1) + 1) / 2 * (self.space.levels - 1)).round().long()


def spread(sigma: Tensor) -> Tensor:
    """One number a row, [N] → [N, 1, 1, 1]."""
    return sigma.view(-1, 1, 1, 1)


def carried(
    denoised: Callable[[Tensor, Tensor], Tensor], x: Tensor, sigmas: Tensor, method: str, churn: float = 0.0
) -> Tensor:
    """Algorithm 2 with S_noise = 1 at all levels; without churn it is algorithm 1. "euler" leaves the correction out.

    Args:
        denoised: D, of x [N, C, H, W] and of a noise level, a tensor of one number.
        x: at the first of the levels.
        sigmas: falling, [steps + 1].
    """
    gamma = min(churn / (len(sigmas) - 1), math.sqrt(2) - 1)
    for sigma, following in pairwise(sigmas):
        higher = (1 + gamma) * sigma  # σ_hat
        if gamma > 0:
            x = x + (higher.square() - sigma.square()).sqrt() * torch.randn_like(x)
        slope = (x - denoised(x, higher)) / higher
        ahead = x + (following - higher) * slope
        if method == "heun" and following > 0:
            slope = (slope + (ahead - denoised(ahead, following)) / following) / 2
            ahead = x + (following - higher) * slope
        x = ahead
    return x


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [EDM]
