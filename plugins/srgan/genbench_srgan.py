"""SRGAN: images restored from what was measured of them, by a network that is trained on pairs and a discriminator."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import torch
from genbench_adversarial import LOSSES, Discriminator, descended, power_law
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

import genbench
from genbench.builtin.operators import OPERATORS

EVERY = "all"  # operators that measure samples of the Space
PRETRAINED = 0.3  # share of the training in which D is not listened to: the paper begins with its SRResNet
RECENT = 16.0  # exponent of the power-law average of G
LOGS = 50  # points on the training curve


class Block(nn.Module):
    """x + f(x), f two 3×3 convolutions with batch normalisation: fig. 4's residual block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.f = nn.Sequential(first, nn.BatchNorm2d(width), nn.PReLU(), second, nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """[N, width, H, W] → the same shape."""
        return x + self.f(x)


class Generator(nn.Module):
    """Fig. 4's generator at the size of the image, since not all that is measured is a small image.

    Args:
        channels: of images.
        width, blocks: of the residual blocks.
    """

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(2 * channels + 1, width, 3, padding=1), nn.PReLU())
        trunk = [Block(width) for _ in range(blocks)]
        self.trunk = nn.Sequential(*trunk, nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))
        self.last = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, told: Tensor, hidden: Tensor) -> Tensor:
        """What is told, in [-1, 1], and the share of each entry that is hidden → images [N, C, H, W], by own noise."""
        noise = torch.randn(len(told), 1, *told.shape[2:], device=told.device)
        h = self.first(torch.cat([told, hidden, noise], dim=1))
        return told + self.last(h + self.trunk(h))


