"""The two stacks of a Gated PixelCNN, for whole images and for one row or one place of them."""

from typing import Protocol

from genbench_networks import Mix
from genbench_raster import Shifted, Walk, moved, pointwise
from torch import Tensor, nn

import genbench


def gate(features: Tensor) -> Tensor:
    """y = tanh(W_f * x) ⊙ σ(W_g * x), eq. 2: the products with both W [N, 2 width, …] → [N, width, …]."""
    f, g = features.chunk(2, dim=1)
    return f.tanh() * g.sigmoid()


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
        return window[:, :, -1] + self.out(gate(seen + above))


class Stacks(Protocol):
    """A network of both stacks, as `GatedWalk` goes through it."""

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

    def seen(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → what the first convolutions see of it, float32 [N, channels, H, W]."""


class GatedWalk(Walk):
    """Each layer keeps the rows and columns that it has yet to see.

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

    def take(self, pixel: Tensor) -> None:
        j = self.place % self.width
        self.row[..., j : j + 1] = seen = self.model.seen(pixel[:, :, None, None])
        self.place += 1
        if j + 1 < self.width:
            self.left[0] = moved(self.left[0], seen[:, :, 0])
            self._step()
        elif self.place < self.width * self.rows:
            self.above[0] = moved(self.above[0], self.row)
            self._begin_row()
