"""CycleGAN: two domains translated into each other by networks that are trained without pairs."""

from itertools import chain
from typing import Annotated

import torch
from genbench_adversarial import LOSSES, descended
from genbench_networks import halvings
from torch import Tensor, nn
from torch.nn.functional import interpolate, l1_loss
from torch.optim.lr_scheduler import LambdaLR

import genbench

DOMAINS = 2  # X is class 0 and Y is class 1
LARGEST = 16  # pixels a side at which residual blocks work: larger images are halved, twice at most
LOGS = 50  # points on the training curve


class Resized(nn.Module):
    """Each pixel repeated, to a given height and width."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, h, w] → [N, C, H, W]."""
        return interpolate(x, self.size, mode="nearest")


class Block(nn.Module):
    """x + f(x), f two 3×3 convolutions with instance normalisation: the paper's residual block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.f = nn.Sequential(*_layer(width, width, nn.ReLU()), *_layer(width, width, nn.Identity()))

    def forward(self, x: Tensor) -> Tensor:
        """[N, width, H, W] → the same shape."""
        return x + self.f(x)


def _layer(before: int, after: int, activation: nn.Module, stride: int = 1) -> list[nn.Module]:
    """A 3×3 convolution that keeps or halves the size, rounded up, normalised over each image's own pixels."""
    return [nn.Conv2d(before, after, 3, stride, 1), nn.InstanceNorm2d(after, affine=True), activation]


def generator(shape: tuple[int, int, int], width: int, blocks: int) -> nn.Sequential:
    """Images [N, C, H, W] in [-1, 1] → such: halved, residual blocks, enlarged again (appendix 7.2)."""
    sizes = halvings(shape)
    sizes = sizes[: 1 + min(2, sum(min(size) > LARGEST for size in sizes))]
    layers = _layer(shape[0], width, nn.ReLU())
    for i in range(len(sizes) - 1):
        layers += _layer(width * 2**i, width * 2 ** (i + 1), nn.ReLU(), stride=2)
    layers += [Block(width * 2 ** (len(sizes) - 1)) for _ in range(blocks)]
    for i in reversed(range(len(sizes) - 1)):
        layers += [Resized(sizes[i]), *_layer(width * 2 ** (i + 1), width * 2**i, nn.ReLU())]
    return nn.Sequential(*layers, nn.Conv2d(width, shape[0], 3, padding=1), nn.Tanh())


