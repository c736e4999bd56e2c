"""Alternatives: which installed extractors would serve where the one that was meant cannot."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from genbench.contracts.extractor import Extractor
from genbench.errors import GenbenchError
from genbench.records.space import Space
from genbench.scoring.extraction import loaded


def ready(classes: Mapping[str, type[Extractor]], space: Space, files: Mapping[str, Path]) -> Iterator[str]:
    """The extractors that can be used now for samples of a Space: their weights, if any, are here.

    Args:
        files: weights files that were named or found, by extractor; who reads the same published file counts as well.
    """
    published = [classes[name].weights for name in files]
    for name, cls in classes.items():
        if cls.weights is not None and cls.weights not in published and not _is_here(name, cls):
            continue
        if _serves(cls, space):
            yield name


def fewer_features(
    classes: Mapping[str, type[Extractor]], space: Space, files: Mapping[str, Path], n: int
) -> tuple[str, int] | None:
    """The extractor that can be used now and has the most features of those with fewer than n; None: there is none.

    Returns:
        Its name, and how many features it has.
    """
    sizes = {name: cls.dim or (space.dim if cls.dim == 0 else None) for name, cls in classes.items()}
    fitting = {name: classes[name] for name, size in sizes.items() if size is not None and size < n}
    found = [
        (sizes[name] or 0, name) for name in ready(fitting | _named(classes, files), space, files) if name in fitting
    ]
    return (max(found)[1], max(found)[0]) if found else None


def _named(classes: Mapping[str, type[Extractor]], files: Mapping[str, Path]) -> dict[str, type[Extractor]]:
    return {name: classes[name] for name in files}


def _is_here(name: str, cls: type[Extractor]) -> bool:
    try:
        return cls.weights is not None and cls.weights.found(name).is_file()
    except GenbenchError:
        return False


def _serves(cls: type[Extractor], space: Space) -> bool:
    """Whether it takes samples of a Space; one that reads a published file is of images of 256 levels."""
    if cls.weights is not None:
        return space.is_image and space.levels == 256
    try:
        loaded(cls, space, "cpu", {})
    except Exception:  # noqa: BLE001  # an extractor is a part's code; here it is only asked whether it would do
        return False
    return True
