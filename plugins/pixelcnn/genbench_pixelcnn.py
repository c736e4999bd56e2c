"""A conditional Gated PixelCNN: the chain rule over pixels, each factor a law over the levels."""

from itertools import islice
from typing import Annotated, ClassVar

import torch
from genbench_gated_stacks import Layer, Shifted, Walk
from genbench_networks import LogisticMixture, Mix, narrowed, spared
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import genbench
from genbench import Choice, Range

CHECKS = 20  # looks at the validation split, spread evenly over the training
VALIDATED = 500  # of its rows, about, at most: a look costs little beside what is trained between two of them
ROWS = 500  # images that pass the network at a time in `log_prob`, each under every class
LARGE = 16  # the shorter side of images in which layers see 1, 2, 4 and 8 pixels far, and then again
SOFTMAX = 64  # levels at most that a softmax tells apart; of more, the law is a mixture of discretised logistics
LOGISTICS = 5  # in that mixture


class PixelCNN(genbench.Model, genbench.Density, genbench.Sequential, genbench.Conditional):
    """p(x) = Σ_y p(y) ∏ᵢ p(xᵢ | x₁ … xᵢ₋₁, y) over pixels in raster order, and over the channels within a pixel, eq. 4.

    A vertical stack sees the rows above, a horizontal one the pixels to the left, and together they leave no blind
    spot. The last layers of each channel see the pixel's earlier channels (Salimans et al. 2017, sec. 2.2,
    https://arxiv.org/abs/1701.05517), and a learned map tells the place. The law of few levels is a softmax, that of
    many a mixture of discretised logistics (the same, sec. 2.1). Where the Space has no classes, all images
    are of one. What is kept is an average over the late training steps.

    Args:
        width: channels of each stack, fewer where images have more than 8×8 pixels.
        layers: gated layers after the first convolution. In large images they are dilated in the cycle of WaveNet
            (van den Oord et al. 2016, sec. 2.1, https://arxiv.org/abs/1609.03499).
        kernel: side of the convolutions before masking, odd.
        dropout: share of channels that are zeroed in training, less where images are seldom seen twice.
        lr: AdamW's learning rate at the start; it falls linearly to 0.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "pixelcnn"
    family = genbench.Family.AUTOREGRESSIVE
    source = "van den Oord et al. 2016, https://arxiv.org/abs/1606.05328"
    samplers: ClassVar = {"ancestral": {}, "tempered": {"temperature": 0.9}}
    described_sampler = "ancestral"
    likelihood = genbench.Likelihood.EXACT
    audit_settings: ClassVar = {"width": 16, "layers": 2}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Range(4, 512, log=True)] = 24,
        layers: Annotated[int, Range(1, 32)] = 4,
        kernel: Annotated[int, Choice(3, 5, 7)] = 3,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.5,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 150,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"pixelcnn needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.lr, self.batch, self.epochs = space, lr, batch, epochs
        channels, height, columns = space.shape
        self.reach = reach = kernel // 2
        width = narrowed(width, space.shape)
        self.place = nn.Parameter(torch.zeros(width, height, columns))
        self.from_above = Shifted(channels + 1, width, (reach, reach), sides=reach, strict=True)
        self.from_left = Shifted(channels + 1, width, (0, reach), strict=True)
        classes = space.classes or 1
        self.grey = genbench.Space((1, 1, 1), levels=space.levels)
        steps = [2 ** (i % 4) if min(height, columns) >= LARGE else 1 for i in range(layers)]
        self.layers = nn.ModuleList(Layer(width, reach, step, dropout, classes) for step in steps)
        self.heads = nn.ModuleList(self._head(width, earlier, dropout) for earlier in range(channels))
        self.register_buffer("share", torch.full((classes,), 1 / classes))  # p(y)
        # Of `next`: where it is, the pixels so far, their nats, the laws of the pixel there; what was looked up.
        self._walk: tuple[Walk, Tensor, Tensor, Tensor] | None = None
        self._seen = torch.empty(0, 0)

    def _head(self, width: int, earlier: int, dropout: float) -> nn.Module:
        hidden, out = 2 * width, self.space.levels if self.space.levels <= SOFTMAX else 3 * LOGISTICS
        first, last = Mix(width + earlier, hidden), Mix(hidden, out)
        return nn.Sequential(nn.ReLU(), first, nn.ReLU(), nn.Dropout2d(dropout), last)

    def train(self, mode: bool = True) -> "PixelCNN":
        """As of every module; what `next` remembers was said by the weights of before."""
        self._walk, self._seen = None, torch.empty(0, 0)
        return super().train(mode)

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        spared(self, most / len(data.train))
        if data.train.y is not None:
            self.share.copy_(torch.bincount(data.train.y[:], minlength=len(self.share)) / len(data.train))
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=1e-4)
        averaged = AveragedModel(self, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / (1 + most / self.batch / 20)))
        data.checkpoint(model=self, optimizer=optimizer, averaged=averaged)
        for x, y in data.batches(self.batch, most=most):
            spent = data.progress_to(most)
            optimizer.param_groups[0]["lr"] = self.lr * min(1, 100 * spent) * (1 - spent)
            loss = -self.log_prob_given(x, self.classes_of(x, y)).mean() / self.space.dim
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 1.0)
            optimizer.step()
            averaged.update_parameters(self)
            if spent * CHECKS >= len(data.curve) + 1:
                data.log(nats_per_dim=loss.item(), valid_nats_per_dim=averaged.module.validated(data))
        self.load_state_dict(averaged.module.state_dict())

    @torch.no_grad()
    def validated(self, data: genbench.TrainingData) -> float:
        """Negative log-likelihood of rows of the validation split given its classes, in nats per dimension."""
        self.eval()
        batches = islice(data.valid.batches(self.batch, data.device), -(-VALIDATED // self.batch))
        nats = torch.cat([self.log_prob_given(x, self.classes_of(x, y)) for x, y in batches])
        self.train()
        return -nats.mean().item() / self.space.dim

    @staticmethod
    def classes_of(x: Tensor, y: Tensor | None) -> Tensor:
        """The classes of images x, [N] int64: all the same where there are none."""
        return torch.zeros(len(x), dtype=torch.int64, device=x.device) if y is None else y

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x.float() / (self.space.levels - 1) - 1

    def seen(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → float32 [N, C + 1, H, W]: the scaled entries, and ones that tell them from padding."""
        return torch.cat([self.scaled(x), torch.ones_like(x[:, :1], dtype=torch.float32)], dim=1)

    def contexts(self, x: Tensor, y: Tensor) -> Tensor:
        """Of each pixel, what precedes it: images int64 [N, C, R, W] of classes [N] → [N, width, R, W].

        The first R of their H rows may be all that there is, since no row sees those below.
        """
        seen = self.seen(x)
        v, h = self.from_above(seen) + self.place[:, : x.shape[2]], self.from_left(seen)
        for layer in self.layers:
            v, above = layer.down(layer.vertical(v), y)
            h = layer.right(h, above)
        return h

    def logits(self, context: Tensor, x: Tensor, channel: int) -> Tensor:
        """Of a channel's levels [N, levels, R, W], given the context and the earlier channels of the same pixels."""
        return self.heads[channel](torch.cat([context, self.scaled(x[:, :channel])], dim=1))

    def log_prob_given(self, x: Tensor, y: Tensor) -> Tensor:
        """log p(x|y), [N] nats."""
        context = self.contexts(x, y)
        nats = [self.log_mass(self.logits(context, x, c), x[:, c : c + 1]) for c in range(x.shape[1])]
        return torch.stack(nats).sum((0, 2, 3))

    def log_mass(self, said: Tensor, x: Tensor) -> Tensor:
        """log p of the levels x, int64 [N, 1, H, W], by what a head said of them, [N, out, H, W]: [N, H, W]."""
        if self.space.levels <= SOFTMAX:
            return -nn.functional.cross_entropy(said, x[:, 0], reduction="none")
        return LogisticMixture(said, self.grey).log_mass(x)

    def law(self, said: Tensor) -> Tensor:
        """log p of all levels [n, levels], by what a head said of one place of n images, [n, out]."""
        if self.space.levels <= SOFTMAX:
            return said.log_softmax(1)
        every = torch.arange(self.space.levels, device=said.device).view(1, 1, 1, -1)
        return LogisticMixture(said[:, :, None, None], self.grey).log_mass(every)[:, 0]

    def chances(self, said: Tensor, temperature: float) -> Tensor:
        """What the law to the power 1 / temperature is in proportion to, [n, levels], by the same."""
        if self.space.levels <= SOFTMAX:
            return (said / temperature).softmax(1)
        masses = LogisticMixture(said[:, :, None, None], self.grey).masses().flatten(1)
        return (masses / masses.amax(1, keepdim=True)) ** (1 / temperature)

    def log_prob(self, x: Tensor) -> Tensor:
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
            raise genbench.Unsuitable("pixelcnn goes pixel by pixel through all channels, not channel by channel")
        n, classes, flat = len(x), len(self.share), x.flatten(1)
        walk, known, nats, laws = self._walk or (None, flat[:, :0], flat, flat)
        if walk is None or walk.place > i or not torch.equal(known, flat[:, : walk.place]):
            if i and not self._goes_on(flat, i):
                self._seen = flat[:, :i].clone()
                return self._mixed(*self._looked_up(x, i))
            walk = Walk(self, torch.arange(classes, device=x.device).repeat(n))
            nats, laws = self.share.log().expand(n, -1), self.law(walk.logits(flat.new_zeros(n * classes, 0)))
        while walk.place < i:
            pixel = flat[:, walk.place].repeat_interleave(classes)[:, None]
            nats = nats + laws.gather(1, pixel).view(n, classes)
            walk.take(pixel)
            laws = self.law(walk.logits(flat.new_zeros(n * classes, 0)))
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
        context = self.contexts(rows, torch.arange(classes, device=x.device).repeat(n))
        said = self.logits(context, rows, 0)
        nats = self.log_mass(said, rows).flatten(1)[:, :i].sum(1).view(n, classes)
        return self.share.log() + nats, self.law(said[:, :, row, column])

    def _mixed(self, nats: Tensor, laws: Tensor) -> Tensor:
        """log p of all levels [n, levels] from log p(y, x_<i) [n, classes] and each class's law [n classes, levels]."""
        return (nats.log_softmax(1)[:, :, None] + laws.view(*nats.shape, -1)).logsumexp(1)

    def sample(self, n: int, *, labels: Tensor | None = None, temperature: float = 1.0) -> Tensor:
        """Draw pixel by pixel, each from its law to the power 1 / temperature."""
        y = torch.multinomial(self.share, n, replacement=True) if labels is None else labels
        walk, pixels = Walk(self, y), []
        for _ in range(walk.rows * walk.width):
            pixel = y.new_zeros(n, 0)
            for _ in self.heads:
                p = self.chances(walk.logits(pixel), temperature)
                pixel = torch.cat([pixel, p.multinomial(1)], dim=1)
            pixels.append(pixel)
            walk.take(pixel)
        return torch.stack(pixels, dim=2).view(n, *self.space.shape)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [PixelCNN]
