"""A DCGAN with the non-saturating loss, a gradient penalty on real images, shifted inputs and an averaged generator."""

import math
from typing import Annotated

import torch
from genbench_networks import halvings
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

import genbench

PENALTY_EVERY = 8  # discriminator steps from one gradient penalty to the next
LOGS = 50  # points on the training curve


class Crop(nn.Module):
    """Keeps the upper left corner of the given height and width: doubled sizes may overshoot odd ones by a pixel."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, ≥H, ≥W] → [N, C, H, W]."""
        return x[:, :, : self.size[0], : self.size[1]]


def generator(shape: tuple[int, int, int], latent: int, width: int) -> nn.Sequential:
    """z [N, latent] → images [N, C, H, W] in (-1, 1): projected, then doubled by 4×4 transposed convolutions."""
    sizes = halvings(shape)
    widths = [width * 2**i for i in range(len(sizes))]
    layers = [nn.Linear(latent, widths[-1] * math.prod(sizes[-1])), nn.Unflatten(1, (widths[-1], *sizes[-1]))]
    layers += [nn.BatchNorm2d(widths[-1]), nn.ReLU(), nn.Conv2d(widths[-1], widths[-1], 3, padding=1)]
    for size, inner, outer in zip(sizes[-2::-1], widths[:0:-1], widths[-2::-1], strict=True):
        layers += [nn.BatchNorm2d(inner), nn.ReLU(), nn.ConvTranspose2d(inner, outer, 4, 2, 1), Crop(size)]
    return nn.Sequential(*layers, nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, shape[0], 3, padding=1), nn.Tanh())


def discriminator(shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """Images [N, C, H, W] → logits [N, 1] that they are real: halved by 4×4 strided convolutions."""
    sizes = halvings(shape)
    widths = [width * 2**i for i in range(len(sizes))]
    layers = [nn.Conv2d(shape[0], width, 3, padding=1), nn.LeakyReLU(0.2)]
    for (h, w), outer, inner in zip(sizes, widths, widths[1:], strict=False):
        layers += [nn.ZeroPad2d((1, 1 + w % 2, 1, 1 + h % 2)), nn.Conv2d(outer, inner, 4, 2), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(widths[-1], widths[-1], 3, padding=1), nn.LeakyReLU(0.2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(widths[-1] * math.prod(sizes[-1]), 1))


def shifted(x: Tensor, most: int) -> Tensor:
    """Images [N, C, H, W], each moved by up to `most` pixels each way; -1 comes in at the borders."""
    n, _, h, w = x.shape
    dy, dx = torch.randint(2 * most + 1, (2, n, 1), device=x.device)
    rows = torch.arange(h, device=x.device) + dy  # [N, H]
    columns = torch.arange(w, device=x.device) + dx  # [N, W]
    padded = nn.functional.pad(x, (most,) * 4, value=-1.0).movedim(1, -1)
    each = torch.arange(n, device=x.device)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


class GAN(genbench.Model, genbench.Decoder):
    """x = G(z), z ~ N(0, I), rounded into the Space, with G trained against a discriminator D.

    D maximises log σ(D(x)) + log σ(-D(G(z))), and G maximises log σ(D(G(z))), the non-saturating form of section 3.
    To these, DCGAN gives the networks; R1 (Mescheder et al. 2018, https://arxiv.org/abs/1801.04406, eq. 9) the
    gradient penalty γ/2 |∇D(x)|² on real x; DiffAugment (Zhao et al. 2020, https://arxiv.org/abs/2006.10738) the
    shifts of all that D sees, by which a few hundred images last. Real and generated images get uniform noise of one
    level's width, so that integers are not what tells them apart. The generator that samples is an average over the
    training steps, t at weight ∝ t^`averaging` (Karras et al. 2024, https://arxiv.org/abs/2312.02696, eq. 1).

    Args:
        space: images of at least 2×2 pixels with integer levels.
        latent: entries of z.
        width: channels at full resolution; doubled at each halving.
        penalty: the γ of R1.
        shift: largest shift of D's input, as a share of the shorter side.
        averaging: exponent of the power-law average; large means recent.
        lr: Adam's learning rate in the first half of the budget; it falls to 0 along a line in the second.
        batch: images a step.
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
        width: Annotated[int, genbench.Range(4, 512, log=True)] = 32,
        penalty: Annotated[float, genbench.Range(0, 100)] = 0.1,
        shift: Annotated[float, genbench.Range(0, 0.5)] = 0.125,
        averaging: Annotated[float, genbench.Range(0, 1000)] = 16.0,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(2, 4096, log=True)] = 64,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels in (None, 1):
            raise genbench.Unsuitable(f"needs images of at least 2×2 pixels with integer levels, got {space}")
        super().__init__()
        self.space, self.latent, self.penalty, self.shift = space, latent, penalty, shift
        self.averaging, self.lr, self.batch = averaging, lr, batch
        self.G = generator(space.shape, latent, width)
        self.D = discriminator(space.shape, width)

    def fit(self, data: genbench.TrainingData) -> None:
        optimisers = [torch.optim.Adam(net.parameters(), self.lr, betas=(0.0, 0.99)) for net in (self.D, self.G)]
        schedules = [LambdaLR(optimiser, lambda _: min(1, 2 - 2 * data.progress)) for optimiser in optimisers]
        average = AveragedModel(self.G, avg_fn=self._averaged, use_buffers=True)
        steps = {f"{type(part).__name__}{i % 2}": part for i, part in enumerate([*optimisers, *schedules])}
        data.checkpoint(model=self, average=average, **steps)
        for x, _ in data.batches(self.batch):
            real = 2 * x / (self.space.levels - 1) - 1
            fake = self.G(torch.randn(len(x), self.latent, device=x.device))
            penalised = self.penalty > 0 and data.seen // self.batch % PENALTY_EVERY == 0
            d_loss = self._descend(optimisers[0], self._discriminator_loss(real, fake.detach(), penalised))
            self.D.requires_grad_(False)
            g_loss = self._descend(optimisers[1], nn.functional.softplus(-self._judged(fake)).mean())
            self.D.requires_grad_(True)
            average.update_parameters(self.G)
            for schedule in schedules:
                schedule.step()
            if data.progress * LOGS >= len(data.curve) + 1:
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

    def _discriminator_loss(self, real: Tensor, fake: Tensor, penalised: bool) -> Tensor:
        real.requires_grad_(penalised)
        judged = self._judged(real)
        loss = nn.functional.softplus(-judged).mean() + nn.functional.softplus(self._judged(fake)).mean()
        if not penalised:
            return loss
        (gradient,) = torch.autograd.grad(judged.sum(), real, create_graph=True)
        return loss + PENALTY_EVERY * self.penalty / 2 * gradient.square().sum((1, 2, 3)).mean()

    def _judged(self, x: Tensor) -> Tensor:
        """D of images [N, C, H, W] in [-1, 1] after noise and shift, [N, 1] logits."""
        noise = (2 * torch.rand_like(x) - 1) / (self.space.levels - 1)
        return self.D(shifted(x + noise, round(self.shift * min(x.shape[2:]))))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = self.render(torch.randn(n, self.latent, device=self.D[0].weight.device))
        return x.round().clamp(0, self.space.levels - 1).long()

    @property
    def latent_dim(self) -> int:
        return self.latent

    def render(self, z: Tensor) -> Tensor:
        return (self.G(z) + 1) / 2 * (self.space.levels - 1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [GAN]
