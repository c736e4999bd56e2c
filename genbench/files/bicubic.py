"""Bicubic: Pillow's antialiased filter on each channel in float32, which clean-fid resizes by."""

import numpy as np
from numpy.typing import NDArray


def bicubic(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """An image [C, H, W] at another size [C, h, w], in [0, 255] and not rounded.

    Args:
        size: h, w.
    Source: Parmar, Zhang, Zhu 2022, https://arxiv.org/abs/2104.11222
    """
    from PIL import Image

    channels = [Image.fromarray(channel.astype(np.float32)) for channel in pixels]  # mode F
    height, width = size
    resized = [np.asarray(c.resize((width, height), Image.Resampling.BICUBIC)) for c in channels]
    return np.stack(resized).clip(0, 255)
