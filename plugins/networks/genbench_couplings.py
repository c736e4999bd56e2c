"""The invertible network of Real NVP: affine couplings at several scales, which hear the class."""

import torch
from genbench_networks import Mix
from torch import Tensor, nn


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
    an untrained coupling is the identity. The first layer hears the class. A learned bound per channel limits |s|.

    Args:
        b: the mask, [C, H, W] of zeros and ones.
        width: channels inside the network.
        dropout: share of its inner channels that are zeroed in training, in [0, 1).
        classes: how many there are.
    """

    def __init__(self, b: Tensor, width: int, dropout: float, classes: int) -> None:
        super().__init__()
        c = b.shape[0]
        self.register_buffer("b", b, persistent=False)
        self.first = nn.Conv2d(c + 1, width, 3, padding=1)
        self.classes = nn.Embedding(classes, width)
        self.rest = nn.Sequential(
            nn.ReLU(),
            nn.Dropout2d(dropout),
            Mix(width, width),
            nn.ReLU(),
            nn.Conv2d(width, 2 * c, 3, padding=1),
        )
        for zero in (self.classes.weight, self.rest[-1].weight, self.rest[-1].bias):
            nn.init.zeros_(zero)
        self.bound = nn.Parameter(torch.ones(c, 1, 1))

    def forward(self, x: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] of classes [N] → y of the same shape, and log|∂y/∂x| [N]."""
        s, t = self._scale_and_shift(x, label)
        return x * s.exp() + t, s.sum((1, 2, 3))

    def inverse(self, y: Tensor, label: Tensor) -> Tensor:
        """The x that `forward` maps to y, eq. 8: the network sees the same unchanged half."""
        s, t = self._scale_and_shift(y, label)
        return (y - t) * (-s).exp()

    def _scale_and_shift(self, x: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        mask = self.b[:1].expand(len(x), -1, -1, -1)
        inner = self.first(torch.cat([self.b * x, mask], dim=1)) + self.classes(label)[:, :, None, None]
        s, t = self.rest(inner).chunk(2, dim=1)
        return (1 - self.b) * self.bound * s.tanh(), (1 - self.b) * t


class Scale(nn.Module):
    """One scale of section 3.6, and the scales inside it.

    Three checkerboard couplings, a squeeze of 2×2 pixels into channels, three channel-wise couplings; half of the
    channels are then done, the others go through the next scale. Where a side is odd or below 8 there is nothing to
    squeeze: four checkerboard couplings end the recursion.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, dropout: float, classes: int) -> None:
        super().__init__()
        c, h, w = self.shape = shape
        squeezes = min(h, w) >= 8 and h % 2 == w % 2 == 0
        squeezed = (4 * c, h // 2, w // 2)
        rest = (dropout, classes)
        self.before = nn.ModuleList(Coupling(checkerboard(shape, i % 2), width, *rest) for i in range(4 - squeezes))
        self.after = nn.ModuleList(
            Coupling(channelwise(squeezed, i % 2), 2 * width, *rest) for i in range(3 * squeezes)
        )
        self.inner = Scale((2 * c, h // 2, w // 2), 2 * width, dropout, classes) if squeezes else None

    def forward(self, x: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] of classes [N] → z [N, C H W] and log|∂z/∂x| [N]."""
        log_det = x.new_zeros(len(x))
        for coupling in self.before:
            x, change = coupling(x, label)
            log_det = log_det + change
        if self.inner is None:
            return x.flatten(1), log_det
        x = nn.functional.pixel_unshuffle(x, 2)  # [N, 4C, H/2, W/2]
        for coupling in self.after:
            x, change = coupling(x, label)
            log_det = log_det + change
        done, x = x.chunk(2, dim=1)
        z, change = self.inner(x, label)
        return torch.cat([done.flatten(1), z], dim=1), log_det + change

    def inverse(self, z: Tensor, label: Tensor) -> Tensor:
        """The x that `forward` maps to z, to rounding."""
        x = z.view(-1, *self.shape) if self.inner is None else self._unsqueezed(z, label)
        for coupling in reversed(self.before):
            x = coupling.inverse(x, label)
        return x

    def _unsqueezed(self, z: Tensor, label: Tensor) -> Tensor:
        c, h, w = self.shape
        done, rest = z.chunk(2, dim=1)
        x = torch.cat([done.reshape(-1, 2 * c, h // 2, w // 2), self.inner.inverse(rest, label)], dim=1)
        for coupling in reversed(self.after):
            x = coupling.inverse(x, label)
        return nn.functional.pixel_shuffle(x, 2)
