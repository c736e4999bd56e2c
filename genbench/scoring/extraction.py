"""Extraction: samples through an extractor in batches, and what comes out is checked.

Here torch is imported when something is extracted: it takes seconds, and vectors that were given need none of it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Embed
from genbench.contracts.extractor import ClassExtractor, Extractor
from genbench.errors import GenbenchError
from genbench.geometry.comparison import Classify
from genbench.records.space import Space

BATCH = 500  # samples that an extractor gets at a time
Told = Callable[[str, int, int], None]  # what is being extracted, how many samples are done, of how many


def untold(what: str, done: int, total: int) -> None:
    """Who is not told how far an extraction is."""


def loaded(cls: type[Extractor], space: Space, device: str, files: Mapping[str, Path]) -> Extractor:
    """An extractor of a class, with its weights file among `files` (extractor → path) if it reads one."""
    import torch

    where = torch.device(device)
    return cls(space, where) if cls.weights is None else cls(space, where, files.get(cls.name))


def embedding(extractor: Extractor, device: str, told: Told = untold, what: str = "samples") -> Embed:
    """The function that makes feature vectors [N, d] of samples [N, *shape] in the Space's storage dtype.

    Args:
        told: hears how far it is.
        what: it is of, in words.
    Returns:
        A function that raises GenbenchError where the extractor returns something else than finite vectors.
    """
    import torch

    def embed(x: NDArray[np.generic]) -> NDArray[np.float32]:
        blocks = []
        told(what, 0, len(x))
        with torch.no_grad():
            for start in range(0, len(x), BATCH):
                rows = torch.from_numpy(np.array(x[start : start + BATCH])).to(device)
                blocks.append(extractor.features(rows).float().cpu().numpy())
                told(what, start + len(rows), len(x))
        features = np.concatenate(blocks)
        if features.ndim != 2 or len(features) != len(x) or not np.isfinite(features).all():
            raise GenbenchError(f"extractor {extractor.name} returned {features.shape}, expected finite [{len(x)}, d]")
        return features

    return embed


def classifying(extractor: Extractor, device: str) -> Classify | None:
    """The function that tells the classes [N] of features [N, d]; None where the extractor names none.

    Returns:
        A function that raises GenbenchError where the extractor returns something else than labels.
    """
    if not isinstance(extractor, ClassExtractor):
        return None
    import torch

    def labels(features: NDArray[np.float32]) -> NDArray[np.int64]:
        with torch.no_grad():
            found = extractor.labels(torch.from_numpy(features).to(device)).cpu().numpy()
        if found.shape != features.shape[:1] or found.dtype != np.int64 or found.min() < 0:
            expected = f"expected int64 [{len(features)}], none below 0"
            raise GenbenchError(f"extractor {extractor.name} returned labels {found.dtype} {found.shape}, {expected}")
        return found

    return labels
