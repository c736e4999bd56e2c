"""A PixelRNN: a row of an image is said all at once from an LSTM's state of the row above, and from its own left."""

from typing import Annotated, ClassVar

import torch
from genbench_networks import Mix, narrowed
from genbench_raster import RasterModel, Shifted, Walk, heads, moved, pointwise
from torch import Tensor, nn

import genbench
from genbench import Range

REACH = 3  # of the first convolution: it sees 7 columns, of 3 rows above and of this row those to the left
State = tuple[Tensor, Tensor]  # h and c of a row, [N, width, W] each


class RowLSTM(nn.Module):
    """A layer whose state goes from row to row, eq. 3, on features that it adds to (fig. 5, right).

    [o_i, f_i, i_i, g_i] = σ(K_ss * h_{i-1} + K_is * x_i), c_i = f_i ⊙ c_{i-1} + i_i ⊙ g_i, h_i = o_i ⊙ tanh(c_i); of g
    it is tanh, not σ. K_ss sees three places of the row above. K_is sees this place and the one to the left (mask "B").
    The class y adds to the gates, which the paper has not.

    Args:
        width: of h; the features have twice as many channels.
    """

    def __init__(self, width: int, dropout: float, classes: int) -> None:
        super().__init__()
        self.width = width
        self.to_state = Shifted(2 * width, 4 * width, (0, 1))  # K_is
        self.from_state = nn.Conv1d(width, 4 * width, 3, padding=1, bias=False)  # K_ss
        self.classes = nn.Embedding(classes, 4 * width)
        self.dropout = nn.Dropout2d(dropout)
        self.out = Mix(width, 2 * width)
        nn.init.normal_(self.classes.weight, std=0.3)
        with torch.no_grad():
            self.to_state.conv.bias[width : 2 * width] += 1  # it begins by remembering

    def begun(self, n: int, columns: int) -> State:
        """The state above the first row."""
        zero = self.out.weight.new_zeros(n, self.width, columns)
        return zero, zero

    def gated(self, heard: Tensor, c: Tensor) -> State:
        """h and c of a row or of one place, from what both kernels heard [N, 4 width, …] and the c above."""
        o, f, i, g = heard.chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Features [N, 2 width, R, W] of classes [N] → the next ones: the kernel K_is at once, then row by row."""
        heard, (h, c), rows = self.to_state(x) + self.classes(y)[:, :, None, None], self.begun(len(x), x.shape[3]), []
        for row in heard.unbind(2):
            h, c = self.gated(row + self.from_state(h), c)
            rows.append(h)
        return x + self.out(self.dropout(torch.stack(rows, dim=2)))

    def at(self, window: Tensor, told: Tensor, c: Tensor) -> tuple[Tensor, State]:
        """The same at one place.

        Args:
            window: features in the column before and in this one, [N, 2 width, 2].
            told: what K_ss and the class say of this place, [N, 4 width].
            c: of the place above, [N, width].
        Returns:
            The next features [N, 2 width], and this place's h and c.
        """
        h, c = self.gated(pointwise(self.to_state.conv, window) + told, c)
        return window[:, :, -1] + self.out(h), (h, c)


class PixelRNN(RasterModel):
    """log p(x|y) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁, y) over pixels in raster order, eq. 1, and over channels in a pixel, eq. 2.

    A masked 7×7 convolution (mask "A"), layers of row LSTM with residual connections, and two 1×1 convolutions. A state
    at one place hears of the row above from three columns, so that all rows above count, each from a wider triangle.
    The paper gives each colour a third of all channels, masked; here the last layers alone see a pixel's earlier
    colours, as in Salimans et al. 2017, sec. 2.2. Few levels have the paper's softmax, many a mixture of discretised
    logistics (the same, sec. 2.1). The class and the average of late weights are not the paper's either.

    NFE: one step of the network a pixel, H W of them, in either sampler. A step costs one place of each layer: what
    rows above say is computed once a row.

    Weaknesses: left of a pixel it sees no farther than 3 columns and one more for each layer, and above it nothing
    outside the triangle. Rows go one after the other in training too, which keeps a parallel machine idle.

    Args:
        width: of the LSTMs' h, fewer where images have more than 8×8 pixels.
        layers: of row LSTM.
        dropout: share of channels of h that are zeroed in training, less where images are seldom seen twice.
        lr, batch, epochs: see `genbench_raster.RasterModel`.
    """

    name = "pixelrnn"
    source = "van den Oord, Kalchbrenner and Kavukcuoglu 2016, https://arxiv.org/abs/1601.06759"
    samplers: ClassVar = {"ancestral": {}, "tempered": {"temperature": 0.9}}
    described_sampler = "ancestral"
    audit_settings: ClassVar = {"width": 8, "layers": 2}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Range(4, 512, log=True)] = 24,
        layers: Annotated[int, Range(1, 32)] = 3,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.3,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 100,
    ) -> None:
        super().__init__(space, lr=lr, batch=batch, epochs=epochs)
        channels, width = space.shape[0] + 1, narrowed(width, space.shape)
        self.from_above = Shifted(channels, 2 * width, (REACH - 1, REACH), sides=REACH, strict=True)
        self.from_left = Shifted(channels, 2 * width, (0, REACH - 1), strict=True)
        self.layers = nn.ModuleList(RowLSTM(width, dropout, len(self.share)) for _ in range(layers))
        self.heads = heads(2 * width, space, dropout)

    def contexts(self, x: Tensor, y: Tensor) -> Tensor:
        """The features of the last layer."""
        seen = self.seen(x)
        features = self.from_above(seen) + self.from_left(seen)
        for layer in self.layers:
            features = layer(features, y)
        return features

    def walk(self, y: Tensor) -> "RowWalk":
        return RowWalk(self, y)


class RowWalk(Walk):
    """Each layer keeps h and c of the row above, and of this row h, c and the features of the column before.

    `rows` and `window` are what the first convolution sees of finished rows and of this one.
    """

    def __init__(self, model: PixelRNN, y: Tensor) -> None:
        self.model, self.place, self.columns = model, 0, model.space.shape[2]
        n, channels = len(y), model.space.shape[0] + 1
        self.classes = [layer.classes(y)[:, :, None] for layer in model.layers]
        self.rows = model.share.new_zeros(n, channels, REACH, self.columns)
        self.row = model.share.new_zeros(n, channels, 1, self.columns)  # what has been drawn of this row
        self.states = [layer.begun(n, self.columns) for layer in model.layers]
        self._begin_row()

    def _begin_row(self) -> None:
        """Run all that sees finished rows alone, for the row that `place` begins."""
        model = self.model
        self.above = model.from_above.row(self.rows)[:, :, 0]  # [n, 2 width, W]
        self.told = [
            layer.from_state(h) + told
            for layer, (h, _), told in zip(model.layers, self.states, self.classes, strict=True)
        ]
        self.h: list[list[Tensor]] = [[] for _ in model.layers]
        self.c: list[list[Tensor]] = [[] for _ in model.layers]
        self.window = self.rows.new_zeros(*self.rows.shape[:2], REACH)
        self.before = [self.above.new_zeros(*self.above.shape[:2], 2) for _ in model.layers]
        self._step()

    def _step(self) -> None:
        """Run the layers at `place`."""
        j = self.place % self.columns
        features = self.above[:, :, j] + pointwise(self.model.from_left.conv, self.window)
        for i, layer in enumerate(self.model.layers):
            self.before[i] = moved(self.before[i], features[:, :, None])
            features, (h, c) = layer.at(self.before[i], self.told[i][:, :, j], self.states[i][1][:, :, j])
            self.h[i].append(h)
            self.c[i].append(c)
        self.context = features

    def take(self, pixel: Tensor) -> None:
        j = self.place % self.columns
        self.row[..., j : j + 1] = seen = self.model.seen(pixel[:, :, None, None])
        self.place += 1
        if j + 1 < self.columns:
            self.window = moved(self.window, seen[:, :, 0])
            self._step()
        elif self.place < self.columns * self.model.space.shape[1]:
            self.rows = moved(self.rows, self.row)
            self.states = [(torch.stack(h, 2), torch.stack(c, 2)) for h, c in zip(self.h, self.c, strict=True)]
            self._begin_row()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [PixelRNN]
