"""T networks, one for each time: a denoiser that is not told the time, since it knows no other."""

from collections.abc import Sequence

import torch
from genbench_unet import Error, UNet
from torch import Tensor, nn

MOST = 64  # networks


class SeparateDenoisers(nn.Module):
    """NN_1 … NN_T, of which NN_t alone is asked about x_t; they stand where one `genbench_unet.UNet` stands.

    Each has weights of its own and sees 1 / T of the training images: what is alike at neighbouring times is learnt
    again by each, which one network that is told the time saves. The harness takes for network evaluations how often
    the busiest part was called, which here is once in T steps.

    Args:
        nets: of t = 1 … T.
    """

    def __init__(self, nets: Sequence[UNet]) -> None:
        super().__init__()
        self.nets, self.classes = nn.ModuleList(nets), nets[0].classes

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """x_t [N, C, H, W] at times t / T [N or 1] of classes [N or 1], or not told → [N, outputs C, H, W]."""
        which = (t * len(self.nets)).round().long() - 1
        if len(which) == 1:
            return self.nets[which.item()](x_t, t, label)
        label = label if label is None else label.expand(len(x_t))
        rows = {i: (which == i).nonzero().squeeze(1) for i in which.unique().tolist()}
        told = [self.nets[i](x_t[own], t[own], label if label is None else label[own]) for i, own in rows.items()]
        return torch.cat(told)[torch.cat([*rows.values()]).argsort()]

    @property
    def share(self) -> Tensor:
        """p(y) as `train` counts it, [classes]."""
        return self.nets[0].share

    def drawn(self, n: int, labels: Tensor | None) -> Tensor | None:
        """As `UNet.drawn`."""
        return self.nets[0].drawn(n, labels)

    def told(self, y: Tensor | None, share: float) -> Tensor | None:
        """As `UNet.told`."""
        return self.nets[0].told(y, share)

    def likeliest(self, x: Tensor, times: Tensor, error: Error) -> Tensor | None:
        """As `UNet.likeliest`."""
        return self.nets[0].likeliest(x, times, error)
