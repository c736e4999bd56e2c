"""Texts as arrays of bytes, which files of tensors can hold."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def packed(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Texts in UTF-8, a row each, filled up with 0: [N, length of the longest].

    Raises:
        ValueError: a text that holds the character 0, which would end it.
    """
    if any("\0" in text for text in texts):
        raise ValueError("texts cannot hold the character 0, which stands for their end")
    told = [text.encode() for text in texts]
    rows = np.zeros((len(told), max(map(len, told), default=0)), np.uint8)
    for row, text in zip(rows, told, strict=True):
        row[: len(text)] = np.frombuffer(text, np.uint8)
    return rows


def unpacked(rows: NDArray[np.uint8]) -> list[str]:
    """What `packed` packed."""
    return [bytes(row).rstrip(b"\0").decode() for row in rows]
