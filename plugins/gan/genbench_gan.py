"""A conditional DCGAN with an averaged generator, trained by one of six adversarial losses."""

import math
from functools import partial
from itertools import pairwise
from typing import Annotated

import torch
from genbench_adversarial import (
    LOSSES,
    Discriminator,
    Restraint,
    between,
    clip,
    descended,
    power_law,
    squared_slope,
    widths,
)
from genbench_networks import ClassGaussians, halvings, labels_of
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

import genbench

PENALTY_EVERY = 8  # discriminator steps from one R1 to the next
SLOPE_PENALTY = 10.0  # λ of Gulrajani et al. 2017
MOST = 0.01  # c of Arjovsky et al. 2017, to which weights are clipped
LOGS = 50  # points on the training curve


class Crop(nn.Module):
    """Keeps the upper left corner of the given height and width: doubled sizes may overshoot odd ones by a pixel."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, ≥H, ≥W] → [N, C, H, W]."""
        return x[:, :, : self.size[0], : self.size[1]]


def generator(shape: tuple[int, int, int], inputs: int, width: int) -> nn.Sequential:
    """[N, inputs] → images [N, C, H, W] in (-1, 1): projected, then doubled by 4×4 transposed convolutions."""
    sizes, channels = halvings(shape), widths(shape, width)
    layers = [nn.Linear(inputs, width * math.prod(sizes[-1])), nn.Unflatten(1, (width, *sizes[-1]))]
    layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)]
    for size, (inner, outer) in zip(sizes[-2::-1], pairwise(channels[::-1]), strict=True):
        layers += [nn.BatchNorm2d(inner), nn.ReLU(), nn.ConvTranspose2d(inner, outer, 4, 2, 1), Crop(size)]
    last = nn.Conv2d(channels[0], shape[0], 3, padding=1)
    return nn.Sequential(*layers, nn.BatchNorm2d(channels[0]), nn.ReLU(), last, nn.Tanh())


