"""Weights: files of trained parameters that an extractor reads and that genbench does not ship."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from genbench.assets import Asset
from genbench.errors import GenbenchError
from genbench.files import sha256_of

OPTION = "--extractor-weights"


@dataclass(frozen=True)
class Weights(Asset):
    """A published weights file: an asset that other tools of this machine may have fetched already.

    Args:
        file: its name in torch's cache.
        license: of the weights.
    """

    file: str
    license: str

    def found(self, extractor: str) -> Path:
        """Where the file lies, in genbench's cache or in torch's, its bytes checked. Nothing is downloaded.

        Raises:
            GenbenchError: it is in neither, or it is another file; says how to get it.
        """
        for path in (self.path, torch_cache() / self.file):
            if path.is_file():
                sha256 = sha256_of(path)
                if sha256 != self.sha256:
                    raise GenbenchError(
                        f"{path} has sha256 {sha256}, the weights of {extractor} have {self.sha256}; remove it, "
                        f"or name it by {OPTION} {extractor}={path} if that is what you want"
                    )
                return path
        raise GenbenchError(
            f"the weights of extractor {extractor} are not on this machine; genbench prepare {extractor} "
            f"downloads {self.file}, or {OPTION} {extractor}=FILE names a copy"
        )


def torch_cache() -> Path:
    """The folder where torch.hub, and thereby torch-fidelity, keeps weights."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("TORCH_HOME") or f"{cache}/torch").expanduser() / "hub" / "checkpoints"


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
