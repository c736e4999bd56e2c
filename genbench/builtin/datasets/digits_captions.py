"""`digits-captions`: the digits, each with a caption that is measured: "a bold seven leaning left"."""

import numpy as np

from genbench.builtin.datasets import strokes
from genbench.builtin.datasets.digits import Digits
from genbench.contracts.dataset import Dataset, Examples, Splits
from genbench.records.space import Space

HELD_OUT = (  # combinations of which a model sees none, though each of their words beside others
    "a thin zero upright",
    "a bold one leaning right",
    "a thin two leaning left",
    "a bold three leaning left",
    "a bold four leaning right",
    "a thin five leaning left",
    "a bold seven leaning right",
    "a thin eight leaning right",
    "a thin nine upright",
)


class DigitsCaptions(Dataset):
    """The splits of `digits`, with captions in the place of classes: which digit, thin or bold, which way it leans.

    The digit is the label that people gave; ink and slant are measured (`strokes`), with bounds at the median and the
    terciles of the training rows. Of 60 combinations nine are held out: their rows leave train and valid, a fifth, and
    stay in test and held.
    """

    name = "digits-captions"
    source = Digits.source
    license = Digits.license
    extractor = Digits.extractor
    hides = Digits.hides

    def splits(self) -> Splits:
        """The splits, without classes."""
        digits = Digits().splits()
        train, valid = (_seen(_captioned(split)) for split in (digits.train, digits.valid))
        space = Space(digits.space.shape, levels=digits.space.levels)
        return Splits(space, train, valid, _captioned(digits.test), _captioned(digits.held))


def _captioned(split: Examples) -> Examples:
    if split.y is None:
        raise ValueError("captions name classes, and there are none")
    found = [strokes.caption(*row) for row in strokes.attributes(split.x, split.y).tolist()]
    return Examples(split.x, captions=np.array(found))


def _seen(split: Examples) -> Examples:
    return split.rows(np.flatnonzero(~np.isin(np.asarray(split.captions), HELD_OUT)))
