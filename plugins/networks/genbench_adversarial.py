"""What adversarial models share: the losses of their two players, what holds D back, a discriminator, an average."""

import math
from abc import ABC, abstractmethod
from enum import Enum
from itertools import pairwise
from typing import ClassVar

import torch
from genbench_networks import halvings
from torch import Tensor, nn
from torch.nn.functional import relu, softplus
from torch.nn.utils.parametrizations import spectral_norm

NARROWEST = 8  # channels at the larger sizes at least


class Restraint(Enum):
    """What holds D back, so that G can learn from it."""

    R1 = "γ/2 E |∇D(x)|² is added to D's loss. Mescheder et al. 2018, eq. 9, https://arxiv.org/abs/1801.04406"
    CLIPPING = "each weight is clipped to [-c, c]. Arjovsky et al. 2017, algorithm 1, https://arxiv.org/abs/1701.07875"
    SLOPE = (
        "λ E (|∇D(x̂)| - 1)² is added, x̂ between real and generated images. Gulrajani et al. 2017, eq. 3, "
        "https://arxiv.org/abs/1704.00028"
    )
    SPECTRAL = (
        "each weight is divided by its largest singular value. Miyato et al. 2018, https://arxiv.org/abs/1802.05957"
    )


class Loss(ABC):
    """What D and G go down, of what D says, d = D(x) of real and d' = D(G(z)) of generated images, [N] each."""

    restraint: ClassVar[Restraint] = Restraint.R1
    critic_steps: ClassVar[int] = 1  #: steps of D for one of G

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """D's loss, of d and d'."""

    @abstractmethod
    def generator(self, fake: Tensor) -> Tensor:
        """G's loss, of d'."""


class Minimax(Loss):
    """D: -E log σ(d) - E log(1 - σ(d')). G: E log(1 - σ(d')), the same game from the other side.

    G descends the Jensen-Shannon divergence where D is the best there is, but learns nothing (saturates) where D is
    sure: the slope of its loss is -σ(d'). Source: Goodfellow et al. 2014, eq. 1, https://arxiv.org/abs/1406.2661
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(fake).mean()

    def generator(self, fake: Tensor) -> Tensor:
        return -softplus(fake).mean()


class NonSaturating(Loss):
    """D: -E log σ(d) - E log(1 - σ(d')), binary cross-entropy. G: -E log σ(d').

    The slope of G's loss is -σ(-d'), the steepest where D is sure. Source: Goodfellow et al. 2014, section 3.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return softplus(-real).mean() + softplus(fake).mean()

    def generator(self, fake: Tensor) -> Tensor:
        return softplus(-fake).mean()


