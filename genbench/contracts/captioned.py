"""Captioned: what a model that draws what a text says implements; Guided: one that weighs the text."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor


class Captioned(ABC):
    """A model that draws what a caption says."""

    @abstractmethod
    def illustrate(self, captions: Sequence[str]) -> Tensor:
        """A sample for each caption, drawn independently of one another from the law of x given the caption.

        Args:
            captions: n texts like those of the training data; some are of a wording that none of these has.
        Returns:
            int64 [n, *shape] in [0, levels); float32 where the Space has no levels.
        """


class Guided(Captioned):
    """A captioned model that can be told how much a caption shall weigh."""

    @abstractmethod
    def illustrate(self, captions: Sequence[str], *, guidance: float = 1.0) -> Tensor:
        """A sample for each caption.

        Args:
            captions: as of a Captioned.
            guidance: 0: captions are not listened to. 1: the law of x given the caption. Above: what the caption adds
                counts so many times. It is 1 + w of Ho and Salimans 2022, eq. 6, https://arxiv.org/abs/2207.12598.
        Returns:
            As of a Captioned.
        """
