"""Real NVP: an invertible network of affine couplings, trained by exact likelihood on dequantised pixels."""

import math
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

import genbench

CHECKS = 20  # looks at the likelihood of the validation split, spread evenly over the training


def checkerboard(shape: tuple[int, int, int], parity: int) -> Tensor:
    """[C, H, W] float32: 1 where row + column + parity is odd, 0 elsewhere (figure 3, left)."""
    _, h, w = shape
    return (torch.arange(h)[:, None] + torch.arange(w) + parity).remainder(2).float().expand(shape).clone()


def channelwise(shape: tuple[int, int, int], parity: int) -> Tensor:
    """[C, H, W] float32: 1 on one half of the channels, 0 on the other (figure 3, right)."""
    half = (torch.arange(shape[0]) < shape[0] // 2).float()
    return (half if parity else 1 - half)[:, None, None].expand(shape).clone()


class Coupling(nn.Module):
    """y = b ⊙ x + (1 - b) ⊙ (x ⊙ exp(s(b ⊙ x)) + t(b ⊙ x)), eq. 9, with b the mask; log|∂y/∂x| = Σ s, eq. 6.

    s and t are the outputs of one small network, 3×3, 1×1 and 3×3 convolutions, whose last layer starts at zero:
    an untrained coupling is the identity. A learned bound per channel limits |s|.

    Args:
        b: the mask, [C, H, W] of zeros and ones.
        width: channels inside the network.
        dropout: share of the network's inner values that are zeroed in training, in [0, 1).
    """

    def __init__(self, b: Tensor, width: int, dropout: float) -> None:
        super().__init__()
        c = b.shape[0]
        self.register_buffer("b", b, persistent=False)
        self.net = nn.Sequential(
            nn.Conv2d(c + 1, width, 3, padding=1),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * c, 3, padding=1),
        )
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)
        self.bound = nn.Parameter(torch.ones(c, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] → y of the same shape, and log|∂y/∂x| [N]."""
        s, t = self._scale_and_shift(x)
        return x * s.exp() + t, s.sum((1, 2, 3))

    def inverse(self, y: Tensor) -> Tensor:
        """The x that `forward` maps to y, eq. 8: the network sees the same unchanged half."""
        s, t = self._scale_and_shift(y)
        return (y - t) * (-s).exp()

    def _scale_and_shift(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mask = self.b[:1].expand(len(x), -1, -1, -1)
        s, t = self.net(torch.cat([self.b * x, mask], dim=1)).chunk(2, dim=1)
        return (1 - self.b) * self.bound * s.tanh(), (1 - self.b) * t


class Scale(nn.Module):
    """One scale of section 3.6, and the scales inside it.

    Three checkerboard couplings, a squeeze of 2×2 pixels into channels, three channel-wise couplings; half of the
    channels are then done, the others go through the next scale. Where a side is odd or below 8 there is nothing to
    squeeze: four checkerboard couplings end the recursion.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, dropout: float) -> None:
        super().__init__()
        c, h, w = self.shape = shape
        squeezes = min(h, w) >= 8 and h % 2 == w % 2 == 0
        squeezed = (4 * c, h // 2, w // 2)
        self.before = nn.ModuleList(Coupling(checkerboard(shape, i % 2), width, dropout) for i in range(4 - squeezes))
        self.after = nn.ModuleList(
            Coupling(channelwise(squeezed, i % 2), 2 * width, dropout) for i in range(3 * squeezes)
        )
        self.inner = Scale((2 * c, h // 2, w // 2), 2 * width, dropout) if squeezes else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] → z [N, C H W] and log|∂z/∂x| [N]."""
        log_det = x.new_zeros(len(x))
        for coupling in self.before:
            x, change = coupling(x)
            log_det = log_det + change
        if self.inner is None:
            return x.flatten(1), log_det
        x = nn.functional.pixel_unshuffle(x, 2)  # [N, 4C, H/2, W/2]
        for coupling in self.after:
            x, change = coupling(x)
            log_det = log_det + change
        done, x = x.chunk(2, dim=1)
        z, change = self.inner(x)
        return torch.cat([done.flatten(1), z], dim=1), log_det + change

    def inverse(self, z: Tensor) -> Tensor:
        """The x that `forward` maps to z, to rounding."""
        x = z.view(-1, *self.shape) if self.inner is None else self._unsqueezed(z)
        for coupling in reversed(self.before):
            x = coupling.inverse(x)
        return x

    def _unsqueezed(self, z: Tensor) -> Tensor:
        c, h, w = self.shape
        done, rest = z.chunk(2, dim=1)
        x = torch.cat([done.reshape(-1, 2 * c, h // 2, w // 2), self.inner.inverse(rest)], dim=1)
        for coupling in reversed(self.after):
            x = coupling.inverse(x)
        return nn.functional.pixel_shuffle(x, 2)


class RealNVP(genbench.Model, genbench.Density, genbench.Latent):
    """z = f(logit(α + (1 - 2α) (x + u) / levels)), z ~ N(0, I), u uniform on [0, 1)ᴰ: f is a chain of couplings.

    The density of x + u integrates over the unit cube to the probability of the integer x (Theis et al. 2016,
    https://arxiv.org/abs/1511.01844). `log_prob` averages it over K uniform draws: log 1/K Σ p(x + uₖ), which is in
    expectation a lower bound, tight as K grows. The weights of the best validation likelihood are kept.

    Args:
        space: images of at least 2×2 pixels with integer levels.
        width: channels inside the couplings' networks at the first scale; doubled at each squeeze.
        dropout: in those networks, in training.
        alpha: keeps the logit away from 0 and 1.
        draws: the K of `log_prob`.
        lr: Adam's learning rate at the start; it falls to 0 along a cosine.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
    Raises:
        Unsuitable: no image, a side below 2, or no integer levels.
    """

    name = "realnvp"
    family = genbench.Family.FLOW
    source = "Dinh, Sohl-Dickstein and Bengio 2016, https://arxiv.org/abs/1605.08803"
    audit_settings: ClassVar = {"width": 16, "draws": 64}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, genbench.Range(4, 512, log=True)] = 32,
        dropout: Annotated[float, genbench.Range(0, 0.9)] = 0.1,
        alpha: Annotated[float, genbench.Range(1e-6, 0.25, log=True)] = 0.05,
        draws: Annotated[int, genbench.Range(1, 4096, log=True)] = 16,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 128,
        epochs: Annotated[int, genbench.Range(1, 100_000, log=True)] = 240,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels is None:
            raise genbench.Unsuitable(f"needs images of at least 2×2 pixels with integer levels, got {space}")
        super().__init__()
        self.space, self.alpha, self.draws, self.lr, self.batch, self.epochs = space, alpha, draws, lr, batch, epochs
        self.f = Scale(space.shape, width, dropout)

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.LOWER_BOUND

    @property
    def latent_dim(self) -> int:
        return self.space.dim

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        optimiser = torch.optim.Adam(self.parameters(), self.lr)
        schedule = LambdaLR(optimiser, lambda _: math.cos(math.pi / 2 * data.progress_to(most)))
        best = genbench.BestWeights(self)
        data.checkpoint(model=self, optimiser=optimiser, schedule=schedule, best=best)
        for x, _ in data.batches(self.batch, most=most):
            loss = -self._dequantised(x).mean() / self.space.dim
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if data.progress_to(most) * CHECKS >= len(data.curve) + 1:
                valid = self._validated(data)
                best.offer(valid)
                data.log(nats_per_dim=loss.item(), valid_nats_per_dim=valid)
        best.restore()

    @torch.no_grad()
    def _validated(self, data: genbench.TrainingData) -> float:
        self.eval()
        nats = torch.cat([self._dequantised(x) for x, _ in data.valid.batches(self.batch, data.device)])
        self.train()
        return -nats.mean().item() / self.space.dim

    def _dequantised(self, x: Tensor) -> Tensor:
        """log p(x + u) for one uniform draw u, in nats [N]: a density, and with E_u a bound on log P(x)."""
        y, log_det = self.logit(x + torch.rand(x.shape, device=x.device))
        z, change = self.f(y)
        return log_det + change - 0.5 * (z.square() + math.log(2 * math.pi)).sum(1)

    def logit(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y = logit(α + (1 - 2α) x / levels), section 4.1, for real x in [0, levels]; and log|∂y/∂x| [N]."""
        slope = (1 - 2 * self.alpha) / self.space.levels
        p = self.alpha + slope * x
        log_p, log_q = p.log(), torch.log1p(-p)
        return log_p - log_q, (math.log(slope) - log_p - log_q).flatten(1).sum(1)

    def log_prob(self, x: Tensor) -> Tensor:
        nats = torch.stack([self._dequantised(x) for _ in range(self.draws)])  # [K, N]
        return nats.logsumexp(0) - math.log(self.draws)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = self._undone(torch.randn(n, self.space.dim, device=self.f.before[0].bound.device))
        return x.floor().clamp(0, self.space.levels - 1).long()

    def encode(self, x: Tensor) -> Tensor:
        y, _ = self.logit(x + 0.5)
        return self.f(y)[0]

    def render(self, z: Tensor) -> Tensor:
        return (self._undone(z) - 0.5).clamp(0, self.space.levels - 1)  # a level's width begins at the level itself

    def _undone(self, z: Tensor) -> Tensor:
        """The real x + u that the flow maps to z, about [0, levels]."""
        return (self.f.inverse(z).sigmoid() - self.alpha) / (1 - 2 * self.alpha) * self.space.levels


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [RealNVP]
