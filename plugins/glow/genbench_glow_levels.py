"""The invertible network of Glow: actnorm, 1×1 convolutions and affine couplings, at several levels."""

import torch
from genbench_couplings import Coupling, channelwise, checkerboard
from torch import Tensor, nn

Shape = tuple[int, int, int]


class ActNorm(nn.Module):
    """y = s ⊙ x + b, a scale and a bias for each of C channels; log|∂y/∂x| = H W Σ log|s|.

    Before training, s and b are set to give each channel of a first batch mean 0 and variance 1 (section 3.1).
    """

    def __init__(self, c: int) -> None:
        super().__init__()
        self.log_s = nn.Parameter(torch.zeros(c, 1, 1))
        self.b = nn.Parameter(torch.zeros(c, 1, 1))

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """Take s and b from a batch x [N, C, H, W]."""
        deviation, mean = torch.std_mean(x, dim=(0, 2, 3), correction=0)
        self.log_s.copy_(-deviation.clamp(min=1e-6).log()[:, None, None])
        self.b.copy_(-mean[:, None, None] * self.log_s.exp())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] → y of the same shape, and log|∂y/∂x| [], the same for every row."""
        return self.log_s.exp() * x + self.b, x[0, 0].numel() * self.log_s.sum()

    def inverse(self, y: Tensor) -> Tensor:
        """The x that `forward` maps to y."""
        return (y - self.b) * (-self.log_s).exp()


class InvertibleMix(nn.Module):
    """y = W x at every pixel, W = P L (U + diag(s)) (eq. 10): a 1×1 convolution; log|∂y/∂x| = H W Σ log|s| (eq. 11).

    L is lower triangular with ones on its diagonal, U strictly upper triangular, P a permutation that stays as it is,
    as do the signs of s. W starts as a random rotation.
    """

    def __init__(self, c: int) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(c, c)).Q
        permutation, lower, upper = torch.linalg.lu(rotation)
        s = upper.diagonal()
        self.register_buffer("P", permutation)
        self.register_buffer("sign", s.sign())
        self.L = nn.Parameter(lower.tril(-1))  # the entries on and above the diagonal are never read
        self.U = nn.Parameter(upper.triu(1))
        self.log_s = nn.Parameter(s.abs().log())

    @property
    def W(self) -> Tensor:  # noqa: N802 (the paper's symbol)
        """[C, C]"""
        unit = torch.eye(len(self.L), dtype=self.L.dtype, device=self.L.device)
        return self.P @ (self.L.tril(-1) + unit) @ (self.U.triu(1) + (self.sign * self.log_s.exp()).diag())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] → y of the same shape, and log|∂y/∂x| [], the same for every row."""
        return self._mixed(self.W, x), x[0, 0].numel() * self.log_s.sum()

    def inverse(self, y: Tensor) -> Tensor:
        """The x that `forward` maps to y."""
        return self._mixed(torch.linalg.inv(self.W), y)

    @staticmethod
    def _mixed(matrix: Tensor, x: Tensor) -> Tensor:
        return (matrix.expand(len(x), -1, -1) @ x.flatten(2)).unflatten(2, x.shape[2:])


class Step(nn.Module):
    """A step of flow (figure 2a): actnorm, an invertible 1×1 convolution, an affine coupling of mask b [C, H, W].

    The coupling is that of Real NVP, whose log-scale is bounded by a learned number; the paper's is not, and its code's
    is log σ(· + 2).
    """

    def __init__(self, b: Tensor, width: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.mix = ActNorm(len(b)), InvertibleMix(len(b))
        self.coupling = Coupling(b, width, dropout, classes=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] → y of the same shape, and log|∂y/∂x| [N]."""
        x, scaled = self.norm(x)
        x, mixed = self.mix(x)
        y, coupled = self.coupling(x, _same(x))
        return y, scaled + mixed + coupled

    def inverse(self, y: Tensor) -> Tensor:
        """The x that `forward` maps to y, to rounding."""
        return self.norm.inverse(self.mix.inverse(self.coupling.inverse(y, _same(y))))


class Level(nn.Module):
    """A level of figure 2b and those inside it: squeeze, K steps of flow, and half of the channels leave.

    Where a side is odd nothing can be squeezed: the steps' masks are checkerboards, and it is the only level. A next
    level follows where it can squeeze sides of 4 or more. The half that leaves is the one that the last coupling
    changed: its scale and shift, told by the other half, are the learned prior of the paper's code.

    Args:
        shape: of what comes in.
        steps: K.
        width: channels inside the couplings' networks, doubled at each further level.
        dropout: of these channels, in training.
    """

    def __init__(self, shape: Shape, steps: int, width: int, dropout: float) -> None:
        super().__init__()
        c, h, w = shape
        self.squeezes = h % 2 == w % 2 == 0
        self.shape = c, h, w = (4 * c, h // 2, w // 2) if self.squeezes else shape
        masks = [channelwise(self.shape, 1) if self.squeezes else checkerboard(shape, i % 2) for i in range(steps)]
        self.steps = nn.ModuleList(Step(b, width, dropout) for b in masks)
        splits = self.squeezes and h % 2 == w % 2 == 0 and min(h, w) >= 4
        self.inner = Level((c // 2, h, w), steps, 2 * width, dropout) if splits else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, C, H, W] → z [N, C H W] and log|∂z/∂x| [N]."""
        x = nn.functional.pixel_unshuffle(x, 2) if self.squeezes else x
        log_det = x.new_zeros(len(x))
        for step in self.steps:
            x, change = step(x)
            log_det = log_det + change
        if self.inner is None:
            return x.flatten(1), log_det
        x, done = x.chunk(2, dim=1)
        z, change = self.inner(x)
        return torch.cat([done.flatten(1), z], dim=1), log_det + change

    def inverse(self, z: Tensor) -> Tensor:
        """The x that `forward` maps to z, to rounding."""
        if self.inner is None:
            x = z.view(-1, *self.shape)
        else:
            c, h, w = self.shape
            done, rest = z.chunk(2, dim=1)
            x = torch.cat([self.inner.inverse(rest), done.reshape(-1, c // 2, h, w)], dim=1)
        for step in reversed(self.steps):
            x = step.inverse(x)
        return nn.functional.pixel_shuffle(x, 2) if self.squeezes else x


def initialise(flow: Level, x: Tensor) -> None:
    """Set each actnorm of the flow by what reaches it of a batch x [N, C, H, W], in the order of the flow."""
    norms = [module for module in flow.modules() if isinstance(module, ActNorm)]
    hooks = [norm.register_forward_pre_hook(lambda norm, inputs: norm.initialise(*inputs)) for norm in norms]
    flow(x)
    for hook in hooks:
        hook.remove()


def _same(x: Tensor) -> Tensor:
    """One class for all: the couplings of Real NVP ask for it [N]; here the prior alone hears the class."""
    return torch.zeros(len(x), dtype=torch.int64, device=x.device)
