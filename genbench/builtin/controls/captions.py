"""Controls of `caption`: real images with their captions, and four ways to fail at one side."""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from genbench.builtin.controls.data import own
from genbench.builtin.controls.rows import levels_of
from genbench.contracts.captioned import Captioned
from genbench.contracts.model import Learner
from genbench.contracts.training import Split, TrainingData
from genbench.errors import Unsuitable
from genbench.records.kinds import ControlKind, Family
from genbench.records.space import Space

LENGTH = 128  # bytes of a caption that are kept


class Illustrated(Learner, Captioned, ABC):
    """Holds rows with their captions, and shows a row whose caption is nearest to the one asked.

    That is the one with the largest sum of -log(share of all captions that have the word) over words in common: what is
    said seldom says most. Of several it goes through all, each once before any comes again.
    """

    family = Family.CONTROL
    rows: Tensor  # [N, *shape] of the storage dtype, once it is fitted
    texts: Tensor  # [N, LENGTH] uint8, in UTF-8

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        self._shown: dict[str, int] = {}
        self.register_buffer("rows", None)
        self.register_buffer("texts", None)

    @abstractmethod
    def split(self, data: TrainingData) -> Split:
        """What it holds of the data."""

    def fit(self, data: TrainingData) -> None:
        """Keep the split, in an order that torch's generator draws.

        Raises:
            Unsuitable: it has no captions.
            GenbenchError: the data are a plugin's, which hold neither test nor held.
        """
        split = self.split(data)
        if split.captions is None:
            raise Unsuitable("needs data with captions")
        order = torch.randperm(len(split))
        self.rows = split.x[order].to(getattr(torch, self.space.storage))
        told = [text.encode()[:LENGTH].ljust(LENGTH, b"\0") for text in split.captions[order]]
        self.texts = torch.tensor([list(text) for text in told], dtype=torch.uint8)

    def illustrate(self, captions: Sequence[str]) -> Tensor:
        """int64 [n, *shape] (float32 where the Space has no levels)."""
        known = [set(bytes(row).rstrip(b"\0").decode(errors="ignore").split()) for row in self.texts.cpu().numpy()]
        nearest = {text: _nearest(set(text.split()), known) for text in set(captions)}
        rows = self.rows[[self._next(text, nearest[text]) for text in captions]]
        return rows if self.space.levels is None else rows.long()

    def _next(self, caption: str, best: Sequence[int]) -> int:
        before = self._shown.get(caption, 0)
        self._shown[caption] = before + 1
        return best[self.turn(before) % len(best)]

    def turn(self, before: int) -> int:
        """Which of the rows that fit is shown, after so many of the same caption."""
        return before


def _nearest(words: set[str], known: Sequence[set[str]]) -> list[int]:
    """Which of the captions are nearest to one of these words."""
    counts = Counter(word for own in known for word in own)
    alike = [round(sum(math.log(len(known) / counts[word]) for word in words & own), 9) for own in known]
    best = max(alike)
    return [row for row, weight in enumerate(alike) if weight == best]


class RealCaptioned(Illustrated):
    """Real images of the split that no plugin ever sees, each with its own caption: the ceiling.

    A caption that none of them has gets one of the nearest.
    """

    name = "real-captioned"
    control = ControlKind.CEILING
    source = "the dataset's held split"

    def split(self, data: TrainingData) -> Split:
        """Held."""
        return own(data, type(self)).held


class OnePerCaption(Illustrated):
    """One real image for each caption, again and again: it shows what is said, and next to nothing of what there is."""

    name = "one-per-caption"
    control = ControlKind.PROBE
    source = "the dataset's held split, a row of each caption"

    def split(self, data: TrainingData) -> Split:
        """Held."""
        return own(data, type(self)).held

    def turn(self, before: int) -> int:
        """The first."""
        return 0


class CaptionCopycat(Illustrated):
    """Shows training images whose captions are nearest: right for captions that are there, at nobody's cost."""

    name = "caption-copycat"
    control = ControlKind.COPY
    source = "the dataset's train split"

    def split(self, data: TrainingData) -> Split:
        """Train."""
        return data.train


class ShuffledCaptions(Illustrated):
    """Real images of the split that no plugin ever sees, whatever the caption: perfect but for what was asked."""

    name = "shuffled-captions"
    control = ControlKind.PROBE
    source = "the dataset's held split"

    def split(self, data: TrainingData) -> Split:
        """Held."""
        return own(data, type(self)).held

    def illustrate(self, captions: Sequence[str]) -> Tensor:
        """The next rows, whatever is said."""
        return super().illustrate([""] * len(captions))  # all rows have as many words in common with it


class DeafNoise(Learner, Captioned):
    """Each entry uniform over its levels, whatever the caption: the floor."""

    name = "deaf-noise"
    family = Family.CONTROL
    control = ControlKind.FLOOR
    source = "the uniform distribution"
    origin: Tensor  # tells the device

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space, self._levels = space, levels_of(space)
        self.register_buffer("origin", torch.zeros(1))

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def illustrate(self, captions: Sequence[str]) -> Tensor:
        """int64 [n, *shape]."""
        return torch.randint(self._levels, (len(captions), *self.space.shape), device=self.origin.device)
