"""Parts that first-party models are built of: a U-Net that knows the time, residual blocks, an output of integers."""

import math

import torch
from torch import Tensor, nn

import genbench

GROUPS = 8  # of every GroupNorm
FREQUENCIES = 1000.0  # the highest of the sines that tell the time, in radians per unit of time


def halvings(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Heights and widths from the image's own down, halved and rounded up, until a side is below 8."""
    sizes = [shape[1:]]
    while min(sizes[-1]) >= 8:
        h, w = sizes[-1]
        sizes.append(((h + 1) // 2, (w + 1) // 2))
    return sizes


class Residual(nn.Module):
    """x + f(x) with f of two convolutions, 3×3 and 1×1, and channels dropped between them."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        first, last = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 1)
        self.f = nn.Sequential(nn.SiLU(), first, nn.SiLU(), nn.Dropout2d(dropout), last)

    def forward(self, x: Tensor) -> Tensor:
        """[N, width, H, W] → the same shape."""
        return x + self.f(x)


class LogisticMixture:
    """p(x|z): at each pixel one of K logistics, rounded to the nearest level; the channels share the choice.

    The mass of level v is σ((v + ½ - m)/s) - σ((v - ½ - m)/s); the two outermost levels take the tails.

    Args:
        parameters: [N, K (1 + 2C), H, W], the decoder's output: K logits, then K C means, then K C log-scales.
        space: where x lives.
    Source: Salimans et al. 2017, eq. 2, https://arxiv.org/abs/1701.05517, without its autoregression
    """

    def __init__(self, parameters: Tensor, space: genbench.Space) -> None:
        c, h, w = space.shape
        k = parameters.shape[1] // (1 + 2 * c)
        logits, rest = parameters.split([k, 2 * k * c], dim=1)
        m, log_s = rest.view(-1, 2, k, c, h, w).unbind(1)  # [N, K, C, H, W] each
        self.top = space.levels - 1
        self.log_weight = logits.log_softmax(1)  # [N, K, H, W]
        self.m = (m + 1) / 2 * self.top
        self.log_s = log_s.clamp(-7, 3) + math.log(space.levels / 4)

    def log_prob(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → [N] nats, by σ(a) - σ(b) = σ(a) σ(-b) (1 - e^(b-a)), which loses no digits."""
        x, rate = x.unsqueeze(1), (-self.log_s).exp()
        below = nn.functional.logsigmoid((x + 0.5 - self.m) * rate)
        above = nn.functional.logsigmoid((self.m - x + 0.5) * rate)
        inside = below + above + torch.log(-torch.expm1(-rate))
        log_mass = torch.where(x == 0, below, torch.where(x == self.top, above, inside))
        return (self.log_weight + log_mass.sum(2)).logsumexp(1).sum((1, 2))

    def sample(self) -> Tensor:
        """int64 [N, C, H, W], one draw: choose a logistic, invert its distribution function, round."""
        choice = torch.distributions.Categorical(logits=self.log_weight.movedim(1, -1)).sample()  # [N, H, W]
        index = choice[:, None, None].expand(-1, 1, self.m.shape[2], -1, -1)
        m, s = self.m.gather(1, index).squeeze(1), self.log_s.gather(1, index).squeeze(1).exp()
        u = torch.rand_like(m)
        return self.rounded(m + s * (u.log() - torch.log1p(-u)))

    def mean(self) -> Tensor:
        """float32 [N, C, H, W] in [0, levels - 1]: the mixture's mean, each logistic's taken at its centre inside."""
        return (self.log_weight.exp().unsqueeze(2) * self.m.clamp(0, self.top)).sum(1)

    def rounded(self, x: Tensor) -> Tensor:
        """The levels nearest to x, int64."""
        return x.clamp(0, self.top).round().long()


class Block(nn.Module):
    """A residual block that knows the time: normalise, convolve, normalise, scale and shift by the time, convolve."""

    def __init__(self, before: int, after: int, time: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(GROUPS, before), nn.SiLU(), nn.Conv2d(before, after, 3, padding=1))
        self.norm = nn.GroupNorm(GROUPS, after, affine=False)
        self.modulation = nn.Linear(time, 2 * after)
        self.second = nn.Sequential(nn.SiLU(), nn.Dropout2d(dropout), nn.Conv2d(after, after, 3, padding=1))
        self.shortcut = nn.Conv2d(before, after, 1) if before != after else nn.Identity()
        nn.init.zeros_(self.second[-1].weight)

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """[N, before, H, W] at time [N or 1, time] → [N, after, H, W]."""
        scale, shift = self.modulation(time)[:, :, None, None].chunk(2, dim=1)
        return self.shortcut(h) + self.second(self.norm(self.first(h)) * (1 + scale) + shift)


class UNet(nn.Module):
    """f(x_t, t), as large as x_t: a block at full size, `depth` blocks at half size, and one more that sees both."""

    def __init__(self, shape: tuple[int, ...], width: int, depth: int, dropout: float) -> None:
        super().__init__()
        channels, height, columns = shape
        time, inner = 2 * width, 3 * width
        self.register_buffer("frequencies", torch.logspace(0, math.log10(FREQUENCIES), width // 2))
        self.time = nn.Sequential(nn.Linear(width, time), nn.SiLU(), nn.Linear(time, time), nn.SiLU())
        self.stem = nn.Conv2d(channels, width, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(width, height, columns))
        self.enter = Block(width, width, time, dropout)
        self.down = nn.Conv2d(width, inner, 3, stride=2, padding=1)
        self.inside = nn.ModuleList(Block(inner, inner, time, dropout) for _ in range(depth))
        self.up = nn.Conv2d(inner, width, 1)
        self.leave = Block(2 * width, width, time, dropout)
        self.head = nn.Sequential(nn.GroupNorm(GROUPS, width), nn.SiLU(), nn.Conv2d(width, channels, 3, padding=1))
        nn.init.zeros_(self.head[-1].weight)

    def forward(self, x_t: Tensor, share: Tensor) -> Tensor:
        """x_t [N, C, H, W] at a time `share` in [0, 1], [N or 1] → [N, C, H, W]; constant before training."""
        angle = share[:, None] * self.frequencies
        time = self.time(torch.cat([angle.sin(), angle.cos()], dim=1))
        full = self.enter(self.stem(x_t) + self.place, time)
        half = self.down(full)  # [N, inner, ⌈H/2⌉, ⌈W/2⌉]
        for block in self.inside:
            half = block(half, time)
        back = nn.functional.interpolate(self.up(half), size=full.shape[-2:])
        return self.head(self.leave(torch.cat([full, back], dim=1), time))
