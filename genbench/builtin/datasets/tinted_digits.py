"""`digits-tinted`: the digits of `digits` in colour, by a known law: what hue a digit has depends on its class."""

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.datasets.digits import Digits
from genbench.contracts.dataset import SPLITS, Dataset, Examples, Splits
from genbench.records.space import Space
from genbench.seeds import seed_for

SATURATION = 0.8
SPREAD = 0.04  # standard deviation of the hue of a class, in turns; a class has a tenth of one


def tint(hue: NDArray[np.float64]) -> NDArray[np.float64]:
    """Red, green and blue [N, 3] in [0, 1] of hues [N] in turns, at full value and saturation .8.

    Source: Smith 1978 (HSV), https://doi.org/10.1145/965139.807361
    """
    sector = (np.asarray(hue)[:, None] * 6 + np.array([5.0, 3.0, 1.0])) % 6
    found: NDArray[np.float64] = 1 - SATURATION * np.clip(np.minimum(sector, 4 - sector), 0, 1)
    return found


class TintedDigits(Dataset):
    """Images 3×8×8 of 17 levels: round(x · tint), where x is the grey digit and its hue is N(class / 10, .04) turns.

    In grey a digit says which hues are likely and not which one it has: what a restoration of colour can know and what
    it has to draw is known. Splits and rows are those of `digits`.
    """

    name = "digits-tinted"
    source = Digits.source
    license = Digits.license
    hides = Digits.hides

    def splits(self) -> Splits:
        """The splits of `digits`, tinted with fixed seeds."""
        grey = Digits().splits()
        space = Space((3, *grey.space.shape[1:]), levels=grey.space.levels, classes=grey.space.classes)
        return Splits(space, *(_tinted(getattr(grey, name), name) for name in SPLITS))


def _tinted(grey: Examples, split: str) -> Examples:
    y = grey.y
    assert y is not None
    rng = np.random.default_rng(seed_for("digits-tinted", split))
    colours = tint(rng.normal(y / 10, SPREAD))
    x = np.rint(grey.x * colours[:, :, None, None])  # [N, 1, 8, 8] · [N, 3, 1, 1]
    return Examples(x.astype(grey.x.dtype), y)
