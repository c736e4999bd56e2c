"""Noise u in [0, 1) that makes integers x continuous: uniform, or drawn by a small flow that looks at x."""

import math

import torch
from genbench_couplings import Coupling, checkerboard
from torch import Tensor, nn

NEAREST = 1e-6  # of u to 0 and 1


class Uniform(nn.Module):
    """q(u|x) = 1 on the unit cube (Theis et al. 2016, https://arxiv.org/abs/1511.01844)."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """int64 [N, C, H, W] → a draw of u, float32 of that shape, and log q(u|x) [N] nats."""
        return torch.rand(x.shape, device=x.device), torch.zeros(len(x), device=x.device)


class Variational(nn.Module):
    """u = σ(g(logit(u₀), x)), u₀ uniform, with g a chain of affine couplings: q(u|x) of Ho et al. 2019, section 3.1.

    In expectation log p(x + u) - log q(u|x) bounds log P(x) (eq. 12 there), the tighter the nearer q is to p(u|x).
    The image goes along through the couplings as channels that their masks never change. As they start as the
    identity, q starts as the uniform noise; the paper begins at a Gaussian and couples by mixtures of logistics.

    Args:
        shape, levels: of the images.
        width: channels inside the couplings' networks.
        couplings: how many, on checkerboards of alternating parity.
    Source: Ho et al. 2019, https://arxiv.org/abs/1902.00275
    """

    def __init__(self, shape: tuple[int, int, int], levels: int, width: int, couplings: int = 4) -> None:
        super().__init__()
        self.levels, seen = levels, torch.ones(shape)
        masks = [torch.cat([checkerboard(shape, i % 2), seen]) for i in range(couplings)]
        self.g = nn.ModuleList(Coupling(b, width, dropout=0.0, classes=1) for b in masks)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """int64 [N, C, H, W] → a draw of u, float32 of that shape, and log q(u|x) [N] nats."""
        u = torch.rand(x.shape, device=x.device).clamp(NEAREST, 1 - NEAREST)
        a, log_det = self.coupled(u.logit(), x)
        return a.sigmoid(), log_slope(u.logit()) - log_det - log_slope(a)

    def coupled(self, a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """g(a, x) of a [N, C, H, W], and log|∂g/∂a| [N]."""
        same = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        both, log_det = torch.cat([a, (2 * x + 1) / self.levels - 1], dim=1), a.new_zeros(len(a))
        for coupling in self.g:
            both, change = coupling(both, same)
            log_det = log_det + change
        return both.chunk(2, dim=1)[0], log_det


def log_slope(a: Tensor) -> Tensor:
    """log|∂σ(a)/∂a|, which is also the log-density of the logit of uniform noise: [N, C, H, W] → [N]."""
    return (nn.functional.logsigmoid(a) + nn.functional.logsigmoid(-a)).flatten(1).sum(1)


def log_mean(draws: list[Tensor]) -> Tensor:
    """log 1/K Σ_k exp(draw_k) of K draws [N] each: of unbiased ones, in expectation a bound that K tightens.

    Source: Burda et al. 2015, https://arxiv.org/abs/1509.00519
    """
    return torch.stack(draws).logsumexp(0) - math.log(len(draws))
