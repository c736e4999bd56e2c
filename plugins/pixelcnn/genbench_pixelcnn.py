"""A conditional Gated PixelCNN: the chain rule over pixels, each factor a law over the levels."""

from typing import Annotated, ClassVar

import torch
from genbench_gated_stacks import GatedWalk, Layer
from genbench_networks import narrowed
from genbench_raster import RasterModel, Shifted, heads
from torch import Tensor, nn

import genbench
from genbench import Choice, Range

LARGE = 16  # the shorter side of images in which layers see 1, 2, 4 and 8 pixels far, and then again


class PixelCNN(RasterModel):
    """p(x) = Σ_y p(y) ∏ᵢ p(xᵢ | x₁ … xᵢ₋₁, y) over pixels in raster order, and over the channels within a pixel, eq. 3.

    A vertical stack sees the rows above, a horizontal one the pixels to the left, and together they leave no blind
    spot. The last layers of each channel see the pixel's earlier channels (Salimans et al. 2017, sec. 2.2,
    https://arxiv.org/abs/1701.05517), and a learned map tells the place. The law of few levels is a softmax, that of
    many a mixture of discretised logistics (the same, sec. 2.1). Where the Space has no classes, all images
    are of one. Training maximises log p(x|y), which the network says exactly. What is kept is an average over the late
    training steps, for samples and likelihood alike.

    NFE: H W, an evaluation a pixel, each of what is new since the last. Weak at speed, and at structure: a pixel that
    was drawn badly is never mended, and what follows continues an image like no training image.

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
    source = "van den Oord et al. 2016, https://arxiv.org/abs/1606.05328"
    samplers: ClassVar = {"ancestral": {}, "tempered": {"temperature": 0.9}}
    described_sampler = "ancestral"
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
        super().__init__(space, lr=lr, batch=batch, epochs=epochs)
        channels, height, columns = space.shape
        self.reach = reach = kernel // 2
        width = narrowed(width, space.shape)
        self.place = nn.Parameter(torch.zeros(width, height, columns))
        self.from_above = Shifted(channels + 1, width, (reach, reach), sides=reach, strict=True)
        self.from_left = Shifted(channels + 1, width, (0, reach), strict=True)
        steps = [2 ** (i % 4) if min(height, columns) >= LARGE else 1 for i in range(layers)]
        self.layers = nn.ModuleList(Layer(width, reach, step, dropout, len(self.share)) for step in steps)
        self.heads = heads(width, space, dropout)

    def contexts(self, x: Tensor, y: Tensor) -> Tensor:
        """The horizontal stack's last features."""
        seen = self.seen(x)
        v, h = self.from_above(seen) + self.place[:, : x.shape[2]], self.from_left(seen)
        for layer in self.layers:
            v, above = layer.down(layer.vertical(v), y)
            h = layer.right(h, above)
        return h

    def walk(self, y: Tensor) -> GatedWalk:
        return GatedWalk(self, y)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [PixelCNN]
