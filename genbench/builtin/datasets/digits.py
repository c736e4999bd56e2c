"""`digits`: 1,797 real handwritten digits, 8×8, 17 levels, 10 classes, split 599 / 599 / 599."""

from pathlib import Path

import numpy as np

from genbench.contracts.dataset import Dataset, Examples, Splits
from genbench.records.space import Space


class Digits(Dataset):
    """The test part of the UCI optical digits as scikit-learn ships them, embedded: nothing to download."""

    name = "digits"
    source = "Alpaydin and Kaynak 1998, https://archive.ics.uci.edu/dataset/80, as in scikit-learn's load_digits"
    license = "CC BY 4.0"
    extractor = "digits-net"

    def splits(self) -> Splits:
        """The splits: stratified by class, drawn once with a fixed seed, equal in size."""
        with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
            x, y = file["x"].reshape(-1, 1, 8, 8), file["y"].astype(np.int64)
        # Shuffled, then sorted by class: every third row makes a split with the same share of each class.
        shuffled = np.random.default_rng(0).permutation(len(x))
        by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
        rows = [np.sort(by_class[i::3]) for i in range(3)]
        return Splits(Space((1, 8, 8), levels=17, classes=10), *(Examples(x[r], y[r]) for r in rows))
