"""Flow matching: a U-Net learns the velocity of straight paths from noise to images, and an ODE is followed back."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import torch
from genbench_unet import LOOKS, UNet, train
from torch import Tensor

import genbench
from genbench import Choice, Range


class FlowMatching(genbench.Model, genbench.Latent, genbench.Conditional):
    """x_t = (1 - t) x + t z goes straight from an image x to noise z; v(x_t, t, y) learns E[z - x | x_t, y].

    Minimised is E|v(x_t, t, y) - (z - x)|² over t uniform on [0, 1], eq. 1 of Liu et al., eq. 23 of Lipman et al. at
    σ_min = 0. Entries of x are scaled to [-1, 1]. The flow of dx_t = v dt carries N(0, I) at t = 1 to the images at t =
    0, and back, a flow for each class y: a latent vector is z, and a normal for each class, by which y is drawn. Times
    here run from images to noise, against the papers'. The weights kept are an average over the late training steps. No
    density is computed: it would take the divergence of v along the path. NFE: N of "euler-N", 2N of "midpoint-N". Weak
    at speed: paths are straight given their ends, and those of E[z - x | x_t] are not, so that one step gives blurs.

    Args:
        space: images with integer levels.
        width, depth: channels at full size, blocks at the smallest, see `genbench_unet.UNet`.
        dropout: of channels, in training.
        lr, batch, epochs: see `genbench_unet.train`.
        compiled: see `genbench_unet.UNet`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "flow-matching"
    family = genbench.Family.DIFFUSION
    source = "Lipman et al. 2022, https://arxiv.org/abs/2210.02747; Liu et al. 2022, https://arxiv.org/abs/2209.03003"
    samplers: ClassVar = {
        "euler-20": {"method": "euler", "steps": 20},
        "midpoint-20": {"steps": 20},
        "euler-5": {"method": "euler", "steps": 5},
    }

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
        compiled: bool = False,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"{self.name} needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.lr, self.batch, self.epochs = space, lr, batch, epochs
        self.net = UNet(space, width, depth, dropout, compiled=compiled)

    @property
    def latent_dim(self) -> int:
        return self.net.latent_dim

    def fit(self, data: genbench.TrainingData) -> None:
        """Least squares at random times."""
        train(self.net, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=0.0)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """The mean of |v(x_t, t, y) - (z - x)|² over entries of integers x."""
        t, x = even_times(x), self.scaled(x)
        return self.error(x, t, torch.randn_like(x), label).mean()

    def error(self, x: Tensor, t: Tensor, z: Tensor, label: Tensor | None) -> Tensor:
        """The mean squared error of v at times t [N] of classes [N or 1]: [N]."""
        share = t.view(-1, 1, 1, 1)
        return (self.net((1 - share) * x + share * z, t, label) - (z - x)).square().flatten(1).mean(1)

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x.float() / (self.space.levels - 1) - 1

    def carried(
        self, x: Tensor, times: tuple[float, float], method: str, steps: int, label: Tensor | None = None
    ) -> Tensor:
        """x [N, C, H, W] of classes [N] at the first time, carried along the flow to the second in even steps."""
        first, last = times
        step, advance = (last - first) / steps, METHODS[method]

        def velocity(x_t: Tensor, t: float) -> Tensor:
            return self.net(x_t, torch.full((1,), t, device=x_t.device), label)

        for i in range(steps):
            x = x + step * advance(velocity, x, first + i * step, step)
        return x

    def sample(self, n: int, *, labels: Tensor | None = None, method: str = "midpoint", steps: int = 20) -> Tensor:
        """Carry noise to images by "euler" or "midpoint", which asks the network once or twice a step."""
        place = self.net.place.device
        if labels is None:
            z, labels = self.net.parted(torch.randn(n, self.latent_dim, device=place))
        else:
            z = torch.randn(n, *self.space.shape, device=place)
        return self.levels(self.carried(z, (1.0, 0.0), method, steps, labels)).round().long()

    def encode(self, x: Tensor) -> Tensor:
        """Along the flow of the class under which v is told best at a few times."""
        x = self.scaled(x)
        label = self.net.likeliest(x, torch.linspace(0, 1, LOOKS + 2, device=x.device)[1:-1], self.error)
        return self.net.joined(self.carried(x, (0.0, 1.0), "midpoint", 20, label), label)

    def render(self, z: Tensor) -> Tensor:
        noise, label = self.net.parted(z)
        return self.levels(self.carried(noise, (1.0, 0.0), "midpoint", 20, label))

    def levels(self, x: Tensor) -> Tensor:
        """Float32 in [-1, 1] → float32 in [0, levels - 1], what lies outside clipped."""
        return (x.clamp(-1, 1) + 1) / 2 * (self.space.levels - 1)


def even_times(x: Tensor) -> Tensor:
    """Times [N] for images [N, …], evenly spaced from a random start: each is uniform, and means vary less."""
    return (torch.arange(len(x), device=x.device) / len(x) + torch.rand(1, device=x.device)) % 1


Velocity = Callable[[Tensor, float], Tensor]


def euler(velocity: Velocity, x: Tensor, t: float, step: float) -> Tensor:
    """The velocity with which a step of Euler's method goes on from x at t."""
    return velocity(x, t)


def midpoint(velocity: Velocity, x: Tensor, t: float, step: float) -> Tensor:
    """The velocity half a step of Euler's method ahead: its error falls with the square of the step."""
    return velocity(x + step / 2 * velocity(x, t), t + step / 2)


METHODS = {"euler": euler, "midpoint": midpoint}


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [FlowMatching]
