"""The two stacks of a Gated PixelCNN, for whole images and for one row or one place of them."""

from typing import Protocol

import torch
from genbench_networks import Mix
from torch import Tensor, nn

import genbench


def gate(features: Tensor) -> Tensor:
    """y = tanh(W_f * x) ⊙ σ(W_g * x), eq. 2: the products with both W [N, 2 width, …] → [N, width, …]."""
    f, g = features.chunk(2, dim=1)
    return f.tanh() * g.sigmoid()


def pointwise(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution at one place, without its padding: all that it sees there [N, …] → [N, channels]."""
    return nn.functional.linear(x.flatten(1), conv.weight.flatten(1), conv.bias)


class Shifted(nn.Module):
    """A masked convolution without the masked half: it sees this position and those before it, or only the latter.

    Args:
        before, after: channels in and out.
        reach: how far it sees to the top and to the left.
        sides: how far it sees to the right in the rows above.
        strict: not this row (this pixel, where there is no reach to the top), as the paper's first-layer mask "A".
        step: how far apart the positions are that it sees.
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


class Layer(nn.Module):
    """One layer of both stacks, fig. 2, which hear the class as in eq. 4; only the horizontal one is residual."""

    def __init__(self, width: int, reach: int, step: int, dropout: float, classes: int) -> None:
        super().__init__()
        self.step, self.window = step, step * reach + 1  # rows or columns that it sees, with those between
        self.vertical = Shifted(width, 2 * width, (reach, reach), sides=reach, step=step)
        self.link = Mix(2 * width, 2 * width)
        self.horizontal = Shifted(width, 2 * width, (0, reach), step=step)
        self.classes = nn.Embedding(classes, 4 * width)
        self.dropout = nn.Dropout2d(dropout)
        self.out = Mix(width, width)
        nn.init.normal_(self.classes.weight, std=0.3)

    def down(self, features: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """What `vertical` made of v [N, 2 width, R, W] → the next v, and what the horizontal stack hears of it."""
        to_vertical, to_horizontal = self.classes(y)[:, :, None, None].chunk(2, dim=1)
        return gate(features + to_vertical), self.link(features) + to_horizontal

    def right(self, h: Tensor, above: Tensor) -> Tensor:
        """h [N, width, H, W] and what it hears from above [N, 2 width, H, W] → the next h."""
        return h + self.out(self.dropout(gate(self.horizontal(h) + above)))

    def right_at(self, window: Tensor, above: Tensor) -> Tensor:
        """The same at one place, of h in the columns up to it [N, width, window] → the next h [N, width]."""
        seen = pointwise(self.horizontal.conv, window[:, :, :: self.step])
        return window[:, :, -1] + pointwise(self.out, gate(seen + above))


def moved(window: Tensor, newest: Tensor) -> Tensor:
    """Drops the oldest row or column of a window, along its third axis, and appends the newest."""
    return torch.cat([window[:, :, newest.shape[2] :], newest], dim=2)


class Stacks(Protocol):
    """A network of both stacks, as `Walk` goes through it."""

    space: genbench.Space
    """Its shape is that of the images."""
    reach: int
    """How far the convolutions see."""
    place: Tensor
    """Features of each place, [width, H, W]."""
    from_above: Shifted
    from_left: Shifted
    layers: nn.ModuleList
    """Of `Layer`s."""
    heads: nn.ModuleList
    """Of each channel: ReLU, Mix, ReLU, dropout, Mix."""

    def seen(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → what the first convolutions see of it, float32 [N, channels, H, W]."""

    def scaled(self, x: Tensor) -> Tensor:
        """Entries as the heads see those of earlier channels."""


class Walk:
    """A way through n images in raster order: each layer keeps the rows and columns that it has yet to see.

    A step costs one row of the vertical stack where a row begins, and one column of the horizontal one, whatever the
    size of the image.

    Args:
        model: the network.
        y: the images' classes, [n].
    """

    def __init__(self, model: Stacks, y: Tensor) -> None:
        self.model, self.y, self.place = model, y, 0
        self.rows, self.width = model.space.shape[1:]
        channels, columns = model.from_above.conv.in_channels, self.width
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