class GAN(genbench.Model, genbench.Decoder, genbench.Conditional):
    """x = G(z, y), z ~ N(0, I) and y as in the training set, rounded into the Space; trained against D(x, y).

    With the default loss, D maximises E log σ(D(x, y)) + E log σ(-D(G(z, y), y)), and G maximises
    E log σ(D(G(z, y), y)), the non-saturating form of section 3; `genbench_adversarial` has the equations of all, with
    what restrains D in each: R1 (minimax, non-saturating, least-squares), clipped weights or a slope penalty at five
    steps of D for one of G (wasserstein, wasserstein-gp), spectral normalisation (hinge). DCGAN gives the networks,
    but for the batch normalisation of D, and all losses are gone down by Adam, where Arjovsky et al. take RMSProp.
    Real and generated images get uniform noise of one level's width, so that integers are not what tells them apart.
    The generator that samples is an average over its training steps. Where the Space has no classes, all images are
    of one. Sampling takes one network evaluation. There is no likelihood, and nothing makes G cover all that is
    likely: modes are dropped, and in many passes over few images these are copied. Clipped weights do worst: on
    digits four in ten of them end at ±c, which leaves D few functions.

    Args:
        space: images of at least 2×2 pixels with integer levels.
        loss: what the two go down.
        latent: entries of z.
        width: channels at the smallest size; half as many at each larger one.
        penalty: the γ of R1, for the losses that have it.
        averaging: exponent of the power-law average of G, see `genbench_adversarial.power_law`; large means recent.
        lr: Adam's learning rate in the first half of the training; it falls to 0 along a line in the second.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: G comes to copy a few hundred in more of them.
            Where D has five steps for one of G's, G has a fifth of the steps.
    Raises:
        Unsuitable: no image, a side below 2, or no integer levels.
    """

    name = "gan"
    family = genbench.Family.GAN
    source = (
        "Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661; Radford et al. 2015, https://arxiv.org/abs/1511.06434"
    )

    def __init__(
        self,
        space: genbench.Space,
        *,
        loss: Annotated[str, genbench.Choice(*LOSSES)] = "non-saturating",
        latent: Annotated[int, genbench.Range(1, 1024, log=True)] = 32,
        width: Annotated[int, genbench.Range(8, 1024, log=True)] = 64,
        penalty: Annotated[float, genbench.Range(0, 100)] = 0.05,
        averaging: Annotated[float, genbench.Range(0, 1000)] = 16.0,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(2, 4096, log=True)] = 64,
        epochs: Annotated[int, genbench.Range(1, 100_000, log=True)] = 60,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels in (None, 1):
            raise genbench.Unsuitable(f"needs images of at least 2×2 pixels with integer levels, got {space}")
        super().__init__()
        self.space, self.latent, self.penalty, self.averaging = space, latent, penalty, averaging
        self.loss, self.lr, self.batch, self.epochs = LOSSES[loss], lr, batch, epochs
        classes = space.classes or 1
        self.prior = ClassGaussians(classes, latent)  # N(0, I) in each class: only the classes' shares are fitted
        self.G = generator(space.shape, latent + classes, width)
        self.D = Discriminator(space.shape, classes, width)
        if self.loss.restraint is Restraint.SPECTRAL:
            self.D.normalised()

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        optimisers = [torch.optim.Adam(net.parameters(), self.lr, betas=(0.0, 0.99)) for net in (self.D, self.G)]
        schedules = [LambdaLR(optimiser, lambda _: min(1, 2 - 2 * data.progress_to(most))) for optimiser in optimisers]
        average = AveragedModel(self.G, avg_fn=partial(power_law, exponent=self.averaging), use_buffers=True)
        steps = {f"{type(part).__name__}{i % 2}": part for i, part in enumerate([*optimisers, *schedules])}
        data.checkpoint(model=self, average=average, **steps)
        if data.train.y is not None:
            counts = torch.bincount(data.train.y[:], minlength=len(self.prior.share))
            self.prior.share.copy_(counts / len(data.train))
        for x, y in data.batches(self.batch, most=most):
            step, label = data.seen // self.batch, labels_of(x, y)
            fake = self._generated(torch.randn(len(x), self.latent, device=x.device), label)
            d_loss = self._discriminator_step(optimisers[0], self._scaled(x), fake.detach(), label, step)
            schedules[0].step()
            if step % self.loss.critic_steps == 0:
                g_loss = self._generator_step(optimisers[1], fake, label)
                average.update_parameters(self.G)
                schedules[1].step()
                if data.progress_to(most) * LOGS >= len(data.curve) + 1:
                    data.log(discriminator_loss=d_loss, generator_loss=g_loss)
        self.G.load_state_dict(average.module.state_dict())

    def _discriminator_step(
        self, optimiser: torch.optim.Optimizer, real: Tensor, fake: Tensor, label: Tensor, step: int
    ) -> float:
        value = descended(optimiser, self._discriminator_loss(real, fake, label, step))
        if self.loss.restraint is Restraint.CLIPPING:
            clip(self.D, MOST)
        return value

    def _generator_step(self, optimiser: torch.optim.Optimizer, fake: Tensor, label: Tensor) -> float:
        self.D.requires_grad_(False)
        value = descended(optimiser, self.loss.generator(self._judged(fake, label)))
        self.D.requires_grad_(True)
        return value

    def _discriminator_loss(self, real: Tensor, fake: Tensor, label: Tensor, step: int) -> Tensor:
        """D's loss with its penalty; R1 is in every `PENALTY_EVERY`-th step, and louder by that factor."""
        restraint = self.loss.restraint
        penalised = restraint is Restraint.R1 and self.penalty > 0 and step % PENALTY_EVERY == 0
        judged = self._judged(real.requires_grad_(penalised), label)
        loss = self.loss.discriminator(judged, self._judged(fake, label))
        if penalised:
            loss = loss + PENALTY_EVERY * self.penalty / 2 * squared_slope(judged, real).mean()
        if restraint is Restraint.SLOPE:
            x_hat = between(real, fake)
            slope = squared_slope(self.D(x_hat, label), x_hat).clamp(min=1e-12).sqrt()
            loss = loss + SLOPE_PENALTY * (slope - 1).square().mean()
        return loss

    def _judged(self, x: Tensor, label: Tensor) -> Tensor:
        """D of images [N, C, H, W] in [-1, 1] of classes [N] after noise, [N] logits."""
        return self.D(x + (2 * torch.rand_like(x) - 1) / (self.space.levels - 1), label)

    def _generated(self, z: Tensor, label: Tensor) -> Tensor:
        """G of z [N, latent] and classes [N], whose entries are as loud as those of z: [N, C, H, W] in [-1, 1]."""
        classes = len(self.prior.share)
        return self.G(torch.cat([z, math.sqrt(classes) * nn.functional.one_hot(label, classes)], dim=1))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = self._levels(self._generated(*self.prior.drawn(n, labels)))
        return x.round().clamp(0, self.space.levels - 1).long()

    @property
    def latent_dim(self) -> int:
        return self.prior.latent_dim

    def render(self, z: Tensor) -> Tensor:
        return self._levels(self._generated(*self.prior.parted(z)))

    def _scaled(self, x: Tensor) -> Tensor:
        """Levels → [-1, 1]."""
        return 2 * x / (self.space.levels - 1) - 1

    def _levels(self, x: Tensor) -> Tensor:
        """[-1, 1] → levels that are not rounded."""
        return (x + 1) / 2 * (self.space.levels - 1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [GAN]