def discriminator(shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """Images [N, C, H, W] → how real each patch is, [N, 1, h, w]: halved three times at most (PatchGAN)."""
    leaky, before, layers = nn.LeakyReLU(0.2), shape[0], list[nn.Module]()
    for i in range(min(3, len(halvings(shape)) - 1)):
        layers += [nn.Conv2d(before, width * 2**i, 3, 2, 1), leaky]
        before = width * 2**i
    return nn.Sequential(*layers, nn.Conv2d(before, 2 * width, 3, padding=1), leaky, nn.Conv2d(2 * width, 1, 1))


class CycleGAN(genbench.Learner, genbench.Translator):
    """y = G(x) and x = F(y): images of the other domain that the discriminators D_Y and D_X take for real.

    D_Y goes down E (D_Y(y) - 1)² + E D_Y(G(x))², D_X the same with x and F(y); G and F go down

        E (D_Y(G(x)) - 1)² + E (D_X(F(y)) - 1)²                      eq. 1, in the form of section 4
        + λ (E |F(G(x)) - x|₁ + E |G(F(y)) - y|₁)                    eq. 2 and 3, λ `cycle`
        + λ_id (E |G(y) - y|₁ + E |F(x) - x|₁)                       section 5.2, λ_id `identity` times λ

    each divided by two, with |·|₁ a mean over pixels. Nothing says that G(x) is the same thing as x. The second line
    asks that it can be found again, the third that what is in the domain already stays, and the networks do the rest:
    they change what is near in pixels. Batches of many images stand in for the paper's one image a step and its
    history of 50 generated ones. What D sees has uniform noise of one level's width, so that integers are not what
    tells real images apart. Networks are smaller than the paper's, by the Space; D has no normalisation.

    An answer is one evaluation, and always the same: a domain that is larger than the other is not covered.

    Args:
        space: images of at least 2×2 pixels with integer levels and two classes, the domains.
        cycle: λ.
        identity: λ_id / λ.
        width: channels at full size; doubled at each halving.
        blocks: residual ones of each generator.
        lr: Adam's learning rate in the first half of the training; it falls to 0 along a line in the second.
        batch: images a step, of both domains together.
        epochs: passes over the training set at most, within the budget.
    Raises:
        Unsuitable: no image, a side below 2, no integer levels, or not two classes.
    """

    name = "cyclegan"
    family = genbench.Family.GAN
    source = "Zhu, Park, Isola and Efros 2017, https://arxiv.org/abs/1703.10593"

    def __init__(
        self,
        space: genbench.Space,
        *,
        cycle: Annotated[float, genbench.Range(0, 100)] = 10.0,
        identity: Annotated[float, genbench.Range(0, 10)] = 0.5,
        width: Annotated[int, genbench.Range(4, 256, log=True)] = 24,
        blocks: Annotated[int, genbench.Range(1, 12)] = 2,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 1e-3,
        batch: Annotated[int, genbench.Range(2, 4096, log=True)] = 32,
        epochs: Annotated[int, genbench.Range(1, 100_000, log=True)] = 60,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels in (None, 1) or space.classes != DOMAINS:
            words = "images of at least 2×2 pixels with integer levels, and two classes, which are the domains"
            raise genbench.Unsuitable(f"needs {words}, got {space}")
        super().__init__()
        self.space, self.cycle, self.identity = space, cycle, identity
        self.lr, self.batch, self.epochs, self.loss = lr, batch, epochs, LOSSES["least-squares"]
        self.G, self.F = (generator(space.shape, width, blocks) for _ in range(DOMAINS))
        self.D_X, self.D_Y = (discriminator(space.shape, 2 * width) for _ in range(DOMAINS))

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        nets = [(self.G, self.F), (self.D_X, self.D_Y)]
        optimisers = [
            torch.optim.Adam(chain(*(net.parameters() for net in pair)), self.lr, betas=(0.5, 0.999)) for pair in nets
        ]
        schedules = [LambdaLR(optimiser, lambda _: min(1, 2 - 2 * data.progress_to(most))) for optimiser in optimisers]
        parts = {f"{type(part).__name__}{i % 2}": part for i, part in enumerate([*optimisers, *schedules])}
        data.checkpoint(model=self, **parts)
        for rows, domain in data.batches(self.batch, most=most):
            x, y = (self._scaled(rows[domain == which]) for which in range(DOMAINS))
            if not (len(x) and len(y)):
                continue
            fake_x, fake_y, said = self._translators_step(optimisers[0], x, y)
            said["discriminator"] = descended(optimisers[1], self._discriminators_loss(x, y, fake_x, fake_y))
            for schedule in schedules:
                schedule.step()
            if data.progress_to(most) * LOGS >= len(data.curve) + 1:
                data.log(**said)

    def _translators_step(
        self, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor
    ) -> tuple[Tensor, Tensor, dict[str, float]]:
        """A step of G and F; F(y) and G(x), and the parts of the loss."""
        for net in (self.D_X, self.D_Y):
            net.requires_grad_(False)
        fake_x, fake_y, parts = self._translators_loss(x, y)
        descended(optimiser, parts["adversarial"] + self.cycle * (parts["cycle"] + self.identity * parts["same"]))
        for net in (self.D_X, self.D_Y):
            net.requires_grad_(True)
        return fake_x.detach(), fake_y.detach(), {name: part.item() for name, part in parts.items()}

    def _translators_loss(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """F(y), G(x) and, unweighted, the three lines of the loss."""
        fake_y, fake_x = self.G(x), self.F(y)
        adversarial = sum(
            self.loss.generator(D(self._noised(fake))) for D, fake in ((self.D_Y, fake_y), (self.D_X, fake_x))
        )
        cycle = (l1_loss(self.F(fake_y), x) + l1_loss(self.G(fake_x), y)) / 2
        same = (l1_loss(self.G(y), y) + l1_loss(self.F(x), x)) / 2 if self.identity else cycle.new_zeros(())
        return fake_x, fake_y, {"adversarial": adversarial, "cycle": cycle, "same": same}

    def _discriminators_loss(self, x: Tensor, y: Tensor, fake_x: Tensor, fake_y: Tensor) -> Tensor:
        """Of D_X and D_Y together, each on images of its domain and on generated ones."""
        seen = ((self.D_X, x, fake_x), (self.D_Y, y, fake_y))
        return sum(self.loss.discriminator(D(self._noised(real)), D(self._noised(fake))) for D, real, fake in seen)

    def _noised(self, x: Tensor) -> Tensor:
        """Images in [-1, 1] with noise of a level's width."""
        return x + (2 * torch.rand_like(x) - 1) / (self.space.levels - 1)

    def _scaled(self, x: Tensor) -> Tensor:
        """Levels → [-1, 1]."""
        return 2 * x.float() / (self.space.levels - 1) - 1

    def translate(self, x: Tensor, domain: Tensor) -> Tensor:
        """G(x) of what is to go to Y, F(x) of the others."""
        scaled, found = self._scaled(x), torch.empty(x.shape, device=x.device)
        for which, net in enumerate((self.F, self.G)):
            if (rows := domain == which).any():
                found[rows] = net(scaled[rows])
        return ((found + 1) / 2 * (self.space.levels - 1)).round().clamp(0, self.space.levels - 1).long()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Learner]]:
    """The models of this plugin."""
    return [CycleGAN]
