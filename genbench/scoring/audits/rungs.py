"""Rungs: the ladder of spaces so small that every state can be asked for, and the fixed data that models fit there."""

import itertools

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.dataset import Examples
from genbench.files.sequences import cut
from genbench.records.space import Space
from genbench.seeds import seed_for

TRAIN, VALID = 800, 200  # rows of the tiny data
IMAGES = 8_000  # budget of the brief fit; zero-initialised layers would hide errors without one
CLASSES = 2  # of the tiny data, where the space that they stand for has classes
KEPT = 0.75  # probability that an entry shows its prototype rather than a uniform level


def ladder(space: Space) -> list[Space]:
    """The tiny spaces that stand for a Space of integers, the smallest first; at most 2^16 states each.

    2×2 with 4 levels, then 4×4 with 2; colour starts with 3×2×2 at 2 levels; sequences have as many entries in a row.
    Those with an end have it here too, and 121 and 3,280 states: what goes on after its end is none.
    """
    classes = CLASSES if space.classes else None
    if space.end is not None:
        return [Space((size,), 4, classes, end=min(space.end, 3)) for size in (4, 7)]
    if not space.is_image:
        return [Space((4,), 4, classes), Space((16,), 2, classes)]
    grey = [Space((1, 2, 2), 4, classes), Space((1, 4, 4), 2, classes)]
    return [Space((3, 2, 2), 2, classes), *grey] if space.shape[0] == 3 else grey


def states(space: Space) -> NDArray[np.int64]:
    """Every state of a tiny Space in lexicographic order, [S, *shape]: levels^D, fewer where it has an end."""
    if space.levels is None:
        raise ValueError(f"only integers can be listed, got {space}")
    every = np.array(list(itertools.product(range(space.levels), repeat=space.dim)), np.int64)
    if space.end is not None:
        every = every[(every == cut(every, space.end)).all(1)]
    return every.reshape(-1, *space.shape)


def count(space: Space) -> int:
    """How many states a tiny Space has."""
    return len(states(space)) if space.end is not None else int((space.levels or 0) ** space.dim)


def indices(x: NDArray[np.integer], space: Space) -> NDArray[np.int64]:
    """The place of each row of x [N, *shape] in `states`, [N]."""
    places = _codes(x, space)
    return places if space.end is None else np.searchsorted(_codes(states(space), space), places)


def _codes(x: NDArray[np.integer], space: Space) -> NDArray[np.int64]:
    """Each row of x [N, *shape] as a number whose digits are its entries, [N]: in lexicographic order."""
    powers = (space.levels or 0) ** np.arange(space.dim - 1, -1, -1, dtype=np.int64)
    codes: NDArray[np.int64] = x.reshape(len(x), -1).astype(np.int64) @ powers
    return codes


def examples(space: Space, split: str) -> Examples:
    """The fixed rows of a tiny Space's split, "train" or "valid": four prototypes under noise, two of each class."""
    levels = space.levels or 0
    prototypes = np.random.default_rng(seed_for("audit", str(space))).integers(levels, size=(4, *space.shape))
    rng = np.random.default_rng(seed_for("audit", str(space), split))
    n = TRAIN if split == "train" else VALID
    which = rng.integers(len(prototypes), size=n)
    noise = rng.integers(levels, size=(n, *space.shape))
    x = np.where(rng.random(noise.shape) < KEPT, prototypes[which], noise)
    x = x if space.end is None else cut(x, space.end)
    return Examples(x.astype(space.storage), which % CLASSES if space.classes else None)
