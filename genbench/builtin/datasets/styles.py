"""`digits-styles:STYLE`, `fashion-edges`: data as they are, and changed by a function: two domains, two classes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.datasets.digits import FILE, Digits
from genbench.builtin.datasets.mnist import FashionMnist
from genbench.contracts.dataset import SPLITS, Dataset, Examples, Splits, drawn
from genbench.errors import unknown

Images = NDArray[np.uint8]  # [N, C, H, W]
Change = Callable[[Images], Images]

PLAIN, CHANGED = 0, 1  # the domains: classes of the Space
SLANT = 3  # pixels, from the lowest row to the highest


def neighbourhoods(x: Images, offsets: tuple[tuple[int, int], ...]) -> Images:
    """Each pixel's neighbours at offsets (down, right), 0 beyond the edge: [len(offsets), N, C, H, W]."""
    height, width = x.shape[2:]
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return np.stack([wide[:, :, 1 + i : 1 + i + height, 1 + j : 1 + j + width] for i, j in offsets])


CROSS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
SQUARE = tuple((i, j) for i in (-1, 0, 1) for j in (-1, 0, 1))


def bold(x: Images) -> Images:
    """The highest level of each pixel and the one to its left: strokes are a pixel wider."""
    found: Images = neighbourhoods(x, ((0, 0), (0, -1))).max(0)
    return found


def outlined(x: Images) -> Images:
    """The highest level of each pixel and its four neighbours, less its own: what lies around the strokes, hollow."""
    around: Images = neighbourhoods(x, CROSS).max(0)
    return around - x


def slanted(x: Images) -> Images:
    """Rows moved to the right above the middle and to the left below, by parts of a pixel, with rounded levels.

    What leaves the image is lost. All is done in integers, and so alike everywhere.
    """
    height, width = x.shape[2:]
    unit = 2 * (height - 1)  # of a pixel
    changed = np.zeros_like(x)
    for row in range(height):
        moved = SLANT * (height - 1 - 2 * row)  # to the right, in units
        whole, part = divmod(moved, unit)
        wide = np.pad(x[:, :, row].astype(np.int64), ((0, 0), (0, 0), (width, width)))
        start = width - whole  # of what stands at column 0 after a move by whole pixels
        here, left = wide[:, :, start : start + width], wide[:, :, start - 1 : start - 1 + width]
        changed[:, :, row] = (here * (unit - part) + left * part + unit // 2) // unit
    return changed


def edges(x: Images) -> Images:
    """The highest less the lowest level of each 3×3 window, 0 beyond the edge of the image: a gradient's height.

    Source: Rivest, Soille and Beucher 1993 (the morphological gradient), https://doi.org/10.1117/12.58373
    """
    around = neighbourhoods(x, SQUARE)
    found: Images = around.max(0) - around.min(0)
    return found


STYLES: Mapping[str, Change] = {"bold": bold, "slanted": slanted, "outlined": outlined}


def two_domains(source: Splits, change: Change, *names: str) -> Splits:
    """Half of the rows of each split as they are, class 0, and the other half changed, class 1.

    Halves are drawn within each class of the source. So no row is seen in both domains, in any split, and training is
    unpaired. What is known besides: the `class` of each row in the source, and its `pair`, the row in the other domain.

    Args:
        names: of the draw's seed.
    """
    parts = {}
    for split in SPLITS:
        rows: Examples = getattr(source, split)
        labels = np.asarray(rows.y)
        chosen, _ = drawn(labels, len(rows) // 2, *names, split)
        domain = np.full(len(rows), PLAIN)
        domain[chosen] = CHANGED
        plain, changed, is_changed = rows.x, change(rows.x), (domain == CHANGED)[:, None, None, None]
        known = {"class": labels, "pair": np.where(is_changed, plain, changed)}
        parts[split] = Examples(np.where(is_changed, changed, plain), domain, known)
    return Splits(replace(source.space, classes=2), **parts)


class DigitsStyles(Dataset):
    """Digits as they are (class 0) and in another style (class 1): `bold`, `slanted` or `outlined`.

    The rows of `digits`, split as there; in each split half of them are in either domain, and none is in both. A row's
    own class, 0 to 9, and the same row in the other domain are known to the harness alone.
    """

    name = "digits-styles"
    source = Digits.source
    license = Digits.license
    argument = "STYLE"
    extractor = "random-net"
    hides = (f"genbench/builtin/datasets/{FILE}", "sklearn/datasets/data/digits.csv.gz")

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        if argument not in STYLES:
            raise unknown("style", argument, STYLES)
        self._style = argument

    def splits(self) -> Splits:
        """The two domains."""
        return two_domains(Digits().splits(), STYLES[self._style], self.name)


class FashionEdges(Dataset):
    """Articles of clothing as they are (class 0) and their edges (class 1), from the files of `fashion-mnist`.

    The rows of `fashion-mnist`, split as there; in each split half of them are in either domain, and none is in both.
    """

    name = "fashion-edges"
    source = FashionMnist.source
    license = FashionMnist.license
    training = FashionMnist.training
    hides = FashionMnist.hides

    def splits(self) -> Splits:
        """The two domains.

        Raises:
            GenbenchError: the files are not there, or one of them is not what it should be.
        """
        source = FashionMnist()
        source.places = self.places
        return two_domains(source.splits(), edges, self.name)

    def fetch(self, folder: Path) -> None:
        """Download what `fashion-mnist` needs."""
        FashionMnist().fetch(folder)
