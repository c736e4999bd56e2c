"""A Gated PixelCNN: the chain rule over pixels, each factor a softmax over the levels."""

import math
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import genbench
from genbench import Choice, Range

CHECKS = 40  # looks at the validation split, spread evenly over the budget
PATIENCE = 0.2  # share of the budget without a better validation likelihood after which training ends


def gate(features: Tensor) -> Tensor:
    """y = tanh(W_f * x) ⊙ σ(W_g * x), eq. 2: the products with both W [N, 2 width, H, W] → [N, width, H, W]."""
    f, g = features.chunk(2, dim=1)
    return f.tanh() * g.sigmoid()


class Shifted(nn.Module):
    """A masked convolution without the masked half: it sees this position and those before it, or only the latter.

    Args:
        before, after: channels in and out.
        reach: how far it sees to the top and to the left.
        sides: how far it sees to the right in the rows above.
        strict: not this row (this pixel, where there is no reach to the top), as the paper's first-layer mask "A".
    """

    def __init__(self, before: int, after: int, reach: tuple[int, int], sides: int = 0, strict: bool = False) -> None:
        super().__init__()
        top, left = reach
        self.conv = nn.Conv2d(before, after, (top + 1, left + sides + 1))
        down, right = (int(strict), 0) if top else (0, int(strict))
        self.pad = (left + right, sides - right, top + down, -down)  # left, right, top, bottom

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, H, W] → [N, after, H, W]."""
        return self.conv(nn.functional.pad(x, self.pad))


class Layer(nn.Module):
    """One layer of both stacks, fig. 2; only the horizontal one has a residual connection."""

    def __init__(self, width: int, reach: int, dropout: float) -> None:
        super().__init__()
        self.vertical = Shifted(width, 2 * width, (reach, reach), sides=reach)
        self.link = nn.Conv2d(2 * width, 2 * width, 1)
        self.horizontal = Shifted(width, 2 * width, (0, reach))
        self.out = nn.Sequential(nn.Dropout2d(dropout), nn.Conv2d(width, width, 1))

    def down(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """v [N, width, H, W] → the next v, and what the horizontal stack hears of it [N, 2 width, H, W]."""
        features = self.vertical(v)
        return gate(features), self.link(features)

    def right(self, h: Tensor, above: Tensor) -> Tensor:
        """h [N, width, H, W] and what it hears from above [N, 2 width, H, W] → the next h."""
        return h + self.out(gate(self.horizontal(h) + above))


class PixelCNN(genbench.Model, genbench.Density, genbench.Sequential):
    """p(x) = ∏ᵢ p(xᵢ | x₁ … xᵢ₋₁) over pixels in raster order, and over the channels within a pixel, eq. 1.

    A vertical stack sees the rows above, a horizontal one the pixels to the left, and together they leave no blind
    spot. The last layers of each channel see the pixel's earlier channels (Salimans et al. 2017, sec. 2.2,
    https://arxiv.org/abs/1701.05517), and a learned map tells the place. The weights of the best validation
    likelihood are kept, and training ends early where that no longer improves.

    Args:
        width: channels of each stack.
        layers: gated layers after the first convolution.
        kernel: side of the convolutions before masking, odd.
        dropout: share of channels that are zeroed in training.
        lr: AdamW's learning rate at the start; it falls linearly to 0.
        batch: images a step.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "pixelcnn"
    family = genbench.Family.AUTOREGRESSIVE
    source = "van den Oord et al. 2016, https://arxiv.org/abs/1606.05328"
    likelihood = genbench.Likelihood.EXACT
    audit_settings: ClassVar = {"width": 16, "layers": 2}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Range(4, 512, log=True)] = 24,
        layers: Annotated[int, Range(1, 32)] = 4,
        kernel: Annotated[int, Choice(3, 5, 7)] = 3,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.2,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 64,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"pixelcnn needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.lr, self.batch = space, lr, batch
        channels, height, columns = space.shape
        reach = kernel // 2
        self.sight = reach * (layers + 1) + 1  # rows above that the vertical stack sees
        self.place = nn.Parameter(torch.zeros(width, height, columns))
        self.from_above = Shifted(channels + 1, width, (reach, reach), sides=reach, strict=True)
        self.from_left = Shifted(channels + 1, width, (0, reach), strict=True)
        self.layers = nn.ModuleList(Layer(width, reach, dropout) for _ in range(layers))
        self.heads = nn.ModuleList(self._head(width, earlier, dropout) for earlier in range(channels))

    def _head(self, width: int, earlier: int, dropout: float) -> nn.Module:
        hidden = 2 * width
        first, last = nn.Conv2d(width + earlier, hidden, 1), nn.Conv2d(hidden, self.space.levels, 1)
        return nn.Sequential(nn.ReLU(), first, nn.ReLU(), nn.Dropout2d(dropout), last)

    def fit(self, data: genbench.TrainingData) -> None:
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=1e-4)
        updates = data.images // self.batch
        averaged = AveragedModel(self, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / (1 + updates / 20)))
        best = genbench.BestWeights(averaged.module)
        data.checkpoint(model=self, optimizer=optimizer, averaged=averaged, best=best)
        for x, _ in data.batches(self.batch):
            optimizer.param_groups[0]["lr"] = self.lr * min(1, 100 * data.progress) * (1 - data.progress)
            loss = -self.log_prob(x).mean() / self.space.dim
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 1.0)
            optimizer.step()
            averaged.update_parameters(self)
            if data.progress * CHECKS >= len(data.curve) + 1:
                valid = averaged.module.validated(data)
                best.offer(valid)
                data.log(nats_per_dim=loss.item(), valid_nats_per_dim=valid)
                if self._is_over(data):
                    break
        best.restore()
        self.load_state_dict(averaged.module.state_dict())

    @staticmethod
    def _is_over(data: genbench.TrainingData) -> bool:
        """Whether the validation loss has not fallen for a share PATIENCE of the budget."""
        best = min(data.curve, key=lambda point: point.get("valid_nats_per_dim", math.inf))
        return data.seen - best["images"] > PATIENCE * data.images

    @torch.no_grad()
    def validated(self, data: genbench.TrainingData) -> float:
        """Negative log-likelihood of the validation split, in nats per dimension."""
        self.eval()
        nats = torch.cat([self.log_prob(x) for x, _ in data.valid.batches(self.batch, data.device)])
        self.train()
        return -nats.mean().item() / self.space.dim

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x.float() / (self.space.levels - 1) - 1

    def seen(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → float32 [N, C + 1, H, W]: the scaled entries, and ones that tell them from padding."""
        return torch.cat([self.scaled(x), torch.ones_like(x[:, :1], dtype=torch.float32)], dim=1)

    def vertical(self, x: Tensor, top: int = 0) -> list[Tensor]:
        """Rows of images from `top`, int64 [N, C, R, W] → for each layer, what each row hears from those above it."""
        v = self.from_above(self.seen(x)) + self.place[:, top : top + x.shape[2]]
        told = []
        for layer in self.layers:
            v, above = layer.down(v)
            told.append(above)
        return told

    def horizontal(self, x: Tensor, told: list[Tensor]) -> Tensor:
        """Rows int64 [N, C, R, W] and what they heard from above → each pixel's context [N, width, R, W]."""
        h = self.from_left(self.seen(x))
        for layer, above in zip(self.layers, told, strict=True):
            h = layer.right(h, above)
        return h

    def logits(self, context: Tensor, x: Tensor, channel: int) -> Tensor:
        """Of a channel's levels [N, levels, R, W], given the context and the earlier channels of the same pixels."""
        return self.heads[channel](torch.cat([context, self.scaled(x[:, :channel])], dim=1))

    def log_prob(self, x: Tensor) -> Tensor:
        context = self.horizontal(x, self.vertical(x))
        nats = [
            nn.functional.cross_entropy(self.logits(context, x, c), x[:, c], reduction="none")
            for c in range(x.shape[1])
        ]
        return -torch.stack(nats).sum((0, 2, 3))

    def next(self, x: Tensor, i: int) -> Tensor:
        """Of grey images alone: in the flat order a whole channel comes before the next one.

        Of the rows above only those are looked at that the vertical stack can see. What it makes of the first of them,
        which lack those above, is wrong and does not reach the present row.
        """
        channels, _, columns = x.shape[1:]
        if channels > 1:
            raise genbench.Unsuitable("pixelcnn goes pixel by pixel through all channels, not channel by channel")
        r, j = divmod(i, columns)
        top = max(0, r - self.sight)
        told = [above[:, :, -1:] for above in self.vertical(x[:, :, top : r + 1], top)]
        context = self.horizontal(x[:, :, r : r + 1], told)[..., j : j + 1]
        return self.logits(context, x[:, :, r : r + 1, j : j + 1], 0).flatten(1)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        """Draw pixel by pixel: the vertical stack runs once a row, the horizontal one on the present row alone."""
        x = torch.zeros(n, *self.space.shape, dtype=torch.int64, device=self.place.device)
        for i in range(x.shape[2]):
            row = x[:, :, i : i + 1]  # a view: what is drawn is seen by the next pixel
            told = [above[:, :, -1:] for above in self.vertical(x[:, :, : i + 1])]
            for j in range(x.shape[3]):
                context = self.horizontal(row, told)[..., j : j + 1]
                for c in range(x.shape[1]):
                    p = self.logits(context, row[..., j : j + 1], c).softmax(1).flatten(1)  # [n, levels]
                    row[:, c, 0, j] = p.multinomial(1).squeeze(1)
        return x


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [PixelCNN]