class SRGAN(genbench.Learner, genbench.Restorer):
    """x̂ = P(G(A⁺y, h, noise), y): a network's image, made to agree with y; h is what y hides of each entry.

    A⁺y is the image nearest to mid-grey that agrees with y, and P(x, y) the one nearest to x: both come from the
    operator, so that one network serves all operators that it was trained on, a part of each batch for each. D goes
    down the cross-entropy of real and restored images (eq. 2); G goes down the perceptual loss of eq. 3,

        mean (x̂ - x)²                      eq. 4
        + w_φ mean (φ(x̂) - φ(x))²          eq. 5, w_φ `feature`
        - w_D mean log D(x̂)                eq. 6, w_D `adversarial`

    where φ are features of D, which learns them as it goes (Larsen et al. 2016, https://arxiv.org/abs/1512.09300), in
    the place of a network that somebody trained on ImageNet. In the first part of the training w_φ and w_D are 0. The G
    that answers is an average over its steps. Integers get uniform noise of one level's width before D sees them.

    Eq. 4 pulls every draw to the mean of all that x could be: draws of one y hardly differ, whatever the noise says.
    `pixel=energy` puts the energy score of two draws in its place, |x̂₁ - x|/2 + |x̂₂ - x|/2 - |x̂₁ - x̂₂|/2, which
    the law of x given y has the least of (Gneiting and Raftery 2007, https://doi.org/10.1198/016214506000001437).

    Args:
        space: images of at least 2×2 pixels with integer levels.
        operators: on which it is trained; "all": on all of the harness's own that measure such images.
        pixel: eq. 4, or the energy score.
        feature, adversarial: weights w_φ and w_D.
        width, blocks: of G; D has twice the channels.
        lr: Adam's learning rate in the first half of the training; it falls to 0 along a line in the second.
        batch: images a step.
        epochs: passes over the training set at most, within the budget.
    Raises:
        Unsuitable: no image, a side below 2, no integer levels, or an operator that measures no such image.
    """

    name = "srgan"
    family = genbench.Family.GAN
    source = "Ledig et al. 2017, https://arxiv.org/abs/1609.04802"

    def __init__(
        self,
        space: genbench.Space,
        *,
        operators: Annotated[str, genbench.Choice(EVERY, *OPERATORS)] = EVERY,
        pixel: Annotated[str, genbench.Choice("square", "energy")] = "square",
        feature: Annotated[float, genbench.Range(0, 100)] = 0.1,
        adversarial: Annotated[float, genbench.Range(0, 10)] = 0.01,
        width: Annotated[int, genbench.Range(4, 256, log=True)] = 32,
        blocks: Annotated[int, genbench.Range(1, 32)] = 3,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 1e-3,
        batch: Annotated[int, genbench.Range(8, 4096, log=True)] = 64,
        epochs: Annotated[int, genbench.Range(1, 100_000, log=True)] = 100,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels in (None, 1):
            raise genbench.Unsuitable(f"needs images of at least 2×2 pixels with integer levels, got {space}")
        super().__init__()
        self.space, self.operators = space, measuring(space, operators)
        self.pixel, self.feature, self.adversarial = pixel, feature, adversarial
        self.lr, self.batch, self.epochs, self.loss = lr, batch, epochs, LOSSES["non-saturating"]
        self.G, self.D = Generator(space.shape[0], width, blocks), Discriminator(space.shape, 1, 2 * width)

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        optimisers = [torch.optim.Adam(net.parameters(), self.lr, betas=(0.5, 0.99)) for net in (self.D, self.G)]
        schedules = [LambdaLR(optimiser, lambda _: min(1, 2 - 2 * data.progress_to(most))) for optimiser in optimisers]
        average = AveragedModel(self.G, avg_fn=partial(power_law, exponent=RECENT), use_buffers=True)
        parts = {f"{type(part).__name__}{i % 2}": part for i, part in enumerate([*optimisers, *schedules])}
        data.checkpoint(model=self, average=average, **parts)
        for rows, _ in data.batches(self.batch, most=most):
            x = rows.float()  # [N, *shape] in levels
            draws = [self._restored(x) for _ in range(2 if self.pixel == "energy" else 1)]
            loss = self._discriminator_loss(x, draws[0].detach())
            said = {"discriminator": descended(optimisers[0], loss)}
            self.D.requires_grad_(False)
            said["generator"] = descended(optimisers[1], self.perceptual(x, draws, data.progress_to(most)))
            self.D.requires_grad_(True)
            average.update_parameters(self.G)
            for schedule in schedules:
                schedule.step()
            if data.progress_to(most) * LOGS >= len(data.curve) + 1:
                data.log(**said)
        self.G.load_state_dict(average.module.state_dict())

    def perceptual(self, x: Tensor, draws: Sequence[Tensor], spent: float) -> Tensor:
        """Eq. 3, of images [N, C, H, W] in levels and one restoration of each, or two, at a share of the training."""
        real, *fakes = (self._scaled(rows) for rows in (x, *draws))
        loss = mse_loss(fakes[0], real) if self.pixel == "square" else energy(fakes[0], fakes[1], real)
        if spent < PRETRAINED:
            return loss
        content = mse_loss(self.D.features(self._noised(fakes[0])), self.D.features(self._noised(real)))
        return loss + self.feature * content + self.adversarial * self.loss.generator(self._judged(fakes[0]))

    def _discriminator_loss(self, x: Tensor, fake: Tensor) -> Tensor:
        return self.loss.discriminator(self._judged(self._scaled(x)), self._judged(self._scaled(fake)))

    def _restored(self, x: Tensor) -> Tensor:
        """A restoration of each image [N, C, H, W], of equally many by each operator, in one batch of G."""
        parts = x.tensor_split(len(self.operators))
        told = [(operator, operator.measure(rows)) for operator, rows in zip(self.operators, parts, strict=True)]
        guesses = self._guesses(told).tensor_split(len(told))
        return torch.cat([operator.project(x, y) for (operator, y), x in zip(told, guesses, strict=True)])

    def _guesses(self, told: Sequence[tuple[genbench.Operator, Tensor]]) -> Tensor:
        """What G makes of measurements, in levels: [N, C, H, W] for all of them together."""
        grey = (self.space.levels - 1) / 2
        seen = [operator.project(torch.full((len(y), *self.space.shape), grey).to(y), y) for operator, y in told]
        hidden = torch.cat([operator.hidden(y).float() for operator, y in told])
        return (self.G(self._scaled(torch.cat(seen)), hidden) + 1) * grey

    def _judged(self, x: Tensor) -> Tensor:
        """D of images [N, C, H, W] in [-1, 1] after noise, [N] logits."""
        return self.D(self._noised(x), torch.zeros(len(x), dtype=torch.int64, device=x.device))

    def _noised(self, x: Tensor) -> Tensor:
        return x + (2 * torch.rand_like(x) - 1) / (self.space.levels - 1)

    def _scaled(self, x: Tensor) -> Tensor:
        """Levels → [-1, 1]."""
        return 2 * x / (self.space.levels - 1) - 1

    def restore(self, y: Tensor, operator: genbench.Operator, draws: int) -> Tensor:
        """As the contract says.

        Raises:
            Unsuitable: it was not trained on this operator.
        """
        if operator.name not in (trained := [own.name for own in self.operators]):
            raise genbench.Unsuitable(f"was trained on {', '.join(trained)} and not on {operator.name}")
        drawn = (self._guesses([(operator, y)]) for _ in range(draws))
        return torch.stack([operator.agreeing(x, y) for x in drawn], dim=1)


def energy(one: Tensor, other: Tensor, x: Tensor) -> Tensor:
    """The mean of |x̂₁ - x|/2 + |x̂₂ - x|/2 - |x̂₁ - x̂₂|/2 over images [N, C, H, W], per root of their entries."""

    def apart(a: Tensor, b: Tensor) -> Tensor:
        return ((a - b).square().flatten(1).mean(1) + 1e-12).sqrt()

    return ((apart(one, x) + apart(other, x) - apart(one, other)) / 2).mean()


def measuring(space: genbench.Space, wanted: str) -> tuple[genbench.Operator, ...]:
    """The operator of that name, or all that measure samples of a Space.

    Raises:
        Unsuitable: it does not.
    """
    if wanted != EVERY:
        return (OPERATORS[wanted](space),)
    found = []
    for operator in OPERATORS.values():
        try:
            found.append(operator(space))
        except genbench.Unsuitable:
            continue
    return tuple(found)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Learner]]:
    """The models of this plugin."""
    return [SRGAN]
