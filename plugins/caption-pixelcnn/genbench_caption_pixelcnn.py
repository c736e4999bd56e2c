"""A Gated PixelCNN of images that follow captions: a text encoder tells each layer what the image shall show."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import torch
from genbench_captions import TextEncoder, Tokens, weighed
from genbench_networks import spared
from genbench_pixelcnn import PixelCNN
from genbench_raster import risen
from genbench_training import descend
from torch import Tensor, nn

import genbench
from genbench import Choice, Range

LEAST = -60.0  # nats of a level that has no probability, where guidance subtracts two of them
UNHEARD = 0.1  # dropout of the text encoder: with half of the words left out a caption says little


class CaptionPixelCNN(genbench.Learner, genbench.Guided):
    """p(x|c) = ∏ᵢ p(xᵢ | x₁ … xᵢ₋₁, c): a `pixelcnn` whose layers hear a text encoder in the place of a class.

    For a tenth of the training images the caption is not told, so that the network knows p(x) as well. Guidance s draws
    each entry by weights p(xᵢ | …) (p(xᵢ | …, c) / p(xᵢ | …))^s: what Ho and Salimans 2022, eq. 6, does to scores, of
    one entry after the other. That is not p(x) (p(x|c) / p(x))^s but for s = 0 and 1, since no entry knows what
    its choice will cost later ones. NFE: a step for each pixel, with two rows where s is neither 0 nor 1.

    Args:
        width, layers, kernel, dropout: see `pixelcnn`.
        words: width of the text encoder.
        lr, batch, epochs: see `genbench_training.descend`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels; in `fit`, data without captions.
    """

    name = "caption-pixelcnn"
    family = genbench.Family.AUTOREGRESSIVE
    source = "Reed et al. 2017, https://openreview.net/forum?id=Hyvw0L9el"

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Range(4, 512, log=True)] = 24,
        layers: Annotated[int, Range(1, 32)] = 4,
        kernel: Annotated[int, Choice(3, 5, 7)] = 3,
        words: Annotated[int, Range(4, 512, log=True)] = 32,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.5,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 150,
    ) -> None:
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"caption-pixelcnn needs grey or colour images of 2 or more levels, got {space}")
        self.space, self.lr, self.batch, self.epochs = space, lr, batch, epochs
        told = {"width": width, "layers": layers, "kernel": kernel, "dropout": dropout}
        self.body = PixelCNN(replace(space, classes=None), **told)
        heard = self.body.layers[0].classes.embedding_dim
        self.encoder = TextEncoder(heard, words, UNHEARD)
        for layer in self.body.layers:
            layer.classes = nn.Linear(heard, heard)

    def fit(self, data: genbench.TrainingData) -> None:
        spared(self, min(data.images / len(data.train), self.epochs))

        def loss(x: Tensor, tokens: Tensor, _: float) -> dict[str, Tensor]:
            nats = self.body.log_prob_given(x, self.encoder.partly(tokens))
            return {"nats_per_dim": -nats.mean() / self.space.dim}

        settings = {"lr": self.lr, "batch": self.batch, "epochs": self.epochs, "schedule": risen, "looks": 20}
        descend(self, Tokens(data, self.encoder), loss, **settings)

    def illustrate(self, captions: Sequence[str], *, guidance: float = 1.0) -> Tensor:
        """Draw pixel by pixel, in each of them channel by channel."""
        told = self.encoder(self.encoder.tokens(captions))
        untold = self.encoder.silent(len(told))
        heard = {0: [untold], 1: [told]}.get(guidance, [untold, told])
        walk, pixels = self.body.walk(torch.cat(heard)), []
        for _ in range(self.space.shape[1] * self.space.shape[2]):
            pixel = torch.empty(len(told), 0, dtype=torch.int64, device=told.device)
            for _ in range(self.space.shape[0]):
                pixel = torch.cat([pixel, self._drawn(walk.context, pixel, len(heard), guidance)], dim=1)
            pixels.append(pixel)
            walk.take(pixel.repeat(len(heard), 1))
        return torch.stack(pixels, dim=2).view(-1, *self.space.shape)

    def _drawn(self, context: Tensor, earlier: Tensor, laws: int, guidance: float) -> Tensor:
        """The next entry of each pixel, int64 [n, 1], of the laws that contexts [laws n, width] say."""
        nats = self.body.law_at(context, earlier.repeat(laws, 1)).log_masses()
        if laws == 2:
            nats = weighed(*nats.clamp(min=LEAST).chunk(2), guidance)
        return nats.softmax(1).multinomial(1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Learner]]:
    """The models of this distribution."""
    return [CaptionPixelCNN]
