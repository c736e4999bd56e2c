"""Answers: capabilities that are made for one task: to classify, interpolate, restore, translate, follow captions."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from genbench.contracts.operator import Operator


class Classifier(ABC):
    """A model that says how probable each class is for a sample."""

    @abstractmethod
    def posterior(self, x: Tensor) -> Tensor:
        """p(y|x) of every class y of the Space.

        Args:
            x: int64 [N, *shape]; float32 where the Space has no levels.
        Returns:
            [N, classes] floating-point logarithms of weights, -inf for 0; the harness divides by their sum.
        """


class Interpolator(ABC):
    """A model that goes from one sample to another."""

    @abstractmethod
    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        """Paths of n samples, evenly spaced, from each a to its b. The first stands for a and the last for b.

        Args:
            a, b: int64 [N, *shape] each; float32 where the Space has no levels.
            n: at least 2.
        Returns:
            int64 [N, n, *shape] in [0, levels); float32 where the Space has no levels.
        """


class Restorer(ABC):
    """A model that completes what was measured of a sample: draws of x given y = A(x)."""

    @abstractmethod
    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """Samples that could have been measured so.

        Args:
            y: float32 [N, *operator.shape], in levels: what `operator.measure` made of N samples.
            operator: A; it can be measured and projected with as often as one likes.
            draws: how many of each, drawn independently of one another from the law of x given y; at least 1.
        Returns:
            int64 [N, draws, *shape] in [0, levels); float32 where the Space has no levels.
        Raises:
            Unsuitable: not with this operator.
        """


class Translator(ABC):
    """A model that shows a sample as another domain would have it. The domains are the classes of the Space."""

    @abstractmethod
    def translate(self, x: Tensor, domain: Tensor) -> Tensor:
        """The same things in another domain.

        Args:
            x: int64 [N, *shape]; float32 where the Space has no levels.
            domain: where to, [N] int64 in [0, classes); x is of another one.
        Returns:
            int64 [N, *shape] in [0, levels); float32 where the Space has no levels.
        """


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
