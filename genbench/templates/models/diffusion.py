"""A denoising diffusion model: a network learns to tell the noise in a sample, and many small steps remove it."""

import math
from itertools import pairwise
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

import genbench

LOGS = 20  # points on the training curve
FIRST, LAST = 1e-3, 4e-5  # share of noise after the first step; share of signal after the last


class NewPlugin(genbench.Model, genbench.Denoiser):
    """q(x_t | x) = N(√α_bar x, (1 - α_bar) I) takes a sample, scaled to [-1, 1], to noise; p_θ goes back, step by step.

    The network predicts the noise, by L_simple (eq. 14). √α_bar is the cosine of an angle that grows evenly (Nichol and
    Dhariwal 2021, eq. 17, https://arxiv.org/abs/2102.09672). The preset `ddpm` takes all steps, each with fresh noise
    (algorithm 2); `ddim-20` takes twenty without (Song et al. 2020, eq. 12, https://arxiv.org/abs/2010.02502).

    Args:
        space: two levels or more.
        steps: T.
        hidden: width of the network.
        lr: Adam's learning rate at the start; it falls linearly to 0.
        batch: samples a step.
    """

    name = "new-plugin"
    family = genbench.Family.DIFFUSION
    source = "Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239"
    samplers: ClassVar = {"ddpm": {}, "ddim-20": {"steps": 20}}
    alpha_bar: Tensor  # [T + 1], entry 0 belongs to the data

    def __init__(
        self,
        space: genbench.Space,
        *,
        steps: Annotated[int, genbench.Range(2, 4000, log=True)] = 100,
        hidden: Annotated[int, genbench.Range(8, 4096, log=True)] = 256,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 25,
    ) -> None:
        super().__init__()
        if space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"needs integers of two or more levels, got {space}")
        self.space, self.steps, self.top, self.lr, self.batch = space, steps, space.levels - 1, lr, batch
        angle = torch.linspace(math.asin(math.sqrt(FIRST)), math.acos(math.sqrt(LAST)), steps, dtype=torch.float64)
        alpha_bar = torch.cat([torch.ones(1, dtype=torch.float64), angle.cos().square()])
        self.register_buffer("alpha_bar", alpha_bar.float())
        inner = nn.Linear(space.dim + 2, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
        self.net = nn.Sequential(*inner, nn.Linear(hidden, space.dim))

    def fit(self, data: genbench.TrainingData) -> None:
        optimiser = torch.optim.Adam(self.parameters(), self.lr)
        data.checkpoint(model=self, optimiser=optimiser)
        for x, _ in data.batches(self.batch):
            optimiser.param_groups[0]["lr"] = self.lr * (1 - data.progress)
            loss = self.loss(2 * x.flatten(1) / self.top - 1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if data.progress * LOGS >= len(data.curve) + 1:
                data.log(loss=loss.item())

    def loss(self, x: Tensor) -> Tensor:
        """L_simple of x [N, D] in [-1, 1]: the mean squared error of the noise that is told, at random times."""
        t, noise = torch.randint(1, self.steps + 1, (len(x),), device=x.device), torch.randn_like(x)
        return (noise - self.noise(self.diffused(x, t, noise), t)).square().mean()

    def diffused(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """x_t ~ q(x_t | x), eq. 4, made of standard normal noise; t [N] or a single one."""
        alpha_bar = self.alpha_bar[t].view(-1, 1)
        return alpha_bar.sqrt() * x + (1 - alpha_bar).sqrt() * noise

    def noise(self, x_t: Tensor, t: Tensor) -> Tensor:
        """The noise that the network sees in x_t [N, D]. It is told √α_bar and √(1 - α_bar) of t [N]."""
        alpha_bar = self.alpha_bar[t].view(-1, 1)
        told: Tensor = self.net(torch.cat([x_t, alpha_bar.sqrt(), (1 - alpha_bar).sqrt()], dim=1))
        return told

    def predicted(self, x_t: Tensor, t: Tensor) -> Tensor:
        """x as that noise implies it, eq. 15, clipped to [-1, 1]."""
        alpha_bar = self.alpha_bar[t].view(-1, 1)
        return ((x_t - (1 - alpha_bar).sqrt() * self.noise(x_t, t)) / alpha_bar.sqrt()).clamp(-1, 1)

    def sample(self, n: int, *, labels: Tensor | None = None, steps: int = 0) -> Tensor:
        """Draw n samples, in all steps with fresh noise, or in `steps` without."""
        x_t = torch.randn(n, self.space.dim, device=self.alpha_bar.device)
        times = torch.linspace(self.steps, 0, min(steps or self.steps, self.steps) + 1).round().long().tolist()
        for t, before in pairwise(times):
            x = self.predicted(x_t, torch.full((n,), t, device=x_t.device))
            x_t = self.stepped(x, x_t, t, before, fresh=not steps)
        return ((x_t + 1) / 2 * self.top).round().clamp(0, self.top).long().view(n, *self.space.shape)

    def stepped(self, x: Tensor, x_t: Tensor, t: int, before: int, fresh: bool) -> Tensor:
        """x at an earlier time: a draw of q(x_before | x_t, x), eq. 7, or without fresh noise its image under DDIM."""
        alpha_bar, after = self.alpha_bar[t], self.alpha_bar[before]
        sigma2 = (1 - alpha_bar / after) * (1 - after) / (1 - alpha_bar) if fresh else torch.zeros_like(after)
        noise = (x_t - alpha_bar.sqrt() * x) / (1 - alpha_bar).sqrt()
        mean = after.sqrt() * x + (1 - after - sigma2).clamp(min=0).sqrt() * noise
        return mean + sigma2.sqrt() * torch.randn_like(x_t)

    @property
    def sigmas(self) -> Tensor:
        """√(1 / α_bar - 1) of t = 1 … T, [T]: the noise of x_t / √α_bar."""
        return (1 / self.alpha_bar[1:] - 1).sqrt()

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        t = 1 + (self.sigmas.log() - sigma.log()[:, None]).abs().argmin(1)  # [N], the nearest noise
        x_t = x.flatten(1) * self.alpha_bar[t].sqrt()[:, None]
        return self.predicted(x_t, t).view_as(x)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [NewPlugin]
