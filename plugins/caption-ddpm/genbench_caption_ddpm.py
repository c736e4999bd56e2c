"""A denoising diffusion model of images that follow captions: a text encoder tells the U-Net what to make of noise."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import torch
from genbench_captions import TextEncoder, Tokens
from genbench_ddpm import DDPM
from genbench_training import descend
from torch import Tensor, nn

import genbench
from genbench import Choice, Range

DRAWN_IN = 20  # steps of DPM-Solver++, of second order


class Heard(nn.Module):
    """Stands in a U-Net where classes are embedded: vectors go through as they are, and no class is a vector of ours.

    Args:
        encoder: whose vector it is.
    """

    def __init__(self, encoder: TextEncoder) -> None:
        super().__init__()
        self._encoder = (encoder,)  # a tuple: its parameters are not to be counted here once more

    def forward(self, told: Tensor) -> Tensor:
        """float32 [N, dim] → the same; an integer for each image → the vector that stands for no caption."""
        return told if told.is_floating_point() else self._encoder[0].silent(len(told))


class CaptionDDPM(genbench.Learner, genbench.Guided):
    """A `ddpm` whose U-Net hears a text encoder in the place of a class; both are trained together.

    For a tenth of the training images the caption is not told, so that the network knows the law of all images as
    well. Guidance takes what it tells without the caption and adds what the caption changes, several times over
    (Ho and Salimans 2022, eq. 6). NFE: 20, of which each asks twice where guidance is neither 0 nor 1.

    Args:
        steps, width, depth, schedule, dropout: see `ddpm`.
        words: width of the text encoder.
        lr, batch, epochs: see `genbench_training.descend`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels; in `fit`, data without captions.
    """

    name = "caption-ddpm"
    family = genbench.Family.DIFFUSION
    source = "Ho and Salimans 2022, https://arxiv.org/abs/2207.12598"

    def __init__(
        self,
        space: genbench.Space,
        *,
        steps: Annotated[int, Range(2, 4000, log=True)] = 100,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        schedule: Annotated[str, Choice("cosine", "linear")] = "cosine",
        words: Annotated[int, Range(4, 512, log=True)] = 32,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
    ) -> None:
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"caption-ddpm needs grey or colour images of 2 or more levels, got {space}")
        self.space, self.lr, self.batch, self.epochs = space, lr, batch, epochs
        told = {"steps": steps, "width": width, "depth": depth, "schedule": schedule, "dropout": dropout}
        self.body = DDPM(replace(space, classes=None), variance="posterior", **told)
        self.encoder = TextEncoder(self.body.net.label.embedding_dim, words, dropout)
        self.body.net.label = Heard(self.encoder)

    def fit(self, data: genbench.TrainingData) -> None:
        def loss(x: Tensor, tokens: Tensor, _: float) -> dict[str, Tensor]:
            return {"loss": self.body.loss(x, self.encoder.partly(tokens))}

        descend(self, Tokens(data, self.encoder), loss, lr=self.lr, batch=self.batch, epochs=self.epochs)

    def illustrate(self, captions: Sequence[str], *, guidance: float = 1.0) -> Tensor:
        """Draw by DPM-Solver++ from noise."""
        told = self.encoder(self.encoder.tokens(captions))
        if guidance == 0:
            told = self.encoder.silent(len(told))
        x_t = torch.randn(len(told), *self.space.shape, device=told.device)
        return self.body.integers(self.body.solved(x_t, "dpm", DRAWN_IN, told, guidance or 1.0))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Learner]]:
    """The models of this distribution."""
    return [CaptionDDPM]
