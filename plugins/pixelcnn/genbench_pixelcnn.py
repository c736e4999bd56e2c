"""A conditional Gated PixelCNN: the chain rule over pixels, each factor a law over the levels."""

from itertools import islice
from typing import Annotated, ClassVar

import torch
from genbench_gated_stacks import Layer, Shifted, moved, pointwise
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


class Walk:
    """A way through n images in raster order: each layer keeps the rows and columns that it has yet to see.

    A step costs one row of the vertical stack where a row begins, and one column of the horizontal one, whatever the
    size of the image.

    Args:
        model: the network.
        y: the images' classes, [n].
    """

    def __init__(self, model: "PixelCNN", y: Tensor) -> None:
        self.model, self.y, self.place = model, y, 0
        self.rows, self.width = model.space.shape[1:]
        channels, columns = len(model.heads) + 1, self.width
        sizes = [(channels, model.reach + 1), *[(len(model.place), layer.window) for layer in model.layers]]
        self.above = [model.place.new_zeros(len(y), *size, columns) for size in sizes]
        self.row = model.place.new_zeros(len(y), channels, 1, columns)  # what has been drawn of this row
        self._begin_row()

    def _begin_row(self) -> None:
        """Run the vertical stack for the row that `place` begins, and forget the columns of the last one."""
        model, r = self.model, self.place // self.width
        v = model.from_above.row(self.above[0]) + model.place[:, r : r + 1]
        told = []
        for i, layer in enumerate(model.layers, 1):
            self.above[i] = moved(self.above[i], v)
            v, above = layer.down(layer.vertical.row(self.above[i]), self.y)
            told.append(above[:, :, 0])
        self.told = told
        self.left = [window.new_zeros(window.shape[:3]) for window in self.above]
        self._step()

    def _step(self) -> None:
        """Run the horizontal stack at `place`: `context` [n, width]."""
        j = self.place % self.width
        h = pointwise(self.model.from_left.conv, self.left[0])
        for i, (layer, told) in enumerate(zip(self.model.layers, self.told, strict=True), 1):
            self.left[i] = moved(self.left[i], h[:, :, None])
            h = layer.right_at(self.left[i], told[:, :, j])
        self.context = h

    def logits(self, earlier: Tensor) -> Tensor:
        """What a channel's head says at `place` [n, out], given the earlier channels there, int64 [n, channel]."""
        _, first, _, _, last = self.model.heads[earlier.shape[1]]
        hidden = pointwise(first, torch.cat([self.context, self.model.scaled(earlier)], dim=1).relu())
        return pointwise(last, hidden.relu())

    def take(self, pixel: Tensor) -> None:
        """Go on by one place: the pixel at `place` is int64 [n, C]."""
        j = self.place % self.width
        self.row[..., j : j + 1] = seen = self.model.seen(pixel[:, :, None, None])
        self.place += 1
        if j + 1 < self.width:
            self.left[0] = moved(self.left[0], seen[:, :, 0])
            self._step()
        elif self.place < self.width * self.rows:
            self.above[0] = moved(self.above[0], self.row)
            self._begin_row()


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
        # Of `next`: where it is, the pixels so far, their nats, the laws of the pixel there.
        self._walk: tuple[Walk, Tensor, Tensor, Tensor] | None = None

    def _head(self, width: int, earlier: int, dropout: float) -> nn.Module:
        hidden, out = 2 * width, self.space.levels if self.space.levels <= SOFTMAX else 3 * LOGISTICS
        first, last = Mix(width + earlier, hidden), Mix(hidden, out)
        return nn.Sequential(nn.ReLU(), first, nn.ReLU(), nn.Dropout2d(dropout), last)

    def train(self, mode: bool = True) -> "PixelCNN":
        """As of every module; what `next` remembers was said by the weights of before."""
        self._walk = None
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
        """Of each pixel, what precedes it: images int64 [N, C, H, W] of classes [N] → [N, width, H, W]."""
        seen = self.seen(x)
        v, h = self.from_above(seen) + self.place, self.from_left(seen)
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

        p(xᵢ | x_<i) = Σ_y p(y | x_<i) p(xᵢ | x_<i, y). Where the last call was about the same pixels before this one,
        it goes on from there.
        """
        if x.shape[1] > 1:
            raise genbench.Unsuitable("pixelcnn goes pixel by pixel through all channels, not channel by channel")
        n, classes, flat = len(x), len(self.share), x.flatten(1)
        nothing = flat.new_zeros(n * classes, 0)
        walk, known, nats, laws = self._walk or (None, flat[:, :0], flat, flat)
        if walk is None or walk.place > i or not torch.equal(known, flat[:, : walk.place]):
            walk = Walk(self, torch.arange(classes, device=x.device).repeat(n))
            # nats: log p(y, x_<i), [N, classes].
            nats, laws = self.share.log().expand(n, -1), self.law(walk.logits(nothing))
        while walk.place < i:
            pixel = flat[:, walk.place].repeat_interleave(classes)[:, None]
            nats = nats + laws.gather(1, pixel).view(n, classes)
            walk.take(pixel)
            laws = self.law(walk.logits(nothing))
        self._walk = walk, flat[:, :i].clone(), nats, laws
        return (nats.log_softmax(1)[:, :, None] + laws.view(n, classes, -1)).logsumexp(1)

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
