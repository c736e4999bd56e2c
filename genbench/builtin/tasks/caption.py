"""caption: show what a text says."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.builtin.datasets import strokes
from genbench.builtin.extractors.digits_net import LEVELS, SHAPE, trained
from genbench.contracts.answers import Captioned
from genbench.contracts.dataset import Splits
from genbench.contracts.evidence import Measure
from genbench.contracts.task import Arrays, Exam, Task
from genbench.errors import Unsuitable
from genbench.files.picture import drawn
from genbench.files.texts import packed, unpacked
from genbench.records.record import Exhibit
from genbench.records.space import Space
from genbench.store.tensors import kept

SHOWN, COLUMNS = 8, 8  # captions on the board's picture, and samples of each


class Caption(Task):
    """A sample for each caption: one that shows what is said, as different as real ones with that caption, fast.

    Captions are those of test rows, in an order that nobody is told. Those of combinations that neither train nor valid
    has are asked for among the others. What an answer shows is measured: ink and slant by the functions that the
    captions were made by, the digit by a network that was trained on real ones (`digits-net`), which is mistaken at
    times, of real images too.
    """

    name = "caption"
    version = "1"
    source = "Hessel et al. 2021 (alignment, there by CLIP), https://arxiv.org/abs/2104.08718"
    meaning = (
        "A candidate is told a text and draws an image of it. A good answer shows the digit, the ink and the slant "
        "that were named (alignment, measured again from the image), and all images together are as different as real "
        "ones (coverage): either is cheap without the other. Some captions name what no training image is, though "
        "each of their words comes beside others there; they have a score of their own. It does not mean that a model "
        "understands language: captions have one wording and three attributes, and what is measured can be aimed at."
    )
    needs = Captioned
    axes = ("alignment", "coverage", "speed")
    gates = ("memorisation",)
    controls = ("real-captioned", "one-per-caption", "caption-copycat", "shuffled-captions", "deaf-noise")

    def pose(self, splits: Splits, count: int, rng: np.random.Generator) -> Exam:
        """Captions of test rows in UTF-8, [count, length] uint8; no row comes again before all have come.

        The key has the attributes [count, 3] that each names, and whether a model has `seen` the caption, [count].

        Raises:
            Unsuitable: there are no captions, or not such as say what is measured here.
        """
        known, told = splits.train.captions, splits.test.captions
        if known is None or told is None or splits.valid.captions is None:
            raise Unsuitable("needs data with captions, such as digits-captions")
        if (splits.space.shape, splits.space.levels) != (SHAPE, LEVELS):
            raise Unsuitable(f"measures images of {Space(SHAPE, LEVELS)}, got {splits.space}")
        rounds = [rng.permutation(len(told)) for _ in range(math.ceil(count / len(told)))]
        asked = told[np.concatenate(rounds)[:count]]
        try:
            named = strokes.told(asked.tolist())
        except ValueError as error:
            raise Unsuitable(f"cannot measure what is said: {error}") from None
        seen = np.isin(asked, np.concatenate([known, splits.valid.captions]))
        return Exam({"caption": packed(asked.tolist())}, {"attributes": named, "seen": seen})

    def ask(self, able: Captioned, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """[n, *shape], int64."""
        return able.illustrate(unpacked(questions["caption"].cpu().numpy()))

    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """One sample of the Space [n, *shape] for each caption."""
        return kept(answers, (len(questions["caption"]), *space.shape), space, "the answers hold")

    def samples(self, answers: NDArray[Any], key: Arrays) -> NDArray[Any]:
        """The answers."""
        return answers

    def measure(self, space: Space) -> Measure:
        """The attributes that images [N, *shape] show, [N, 3]."""
        return shown

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, Exhibit]:
        """`illustrations`: a row for each of some captions, the first samples of it, uncurated; `captions`: which."""
        texts = np.array(unpacked(questions["caption"]))
        often, counts = np.unique(texts, return_counts=True)
        rows = often[np.argsort(-counts, kind="stable")[:SHOWN]]
        picture = np.zeros((len(rows), COLUMNS, *space.shape), answers.dtype)
        for text, row in zip(rows, picture, strict=True):
            found = answers[texts == text][:COLUMNS]
            row[: len(found)] = found
        drawing = drawn(picture.reshape(-1, *space.shape), COLUMNS, space.levels)
        told = tuple(f"row {i}: {text}" for i, text in enumerate(rows.tolist(), 1))
        return {} if drawing is None else {"illustrations": drawing, "captions": told}


@torch.no_grad()
def shown(x: NDArray[Any]) -> NDArray[np.float64]:
    """Places in `strokes.ATTRIBUTES` of what images [N, 1, 8, 8] show: [N, 3]."""
    digit = trained()(torch.from_numpy(np.ascontiguousarray(x))).argmax(1).numpy()
    return strokes.attributes(x, digit).astype(np.float64)