class LeastSquares(Loss):
    """D: ½ E (d - 1)² + ½ E d'². G: ½ E (d' - 1)².

    Generated images that D calls real by far still have a slope. The paper restrains D by nothing.
    Source: Mao et al. 2017, eq. 9, https://arxiv.org/abs/1611.04076
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((real - 1).square().mean() + fake.square().mean()) / 2

    def generator(self, fake: Tensor) -> Tensor:
        return (fake - 1).square().mean() / 2


class Wasserstein(Loss):
    """D: E d' - E d. G: -E d'. D is a critic: minus its loss is K times the distance W₁, for D of slopes up to K.

    The bound on the weights makes that K, which nobody knows, and simple functions of D: a known weakness.
    Source: Arjovsky et al. 2017, eq. 2 and algorithm 1, https://arxiv.org/abs/1701.07875
    """

    restraint = Restraint.CLIPPING
    critic_steps = 5

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator(self, fake: Tensor) -> Tensor:
        return -fake.mean()


class PenalisedWasserstein(Loss):
    """The same losses, with slopes pulled to 1 between real and generated images: minus D's loss is about W₁.

    Source: Gulrajani et al. 2017, algorithm 1, https://arxiv.org/abs/1704.00028
    """

    restraint = Restraint.SLOPE
    critic_steps = 5

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator(self, fake: Tensor) -> Tensor:
        return -fake.mean()


class Hinge(Loss):
    """D: E max(0, 1 - d) + E max(0, 1 + d'). G: -E d'. Images told apart by the margin teach D nothing more.

    Source: Lim and Ye 2017, https://arxiv.org/abs/1705.02894; with spectral normalisation Miyato et al. 2018, eq. 16
    and 17, https://arxiv.org/abs/1802.05957
    """

    restraint = Restraint.SPECTRAL

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator(self, fake: Tensor) -> Tensor:
        return -fake.mean()


LOSSES: dict[str, Loss] = {
    "minimax": Minimax(),
    "non-saturating": NonSaturating(),
    "least-squares": LeastSquares(),
    "wasserstein": Wasserstein(),
    "wasserstein-gp": PenalisedWasserstein(),
    "hinge": Hinge(),
}


def squared_slope(judged: Tensor, x: Tensor) -> Tensor:
    """|∇D(x)|² of x [N, C, H, W], which D judged as [N]: [N], through which gradients pass."""
    (gradient,) = torch.autograd.grad(judged.sum(), x, create_graph=True)
    return gradient.square().sum((1, 2, 3))


def between(real: Tensor, fake: Tensor) -> Tensor:
    """x̂ = u x + (1 - u) x', u uniform in each row: [N, C, H, W], of which a slope can be asked."""
    u = torch.rand(len(real), 1, 1, 1, device=real.device)
    return torch.lerp(fake, real, u).requires_grad_()


@torch.no_grad()
def clip(net: nn.Module, most: float) -> None:
    """Put each parameter into [-most, most]."""
    for parameter in net.parameters():
        parameter.clamp_(-most, most)


def power_law(average: Tensor, new: Tensor, step: int | Tensor, exponent: float) -> Tensor:
    """The average after t = step + 1 values at weights ∝ t^exponent, of the one before and the new value.

    β average + (1 - β) new with β = (1 - 1/t)^(exponent + 1); counters are copied. Source: Karras et al. 2024, eq. 1,
    https://arxiv.org/abs/2312.02696
    """
    if not new.is_floating_point():
        return new
    return torch.lerp(new, average, (1 - 1 / (float(step) + 1)) ** (exponent + 1))


def descended(optimiser: torch.optim.Optimizer, loss: Tensor) -> float:
    """Take a step of one player down its loss, and say what that was."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


def widths(shape: tuple[int, int, int], width: int) -> list[int]:
    """Channels at each size of `halvings`: `width` at the smallest, half as many at each larger one.

    Doubled at each halving instead, from a given count at the image's own size, they would make large images dear.
    """
    larger = [max(NARROWEST, width // 2**i) for i in range(1, len(halvings(shape)))]
    return [*larger[::-1], width]


def halved(shape: tuple[int, int, int], channels: list[int]) -> list[nn.Module]:
    """Layers from images to the smallest of `halvings`, `channels` at each size, by 4×4 strided convolutions."""
    layers: list[nn.Module] = []
    for (h, w), (outer, inner) in zip(halvings(shape)[:-1], pairwise(channels), strict=True):
        layers += [nn.ZeroPad2d((1, 1 + w % 2, 1, 1 + h % 2)), nn.Conv2d(outer, inner, 4, 2), nn.LeakyReLU(0.2)]
    return layers


class Discriminator(nn.Module):
    """Says how real images are: halved by 4×4 strided convolutions, then a map of all and one of the class.

    The way in which it takes the class y is Miyato and Koyama's 2018 (https://arxiv.org/abs/1802.05637, eq. 3).
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int) -> None:
        super().__init__()
        channels, features = widths(shape, width), width * math.prod(halvings(shape)[-1])
        channels[0] = shape[0]  # no features as large as the image, which take the most time and helped little
        layers = halved(shape, channels)
        self.features = nn.Sequential(
            *layers, nn.Conv2d(channels[-1], width, 3, padding=1), nn.LeakyReLU(0.2), nn.Flatten()
        )
        self.all, self.each = nn.Linear(features, 1), nn.Linear(features, classes)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Images [N, C, H, W] of classes [N] → [N], any real numbers."""
        h = self.features(x)
        return (self.all(h) + self.each(h).gather(1, label[:, None])).squeeze(1)

    def normalised(self) -> "Discriminator":
        """Itself, with each weight divided by its largest singular value, which a step of power iteration tracks."""
        for layer in [*self.modules()]:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                spectral_norm(layer)
        return self
