"""Weights: files of trained parameters that an extractor reads and that genbench does not ship."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from genbench.contracts.assets import OPTION, Weights
from genbench.errors import GenbenchError


def named(texts: Iterable[str]) -> dict[str, str]:
    """What `--extractor-weights` says, NAME=FILE or FILE, as NAME, or "", → absolute path.

    Raises:
        GenbenchError: a file that is not there, or an extractor twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        name, file = (name, file) if equals else ("", text)
        path = Path(file).expanduser().absolute()
        if not path.is_file():
            raise GenbenchError(f"{OPTION} takes NAME=FILE or FILE, and there is no file {path}")
        if name in found:
            raise GenbenchError(f"{OPTION} names weights of {name or 'an extractor without a name'} twice")
        found[name] = str(path)
    return found


def located(given: Mapping[str, str], needed: Mapping[str, Weights]) -> dict[str, Path]:
    """The weights file of each extractor that needs one: the given one, else the one that is found.

    Args:
        given: what `named` returned.
        needed: extractor → the weights that its publisher offers.
    Raises:
        GenbenchError: weights are missing, or given for an extractor that takes none.
    """
    names = ", ".join(needed) or "none"
    if "" in given and (len(needed) != 1 or len(given) != 1):
        raise GenbenchError(f"{OPTION} takes NAME=FILE here: the extractors that need weights are: {names}")
    surplus = sorted(set(given) - set(needed) - {""})
    if surplus:
        raise GenbenchError(f"{OPTION}: no score here uses weights of {surplus[0]!r} (extractors that do: {names})")
    chosen = {name: given.get(name) or given.get("") for name in needed}
    return {name: Path(chosen[name] or "") if chosen[name] else needed[name].found(name) for name in needed}
