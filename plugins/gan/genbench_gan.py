"""A conditional DCGAN with the non-saturating loss, a gradient penalty on real images and an averaged generator."""

import math
from itertools import pairwise
from typing import Annotated

import torch
from genbench_networks import ClassGaussians, halvings, labels_of
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

import genbench

PENALTY_EVERY = 8  # discriminator steps from one gradient penalty to the next
LOGS = 50  # points on the training curve
NARROWEST = 8  # channels at the larger sizes at least


class Crop(nn.Module):
    """Keeps the upper left corner of the given height and width: doubled sizes may overshoot odd ones by a pixel."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, ≥H, ≥W] → [N, C, H, W]."""
        return x[:, :, : self.size[0], : self.size[1]]


def widths(shape: tuple[int, int, int], width: int) -> list[int]:
    """Channels at each size of `halvings`: `width` at the smallest, half as many at each larger one.

    Doubled at each halving instead, from a given count at the image's own size, they would make large images dear.
    """
    larger = [max(NARROWEST, width // 2**i) for i in range(1, len(halvings(shape)))]
    return [*larger[::-1], width]


def generator(shape: tuple[int, int, int], inputs: int, width: int) -> nn.Sequential:
    """[N, inputs] → images [N, C, H, W] in (-1, 1): projected, then doubled by 4×4 transposed convolutions."""
    sizes, channels = halvings(shape), widths(shape, width)
    layers = [nn.Linear(inputs, width * math.prod(sizes[-1])), nn.Unflatten(1, (width, *sizes[-1]))]
    layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)]
    for size, (inner, outer) in zip(sizes[-2::-1], pairwise(channels[::-1]), strict=True):
        layers += [nn.BatchNorm2d(inner), nn.ReLU(), nn.ConvTranspose2d(inner, outer, 4, 2, 1), Crop(size)]
    last = nn.Conv2d(channels[0], shape[0], 3, padding=1)
    return nn.Sequential(*layers, nn.BatchNorm2d(channels[0]), nn.ReLU(), last, nn.Tanh())


class Discriminator(nn.Module):
    """Logits that images are real: halved by 4×4 strided convolutions, then a map of all and one of the class."""

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int) -> None:
        super().__init__()
        sizes, channels = halvings(shape), widths(shape, width)
        channels[0] = shape[0]  # no features as large as the image, which take the most time and helped little
        layers: list[nn.Module] = []
        for (h, w), (outer, inner) in zip(sizes[:-1], pairwise(channels), strict=True):
            layers += [nn.ZeroPad2d((1, 1 + w % 2, 1, 1 + h % 2)), nn.Conv2d(outer, inner, 4, 2), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(channels[-1], width, 3, padding=1), nn.LeakyReLU(0.2), nn.Flatten()]
        self.features = nn.Sequential(*layers)
        self.all = nn.Linear(width * math.prod(sizes[-1]), 1)
        self.each = nn.Linear(width * math.prod(sizes[-1]), classes)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Images [N, C, H, W] of classes [N] → [N]."""
        h = self.features(x)
        return (self.all(h) + self.each(h).gather(1, label[:, None])).squeeze(1)


class GAN(genbench.Model, genbench.Decoder, genbench.Conditional):
    """x = G(z, y), z ~ N(0, I) and y as in the training set, rounded into the Space; trained against D(x, y).

    D maximises log σ(D(x, y)) + log σ(-D(G(z, y), y)), and G maximises log σ(D(G(z, y), y)), the non-saturating form
    of section 3. To these, DCGAN gives the networks; Miyato and Koyama 2018 (https://arxiv.org/abs/1802.05637, eq. 3)
    the way in which D takes the class; R1 (Mescheder et al. 2018, https://arxiv.org/abs/1801.04406, eq. 9) the
    gradient penalty γ/2 |∇D(x)|² on real x. Real and generated images get uniform noise of one level's width, so that
    integers are not what tells them apart. The generator that samples is an average over the training steps, t at
    weight ∝ t^`averaging` (Karras et al. 2024, https://arxiv.org/abs/2312.02696, eq. 1). Where the Space has no
    classes, all images are of one.

    Args:
        space: images of at least 2×2 pixels with integer levels.
        latent: entries of z.
        width: channels at the smallest size; half as many at each larger one.
        penalty: the γ of R1.
        averaging: exponent of the power-law average; large means recent.
        lr: Adam's learning rate in the first half of the training; it falls to 0 along a line in the second.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: G comes to copy a few hundred in more of them.
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
        self.lr, self.batch, self.epochs = lr, batch, epochs
        classes = space.classes or 1
        self.prior = ClassGaussians(classes, latent)  # N(0, I) in each class: only the classes' shares are fitted
        self.G = generator(space.shape, latent + classes, width)
        self.D = Discriminator(space.shape, classes, width)

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        optimisers = [torch.optim.Adam(net.parameters(), self.lr, betas=(0.0, 0.99)) for net in (self.D, self.G)]
        schedules = [LambdaLR(optimiser, lambda _: min(1, 2 - 2 * data.progress_to(most))) for optimiser in optimisers]
        average = AveragedModel(self.G, avg_fn=self._averaged, use_buffers=True)
        steps = {f"{type(part).__name__}{i % 2}": part for i, part in enumerate([*optimisers, *schedules])}
        data.checkpoint(model=self, average=average, **steps)
        if data.train.y is not None:
            counts = torch.bincount(data.train.y[:], minlength=len(self.prior.share))
            self.prior.share.copy_(counts / len(data.train))
        for x, y in data.batches(self.batch, most=most):
            real, label = 2 * x / (self.space.levels - 1) - 1, labels_of(x, y)
            fake = self._generated(torch.randn(len(x), self.latent, device=x.device), label)
            penalised = self.penalty > 0 and data.seen // self.batch % PENALTY_EVERY == 0
            d_loss = self._descend(optimisers[0], self._discriminator_loss(real, fake.detach(), label, penalised))
            self.D.requires_grad_(False)
            g_loss = self._descend(optimisers[1], nn.functional.softplus(-self._judged(fake, label)).mean())
            self.D.requires_grad_(True)
            average.update_parameters(self.G)
            for schedule in schedules:
                schedule.step()
            if data.progress_to(most) * LOGS >= len(data.curve) + 1:
                data.log(discriminator_nats=d_loss, generator_nats=g_loss)
        self.G.load_state_dict(average.module.state_dict())

    @staticmethod
    def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> float:
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    def _averaged(self, average: Tensor, new: Tensor, step: Tensor) -> Tensor:
        """β average + (1 - β) new with β = (1 - 1/t)^(averaging + 1); counters are copied."""
        if not new.is_floating_point():
            return new
        return torch.lerp(new, average, (1 - 1 / (float(step) + 1)) ** (self.averaging + 1))

    def _discriminator_loss(self, real: Tensor, fake: Tensor, label: Tensor, penalised: bool) -> Tensor:
        real.requires_grad_(penalised)
        judged = self._judged(real, label)
        loss = nn.functional.softplus(-judged).mean() + nn.functional.softplus(self._judged(fake, label)).mean()
        if not penalised:
            return loss
        (gradient,) = torch.autograd.grad(judged.sum(), real, create_graph=True)
        return loss + PENALTY_EVERY * self.penalty / 2 * gradient.square().sum((1, 2, 3)).mean()

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

    def _levels(self, x: Tensor) -> Tensor:
        """[-1, 1] → levels that are not rounded."""
        return (x + 1) / 2 * (self.space.levels - 1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [GAN]
