"""Weights: files of trained parameters that an extractor reads and that genbench does not ship."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from genbench.contracts.assets import OPTION, Weights
from genbench.errors import GenbenchError, Unavailable


@dataclass(frozen=True)
class GivenWeights:
    """Files that somebody named; plain data."""

    of: Mapping[str, Path] = field(default_factory=dict)
    """Extractor → its file."""
    unnamed: Path | None = None
    """A file for the only extractor that needs one; null: none."""

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self.of) or self.unnamed is not None


def named(texts: Iterable[str]) -> GivenWeights:
    """What `--extractor-weights` says: NAME=FILE, or FILE where one extractor needs weights; paths become absolute.

    Raises:
        GenbenchError: a file that is not there, or an extractor twice.
    """
    found: dict[str, Path] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        name, file = (name, file) if equals else ("", text)
        path = Path(file).expanduser().absolute()
        if not path.is_file():
            raise GenbenchError(f"{OPTION} takes NAME=FILE or FILE, and there is no file {path}")
        if name in found:
            raise GenbenchError(f"{OPTION} names weights of {name or 'an extractor without a name'} twice")
        found[name] = path
    return GivenWeights({name: path for name, path in found.items() if name}, found.get(""))


def located(given: GivenWeights, needed: Mapping[str, Weights]) -> dict[str, Path]:
    """The weights file of each extractor that needs one: the given one, else the one that is found.

    Args:
        needed: extractor → the weights that its publisher offers.
    Raises:
        GenbenchError: weights are missing, or given for an extractor that takes none.
    """
    names = ", ".join(needed) or "none"
    if given.unnamed is not None and (len(needed) != 1 or given.of):
        raise GenbenchError(f"{OPTION} takes NAME=FILE here: the extractors that need weights are: {names}")
    surplus = sorted(set(given.of) - set(needed))
    if surplus:
        raise GenbenchError(f"{OPTION}: no score here uses weights of {surplus[0]!r} (extractors that do: {names})")
    return {name: given.of.get(name) or given.unnamed or needed[name].found(name) for name in needed}


def lacking(given: GivenWeights, wanted: Mapping[str, Weights]) -> dict[str, str]:
    """Extractor → how to get its weights, of those whose weights are neither given nor found."""
    told = {}
    for name in sorted(set(wanted) - set(given.of)) if given.unnamed is None else ():
        try:
            wanted[name].found(name)
        except Unavailable as error:
            told[name] = str(error)
    return told
