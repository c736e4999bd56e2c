"""Conditional flow matching by the library torchcfm: noise is coupled to images by optimal transport in each batch."""

from typing import Annotated, Any, ClassVar

import torch
from genbench_unet import UNet, train
from torch import Tensor

import genbench
from genbench import Choice, Range


class TorchCFM(genbench.Model, genbench.Latent):
    """min E |v(x_t, t) - (x_1 - x_0)|², x_t ~ N(t x_1 + (1 - t) x_0, σ²), (x_0, x_1) coupled: eq. 14, 15 and 17.

    x_0 is noise, x_1 an image scaled to [-1, 1]. Within a batch, optimal transport says which noise goes to which
    image, so that paths seldom cross and fewer steps follow them. A batch couples few points in many dimensions: what
    that straightens is little. The network hears no class: under a coupling of the whole batch the noise would depend
    on it. Euler's method evaluates the network once a step, the midpoint method twice. No density is computed.

    Args:
        space: images with integer levels.
        coupling: "exact" optimal transport (OT-CFM), or "independent" (I-CFM), which is flow matching.
        sigma: σ, in units of x_1.
        width, depth, dropout: see `genbench_unet.UNet`.
        lr, batch, epochs: see `genbench_unet.train`; optimal transport couples as many images as the batch holds.
    Raises:
        Unsuitable: no image, fewer than 2 levels, or the library is not installed.
    """

    name = "torchcfm"
    family = genbench.Family.DIFFUSION
    source = "Tong et al. 2024, https://arxiv.org/abs/2302.00482; https://github.com/atong01/conditional-flow-matching"
    samplers: ClassVar = {
        "midpoint-20": {},
        "euler-20": {"method": "euler"},
        "euler-5": {"method": "euler", "steps": 5},
    }

    def __init__(
        self,
        space: genbench.Space,
        *,
        coupling: Annotated[str, Choice("exact", "independent")] = "exact",
        sigma: Annotated[float, Range(0.0, 1.0)] = 0.0,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"torchcfm needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.lr, self.batch, self.epochs = space, lr, batch, epochs
        self.matcher = matcher(coupling, sigma)
        self.v = UNet(genbench.Space(space.shape, space.levels), width, depth, dropout)

    @property
    def latent_dim(self) -> int:
        return self.v.latent_dim

    def fit(self, data: genbench.TrainingData) -> None:
        train(self.v, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=0.0)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """The mean squared error of v on integers x, at a uniform time for each."""
        x_1 = 2 * x / (self.space.levels - 1) - 1
        t, x_t, u_t = self.matcher.sample_location_and_conditional_flow(torch.randn_like(x_1), x_1)
        return (self.v(x_t, t) - u_t).square().mean()

    def carried(self, x_t: Tensor, start: float, end: float, method: str = "midpoint", steps: int = 20) -> Tensor:
        """x_t [N, C, H, W] at the time `start`, carried along v to the time `end` in even steps."""
        step = (end - start) / steps
        for t in start + step * torch.arange(steps, device=x_t.device)[:, None]:  # [1] each
            v = self.v(x_t, t)
            x_t = x_t + step * (self.v(x_t + step / 2 * v, t + step / 2) if method == "midpoint" else v)
        return x_t

    def sample(self, n: int, *, labels: Tensor | None = None, method: str = "midpoint", steps: int = 20) -> Tensor:
        x_0 = torch.randn(n, *self.space.shape, device=self.v.place.device)
        return self.levels(self.carried(x_0, 0, 1, method, steps)).round().long()

    def encode(self, x: Tensor) -> Tensor:
        return self.carried(2 * x / (self.space.levels - 1) - 1, 1, 0).flatten(1)

    def render(self, z: Tensor) -> Tensor:
        return self.levels(self.carried(z.view(-1, *self.space.shape), 0, 1))

    def levels(self, x: Tensor) -> Tensor:
        """Real numbers, those in [-1, 1] to [0, levels - 1], the others clipped."""
        return (x.clamp(-1, 1) + 1) / 2 * (self.space.levels - 1)


def matcher(coupling: str, sigma: float) -> Any:
    """What pairs noise and images; the library comes with much that this model does not need, so that not all have it.

    Raises:
        Unsuitable: it is not installed.
    """
    try:
        from torchcfm import ConditionalFlowMatcher, ExactOptimalTransportConditionalFlowMatcher
    except ImportError as error:
        words = f'needs the library torchcfm ({error}): pip install "./plugins/torchcfm[torchcfm]"'
        raise genbench.Unsuitable(words) from None
    return (ExactOptimalTransportConditionalFlowMatcher if coupling == "exact" else ConditionalFlowMatcher)(sigma)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [TorchCFM]
