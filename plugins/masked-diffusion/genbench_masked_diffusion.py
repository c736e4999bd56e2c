"""Masked discrete diffusion: entries are hidden one by one, and a network learns what stands where nothing is seen."""

import math
from itertools import pairwise
from typing import Annotated, ClassVar

import torch
from genbench_levels import LOGISTICS, SOFTMAX, LevelLaw, said_of
from genbench_unet import LOOKS, UNet, train
from torch import Tensor, nn

import genbench
from genbench import Choice, Range


class MaskedDiffusion(genbench.Model, genbench.ConditionalDensity, genbench.Conditional):
    """q masks ever more entries of x until all of z_1 is masked; p_θ(x | z_t, y) fills in some of them at each step.

    A masked entry tells nothing, and one that is not stays as it is: the network never says "masked", and is not asked
    about what is seen (sec. 3.2, "SUBS"). What is minimised is the bound of continuous time, in which entries stay
    with probability α_t = 1 - t: ∫ -α_t' / (1 - α_t) E_q[-Σ_masked log p_θ(xᵢ | z_t, y)] dt. With m of D entries masked
    it is E_m[(D / m) Σ_masked -log p_θ(xᵢ | z_t, y)], m uniform in 1 … D: the bound of a model that draws entries in an
    order of chance (Hoogeboom et al. 2022, https://arxiv.org/abs/2110.02037). Few levels have a softmax, many a
    mixture of discretised logistics. The process was first that of Austin et al. 2021,
    https://arxiv.org/abs/2107.03006, with an absorbing state.

    A draw in T steps goes from m_T = D masked entries to m_0 = 0, with m_k = D k / T, rounded: at each step it unmasks
    m_k - m_{k-1} of them, chosen by chance, each by itself. Its likelihood has the LOWER_BOUND
    Σ_k (m_k - m_{k-1}) / m_k E[Σ_masked log p_θ(xᵢ | z, y)], of which `log_prob` makes one draw for each k. That of
    images with classes is bounded by log p(y) and the bound given y, of the y that is told best.

    NFE: T of "ancestral", its setting `steps` or D where that is less; 16 and 8 of the others.

    Weaknesses: what is drawn in the same step is independent, so that few steps give images whose parts do not fit.
    It learns all orders, of which a model of one order learns one: its bits per dimension are higher. An entry once
    drawn is never mended. The weights kept, for samples and bound alike, are an average over the late training steps.

    Args:
        steps: T.
        width, depth, dropout: see `genbench_unet.UNet`.
        lr, batch, epochs: see `genbench_unet.train`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "masked-diffusion"
    family = genbench.Family.DIFFUSION
    source = "Sahoo et al. 2024, https://arxiv.org/abs/2406.07524"
    samplers: ClassVar = {"ancestral": {}, "parallel-16": {"steps": 16}, "parallel-8": {"steps": 8}}
    described_sampler = "ancestral"
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"width": 16, "depth": 1}

    def __init__(
        self,
        space: genbench.Space,
        *,
        steps: Annotated[int, Range(1, 4096, log=True)] = 64,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.2,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 200,
    ) -> None:
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"{self.name} needs grey or colour images of 2 or more levels, got {space}")
        self.space, self.steps = space, steps
        self.lr, self.batch, self.epochs = lr, batch, epochs
        channels, height, columns = space.shape
        told = genbench.Space((channels * said_of(space.levels), height, columns), classes=space.classes)
        self.net = UNet(told, width, depth, dropout)  # each entry is told by as many numbers as are said of it

    def fit(self, data: genbench.TrainingData) -> None:
        train(self.net, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=0.0)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """The bound of continuous time of integers x, in nats per dimension, with one draw of m and of z.

        The m of a batch are evenly spaced from a random start: each is uniform, and the mean varies less.
        """
        spaced = torch.arange(len(x), device=x.device) * self.space.dim // len(x)
        m = 1 + (spaced + torch.randint(self.space.dim, (1,), device=x.device)) % self.space.dim
        masked = ranks(torch.rand(x.shape, device=x.device)) < m.view(-1, 1, 1, 1)
        return (self.masked_nats(x, masked, label) / m).mean()

    def masked_nats(self, x: Tensor, masked: Tensor, label: Tensor | None) -> Tensor:
        """-Σ_masked log p_θ(xᵢ | z, y) of integers x, where z is masked: bool [N, C, H, W] → [N]."""
        said = self.said(x, masked, label).flatten(0, 1)
        nats = -LevelLaw(said, self.space.levels).log_mass(x.flatten(0, 1)[:, None]).view(x.shape)
        return nats.masked_fill(~masked, 0).flatten(1).sum(1)

    def said(self, x: Tensor, masked: Tensor, label: Tensor | None) -> Tensor:
        """What is said of all entries [N, C, said, H, W] where those of x that are masked are not seen."""
        told = self.told(x).masked_fill(masked[:, :, None], 0)
        t = masked.flatten(1).float().mean(1)
        return self.net(told.flatten(1, 2), t, label).unflatten(1, (x.shape[1], -1))

    def told(self, x: Tensor) -> Tensor:
        """What the network is told of each entry, never all 0, [N, C, said, H, W]: which of few levels, or sines."""
        if self.space.levels <= SOFTMAX:
            return nn.functional.one_hot(x, self.space.levels).movedim(-1, 2).float()
        octaves = 2.0 ** torch.arange((3 * LOGISTICS - 1) // 2, device=x.device).view(-1, 1, 1)
        angle = math.pi * x[:, :, None] / self.space.levels * octaves
        return torch.cat([torch.ones_like(x[:, :, None]), angle.sin(), angle.cos()], dim=2)

    def masked_counts(self, steps: int) -> list[int]:
        """m_0 … m_T, T = steps or the number of entries where that is less."""
        T, D = min(steps or self.steps, self.space.dim), self.space.dim
        return [round(D * k / T) for k in range(T + 1)]

    def sample(self, n: int, *, labels: Tensor | None = None, steps: int = 0) -> Tensor:
        """Draw n samples in `steps` steps; 0: in as many as the setting says."""
        label = self.net.drawn(n, labels)
        x = torch.zeros(n, *self.space.shape, dtype=torch.int64, device=self.net.place.device)
        rank = ranks(torch.rand(x.shape, device=x.device))
        order = rank.flatten(1).argsort(1)  # [n, D] entries, the last one is unmasked first
        for before, after in pairwise(reversed(self.masked_counts(steps))):
            said = self.said(x, rank < before, label).movedim(2, -1).flatten(1, 3)  # [n, D, said]
            entries = order[:, after:before]
            asked = said.gather(1, entries[:, :, None].expand(-1, -1, said.shape[2])).flatten(0, 1)
            drawn = LevelLaw(asked, self.space.levels).chances().multinomial(1).view(entries.shape)
            x = x.flatten(1).scatter(1, entries, drawn).view(x.shape)
        return x

    @property
    def class_prior(self) -> Tensor | None:
        return self.net.share if self.net.classes else None

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """log p(y) and the bound of a draw in `steps` steps given y, with one z for each of them: [N] nats."""
        if labels is not None:
            return -self.bound_terms(x, labels).sum(1)
        t = torch.linspace(0, 1, LOOKS + 2, device=x.device)[1:-1]
        label = self.net.likeliest(x.float(), t, self.integrand)
        nats = -self.bound_terms(x, label).sum(1)
        return nats if label is None else nats + self.net.share[label].log()

    def integrand(self, x: Tensor, t: Tensor, noise: Tensor, label: Tensor) -> Tensor:
        """What the bound of continuous time integrates over t; entries of the least noise are masked: [N] nats."""
        masked = ranks(noise[:, : x.shape[1]]) < (t * self.space.dim).view(-1, 1, 1, 1)
        return self.masked_nats(x.long(), masked, label) / t

    def bound_terms(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """int64 [N, C, H, W] of classes [N] → [N, T] nats: what the steps k = 1 … T cost."""
        terms = []
        for after, before in pairwise(self.masked_counts(0)):
            masked = ranks(torch.rand(x.shape, device=x.device)) < before
            terms.append((before - after) / before * self.masked_nats(x, masked, label))
        return torch.stack(terms, dim=1)


def ranks(noise: Tensor) -> Tensor:
    """The place of each entry among those of its row [N, …], from 0 on, in ascending order."""
    return noise.flatten(1).argsort(1).argsort(1).view(noise.shape)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [MaskedDiffusion]
