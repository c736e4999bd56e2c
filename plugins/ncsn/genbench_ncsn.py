"""NCSN: scores of data under many levels of noise, and Langevin dynamics that is annealed from the highest down."""

import math
from typing import Annotated, ClassVar

import torch
from genbench_unet import UNet, train
from torch import Tensor

import genbench
from genbench import Choice, Range

UNTOLD = 0.1  # share of the training images whose class the network is not told: `denoise` is not, either
ROWS = 2000  # training images of which the largest distance is sought
LARGEST_RATIO = 2.0  # of neighbouring levels, where images are so small that technique 2 names none


class NCSN(genbench.Model, genbench.Denoiser, genbench.Conditional):
    r"""s(x, σ, y) learns ∇ log p_σ(x | y), p_σ the law of x_0 + σ ε, at σ_1 > … > σ_L, each followed for T steps.

    The mean over levels of σ² E|s(x_0 + σ ε, σ) + ε / σ|² / 2 is minimised, eq. 2, where s = F / σ, so that F tells -ε
    (technique 3). Inputs of F are divided by √(1 + σ²), and it is told the level, as in Song and Ermon 2019,
    https://arxiv.org/abs/1907.05600. Sampling goes from N(0, σ_1² I) down the levels, T steps at each (algorithm 1):

        x ← x + α_i s(x, σ_i) + √(2 α_i) z,    α_i = ε σ_i² / σ_L²,    z ~ N(0, I),

    and ends with the mean x + σ_L² s. The levels are geometric. σ_1 is the largest distance of two training images
    (technique 1). There are as many as noise of neighbouring levels takes to overlap in D dimensions (technique 2) from
    σ_L to 2 √D, which no distance exceeds: their ratio γ is that of technique 2 or, σ_1 being smaller, less; ε / σ_L²
    is such that T steps keep the variance (technique 4); weights are averaged (technique 5). NFE: L T + 1, with L = 23
    at 8×8 pixels. There is no density, and samples take more evaluations than those of any later relative.

    Args:
        space: images with integer levels.
        width, depth: channels at full size, blocks at the smallest, see `genbench_unet.UNet`.
        sigma_min: σ_L, in units of x_0, which lies in [-1, 1].
        dropout: of channels, in training.
        lr, batch, epochs: see `genbench_unet.train`.
        compiled: see `genbench_unet.UNet`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "ncsn"
    family = genbench.Family.DIFFUSION
    source = (
        "Song and Ermon 2020, https://arxiv.org/abs/2006.09011; Song and Ermon 2019, https://arxiv.org/abs/1907.05600"
    )
    samplers: ClassVar = {"langevin-5": {"steps": 5}, "langevin-2": {"steps": 2}}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        sigma_min: Annotated[float, Range(1e-3, 0.5, log=True)] = 0.02,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
        compiled: bool = False,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"ncsn needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.sigma_min = space, sigma_min
        self.lr, self.batch, self.epochs = lr, batch, epochs
        self.net = UNet(space, width, depth, dropout, compiled=compiled)
        widest = 2 * math.sqrt(space.dim)  # no two images are farther apart
        self.L = 1 + math.ceil(math.log(widest / sigma_min) / math.log(overlapping_ratio(space.dim)))
        self.register_buffer("sigma_max", torch.tensor(widest))  # σ_1

    def fit(self, data: genbench.TrainingData) -> None:
        """Measure σ_1, then denoising score matching."""
        x = self.scaled(data.train.x[torch.arange(min(len(data.train), ROWS))]).flatten(1)
        self.sigma_max.copy_(torch.cdist(x, x).max().clamp(min=2 * self.sigma_min))
        train(self.net, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=UNTOLD)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """σ² |s + ε / σ|² = |F + ε|² of integers x, the mean over entries, eq. 2 but for its factor of a half.

        The levels of a batch are evenly spaced from a random start: each is uniform, and the mean varies less.
        """
        spaced = torch.arange(len(x), device=x.device) * self.L // len(x)
        i = (spaced + torch.randint(self.L, (1,), device=x.device)) % self.L
        sigma, x_0 = self.sigmas[i], self.scaled(x)
        noise = torch.randn_like(x_0)
        return (self.scaled_score(x_0 + sigma.view(-1, 1, 1, 1) * noise, sigma, label) + noise).square().mean()

    @property
    def sigmas(self) -> Tensor:
        """σ_L … σ_1, [L] ascending, geometric."""
        up = torch.linspace(0, 1, self.L, device=self.sigma_max.device)
        return self.sigma_min * (self.sigma_max / self.sigma_min) ** up

    def scaled_score(self, x: Tensor, sigma: Tensor, label: Tensor | None = None) -> Tensor:
        """F = σ s(x, σ, y) at levels [N or 1] of classes [N or 1]; the network's time is 0 at σ_L and 1 at σ_1."""
        time = (sigma / self.sigma_min).log() / (self.sigma_max / self.sigma_min).log()
        return self.net(x / (1 + sigma.square()).sqrt().view(-1, 1, 1, 1), time, label)

    def sample(self, n: int, *, labels: Tensor | None = None, steps: int = 5) -> Tensor:
        """Draw n samples with T = `steps` at each level."""
        x = self.sigma_max * torch.randn(n, *self.space.shape, device=self.sigma_max.device)
        return self.integers(self.annealed(x, steps, self.net.drawn(n, labels)))

    def annealed(self, x: Tensor, steps: int, label: Tensor | None = None) -> Tensor:
        """Algorithm 1 from x at σ_1, of classes [N], with T = `steps`: float32 [N, C, H, W]."""
        gamma = (self.sigma_max / self.sigma_min).item() ** (1 / (self.L - 1))
        share = step_share(gamma, steps)  # α_i / σ_i² = ε / σ_L²
        for sigma in self.sigmas.flip(0).split(1):
            for _ in range(steps):
                x = x + sigma * (
                    share * self.scaled_score(x, sigma, label) + math.sqrt(2 * share) * torch.randn_like(x)
                )
        return x + sigma * self.scaled_score(x, sigma, label)

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        """x + σ² s(x, σ) of all classes together, clipped to [-1, 1]."""
        return (x + sigma.view(-1, 1, 1, 1) * self.scaled_score(x, sigma)).clamp(-1, 1)

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x.float() / (self.space.levels - 1) - 1

    def integers(self, x_0: Tensor) -> Tensor:
        """The levels nearest to float32 in [-1, 1]: int64."""
        return ((x_0.clamp(-1, 1) + 1) / 2 * (self.space.levels - 1)).round().long()


