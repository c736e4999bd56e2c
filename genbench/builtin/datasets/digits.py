"""`digits`: 1,797 real handwritten digits, 8×8, 17 levels, 10 classes, split 599 / 300 / 449 / 449."""

from pathlib import Path

import numpy as np

from genbench.contracts.dataset import Dataset, Examples, Splits, drawn
from genbench.records.space import Space

FILE = "digits.npz"  # beside this module
HELD = 449  # rows of test, and of held


class Digits(Dataset):
    """The test part of the UCI optical digits as scikit-learn ships them, embedded: nothing to download.

    A third of them, `train`, is what the extractor digits-net was trained on; `test` and `held` are halves of one draw
    from the rest, so that it knows neither better than the other.
    """

    name = "digits"
    source = "Alpaydin and Kaynak 1998, https://archive.ics.uci.edu/dataset/80, as in scikit-learn's load_digits"
    license = "CC BY 4.0"
    extractor = "digits-net"
    hides = (f"genbench/builtin/datasets/{FILE}", "sklearn/datasets/data/digits.csv.gz")

    def splits(self) -> Splits:
        """The splits: stratified by class, drawn once with fixed seeds."""
        with np.load(Path(__file__).with_name(FILE), allow_pickle=False) as file:
            x, y = file["x"].reshape(-1, 1, 8, 8), file["y"].astype(np.int64)
        # Shuffled, then sorted by class: every third row makes a part with the same share of each class.
        shuffled = np.random.default_rng(0).permutation(len(x))
        by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
        train, watched, unseen = (np.sort(by_class[i::3]) for i in range(3))
        # `watched` was looked at when digits-net was made: some of it is shared out among test and held alike.
        moved, valid = drawn(y[watched], 2 * HELD - len(unseen), "digits", "moved")
        pool = np.sort(np.concatenate([unseen, watched[moved]]))
        held, test = drawn(y[pool], HELD, "digits", "held split")
        rows = train, watched[valid], pool[test], pool[held]
        return Splits(Space((1, 8, 8), levels=17, classes=10), *(Examples(x[r], y[r]) for r in rows))
