"""What autoregressive models of images share: the chain rule over pixels, its classes, its training, its sampling."""

from abc import ABC, abstractmethod
from typing import Self

import torch
from genbench_levels import LevelLaw, said_of
from genbench_networks import Mix, spared
from genbench_training import ascend
from torch import Tensor, nn

import genbench

ROWS = 500  # images that pass the network at a time in `log_prob`, each under every class


def risen(spent: float) -> float:
    """The share of the learning rate after a share of the training: a shorter rise than of other models."""
    return min(1, 100 * spent) * (1 - spent)


def pointwise(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution at one place, without its padding: all that it sees there [N, …] → [N, channels]."""
    return nn.functional.linear(x.flatten(1), conv.weight.flatten(1), conv.bias)


def moved(window: Tensor, newest: Tensor) -> Tensor:
    """Drops the oldest row or column of a window, along its third axis, and appends the newest."""
    return torch.cat([window[:, :, newest.shape[2] :], newest], dim=2)


class Shifted(nn.Module):
    """A masked convolution without the masked half: it sees this position and those before it, or only the latter.

    Args:
        before, after: channels in and out.
        reach: how far it sees to the top and to the left.
        sides: how far it sees to the right in the rows above.
        strict: not this row (this pixel, where there is no reach to the top), as the paper's first-layer mask "A".
        step: how far apart the positions are that it sees.
    Source: van den Oord et al. 2016, sec. 3.4, https://arxiv.org/abs/1601.06759
    """

    def __init__(
        self, before: int, after: int, reach: tuple[int, int], sides: int = 0, strict: bool = False, step: int = 1
    ) -> None:
        super().__init__()
        top, left = reach
        self.conv = nn.Conv2d(before, after, (top + 1, left + sides + 1), dilation=step)
        down, right = (int(strict), 0) if top else (0, int(strict))
        self.pad = (step * left + right, step * sides - right, step * top + down, -down)  # left, right, top, bottom

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, H, W] → [N, after, H, W]."""
        return self.conv(nn.functional.pad(x, self.pad))

    def row(self, window: Tensor) -> Tensor:
        """One row [N, after, 1, W] of the output, of the rows [N, before, step top + 1, W] up to it."""
        return self.conv(nn.functional.pad(window, self.pad[:2]))


def heads(width: int, space: genbench.Space, dropout: float) -> nn.ModuleList:
    """Of each channel the last layers: from ReLUs of the context and the earlier channels to what is said of it."""
    found = nn.ModuleList()
    for earlier in range(space.shape[0]):
        first, last = Mix(width + earlier, 2 * width), Mix(2 * width, said_of(space.levels))
        found.append(nn.Sequential(first, nn.ReLU(), nn.Dropout2d(dropout), last))
    return found


class Walk(ABC):
    """A way through n images in raster order that keeps what later pixels need, so that nothing is computed twice."""

    place: int  #: the pixel where it stands
    context: Tensor  #: what precedes that pixel, [n, width]

    @abstractmethod
    def take(self, pixel: Tensor) -> None:
        """Go on by one place: the pixel at `place` is int64 [n, C]. At the last one the context ends."""


class RasterModel(genbench.Model, genbench.ConditionalDensity, genbench.Sequential, genbench.Conditional):
    """p(x) = Σ_y p(y) ∏ᵢ p(xᵢ | x₁ … xᵢ₋₁, y) over pixels in raster order, and over the channels within a pixel.

    What is minimised is -log p(x|y), exactly. A network makes a context of all earlier pixels and of the class, a head
    for each channel a law over its levels, given the pixel's earlier channels as well. Where the Space has no classes,
    all images are of one. What is kept is an average over the late training steps.

    A model builds its network in the constructor, and `self.heads` by `heads`.

    Args:
        lr: AdamW's learning rate at the start; it falls linearly to 0.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    family = genbench.Family.AUTOREGRESSIVE
    likelihood = genbench.Likelihood.EXACT
    heads: nn.ModuleList

    def __init__(self, space: genbench.Space, *, lr: float, batch: int, epochs: int) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"{self.name} needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.lr, self.batch, self.epochs = space, lr, batch, epochs
        classes = space.classes or 1
        self.register_buffer("share", torch.full((classes,), 1 / classes))  # p(y)
        # Of `next`: where it is, the pixels so far, their nats, the laws of the pixel there; what was looked up.
        self._walk: tuple[Walk, Tensor, Tensor, Tensor] | None = None
        self._seen = torch.empty(0, 0)

    @abstractmethod
    def contexts(self, x: Tensor, y: Tensor) -> Tensor:
        """Of each pixel, what precedes it: images int64 [N, C, R, W] of classes [N] → [N, width, R, W].

        The first R of their H rows may be all that there is, since no row sees those below.
        """

    @abstractmethod
    def walk(self, y: Tensor) -> Walk:
        """A way through images of classes y [n], at their first pixel. It says the same contexts."""

    def train(self, mode: bool = True) -> Self:
        """As of every module; what `next` remembers was said by the weights of before."""
        self._walk, self._seen = None, torch.empty(0, 0)
        return super().train(mode)

    def fit(self, data: genbench.TrainingData) -> None:
        spared(self, min(data.images / len(data.train), self.epochs))
        if data.train.y is not None:
            self.share.copy_(torch.bincount(data.train.y[:], minlength=len(self.share)) / len(data.train))
        told = {"lr": self.lr, "batch": self.batch, "epochs": self.epochs, "schedule": risen}
        ascend(self, data, RasterModel.log_prob_given, **told)

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x.float() / (self.space.levels - 1) - 1

    def seen(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → float32 [N, C + 1, H, W]: the scaled entries, and ones that tell them from padding."""
        return torch.cat([self.scaled(x), torch.ones_like(x[:, :1], dtype=torch.float32)], dim=1)

    def logits(self, context: Tensor, x: Tensor, channel: int) -> Tensor:
        """What is said of a channel [N, said, R, W], given the context and the earlier channels of the same pixels."""
        return self.heads[channel](torch.cat([context.relu(), self.scaled(x[:, :channel])], dim=1))

    def law_at(self, context: Tensor, earlier: Tensor) -> LevelLaw:
        """The law of a channel at one place, by its context [n, width] and the earlier channels int64 [n, channel]."""
        first, _, _, last = self.heads[earlier.shape[1]]
        hidden = first(torch.cat([context.relu(), self.scaled(earlier)], dim=1))
        return LevelLaw(last(hidden.relu()), self.space.levels)

    def log_prob_given(self, x: Tensor, y: Tensor) -> Tensor:
        """log p(x|y), [N] nats."""
        context = self.contexts(x, y)
        laws = [LevelLaw(self.logits(context, x, c), self.space.levels) for c in range(x.shape[1])]
        return torch.stack([law.log_mass(x[:, c : c + 1]) for c, law in enumerate(laws)]).sum((0, 2, 3))

    @property
    def class_prior(self) -> Tensor:
        return self.share

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            return self.log_prob_given(x, labels)
        return torch.cat([self._log_prob(rows) for rows in x.split(max(1, ROWS // len(self.share)))])

    def _log_prob(self, x: Tensor) -> Tensor:
        every = torch.arange(len(self.share), device=x.device)
        nats = self.log_prob_given(x.repeat_interleave(len(every), 0), every.repeat(len(x))).view(len(x), -1)
        return (nats + self.share.log()).logsumexp(1)

    def next(self, x: Tensor, i: int) -> Tensor:
        """Of grey images alone: in the flat order a whole channel comes before the next one.

        p(xᵢ | x_<i) = Σ_y p(y | x_<i) p(xᵢ | x_<i, y). A call by itself runs the network over all that precedes i; one
        that goes on from an earlier one takes a step for each pixel between them.
        """
        if x.shape[1] > 1:
            raise genbench.Unsuitable(f"{self.name} goes pixel by pixel through all channels, not channel by channel")
        n, classes, flat = len(x), len(self.share), x.flatten(1)
        nothing = flat.new_zeros(n * classes, 0)  # grey pixels have no earlier channels
        walk, known, nats, laws = self._walk or (None, flat[:, :0], flat, flat)
        if walk is None or walk.place > i or not torch.equal(known, flat[:, : walk.place]):
            if i and not self._goes_on(flat, i):
                self._seen = flat[:, :i].clone()
                return self._mixed(*self._looked_up(x, i))
            walk = self.walk(torch.arange(classes, device=x.device).repeat(n))
            nats, laws = self.share.log().expand(n, -1), self.law_at(walk.context, nothing).log_masses()
        while walk.place < i:
            pixel = flat[:, walk.place].repeat_interleave(classes)[:, None]
            nats = nats + laws.gather(1, pixel).view(n, classes)
            walk.take(pixel)
            laws = self.law_at(walk.context, nothing).log_masses()
        self._walk = walk, flat[:, :i].clone(), nats, laws
        return self._mixed(nats, laws)

    def _goes_on(self, flat: Tensor, i: int) -> bool:
        """Whether a call about pixel i of images [n, D] comes after one about an earlier pixel of the same."""
        before = self._seen.shape[1]
        return 0 < before < i and torch.equal(self._seen, flat[:, :before])

    def _looked_up(self, x: Tensor, i: int) -> tuple[Tensor, Tensor]:
        """log p(y, x_<i) [n, classes], and log p of all levels of xᵢ given x_<i and y [n classes, levels]."""
        n, classes, (row, column) = len(x), len(self.share), divmod(i, x.shape[3])
        rows = x[:, :, : row + 1].repeat_interleave(classes, 0)
        said = self.logits(self.contexts(rows, torch.arange(classes, device=x.device).repeat(n)), rows, 0)
        nats = LevelLaw(said, self.space.levels).log_mass(rows).flatten(1)[:, :i].sum(1).view(n, classes)
        return self.share.log() + nats, LevelLaw(said[:, :, row, column], self.space.levels).log_masses()

    def _mixed(self, nats: Tensor, laws: Tensor) -> Tensor:
        """log p of all levels [n, levels] from log p(y, x_<i) [n, classes] and each class's law [n classes, levels]."""
        return (nats.log_softmax(1)[:, :, None] + laws.view(*nats.shape, -1)).logsumexp(1)

    def sample(self, n: int, *, labels: Tensor | None = None, temperature: float = 1.0) -> Tensor:
        """Draw pixel by pixel, each from its law to the power 1 / temperature."""
        channels, height, columns = self.space.shape
        y = torch.multinomial(self.share, n, replacement=True) if labels is None else labels
        walk, pixels = self.walk(y), []
        for _ in range(height * columns):
            pixel = y.new_zeros(n, 0)
            for _ in range(channels):
                p = self.law_at(walk.context, pixel).chances(temperature)
                pixel = torch.cat([pixel, p.multinomial(1)], dim=1)
            pixels.append(pixel)
            walk.take(pixel)
        return torch.stack(pixels, dim=2).view(n, *self.space.shape)