def normal_mass(low: float, high: float) -> float:
    """P(low < z < high) of z ~ N(0, 1)."""
    return (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2


def overlapping_ratio(dim: int) -> float:
    """γ of technique 2: Φ(√(2 D) (γ - 1) + 3 γ) - Φ(√(2 D) (γ - 1) - 3 γ) = ½, by bisection.

    The length of noise in D dimensions is about N(√D σ, σ² / 2): half of that of one level lies within three standard
    deviations of the mean at the next. Below D = 5 any ratio will do, and `LARGEST_RATIO` is taken.
    """
    low, high = 1.0, LARGEST_RATIO
    for _ in range(60):
        gamma = (low + high) / 2
        centre = math.sqrt(2 * dim) * (gamma - 1)
        low, high = (gamma, high) if normal_mass(centre - 3 * gamma, centre + 3 * gamma) > 0.5 else (low, gamma)
    return low


def variance_after(share: float, gamma: float, steps: int) -> float:
    """s_T² / σ_i² of proposition 3: what T steps leave of variance σ_{i-1}² = γ² σ_i² of data at a point.

    Each step multiplies x by 1 - share, share = ε / σ_L², and adds the variance 2 share σ_i².
    """
    stationary = 2 / (2 - share)
    return (1 - share) ** (2 * steps) * (gamma**2 - stationary) + stationary


def step_share(gamma: float, steps: int) -> float:
    """ε / σ_L² of technique 4: the one in (0, 1) that brings `variance_after` nearest to 1."""
    shares = [i / 2000 for i in range(1, 2000)]
    return min(shares, key=lambda share: abs(variance_after(share, gamma, steps) - 1))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [NCSN]
