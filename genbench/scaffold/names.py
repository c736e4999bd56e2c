"""Names: what a new distribution, its module, its class and its plugin are called, all of one word."""

import keyword
import re
from dataclasses import dataclass

from genbench.contracts.settings import NAME, NAMES
from genbench.errors import GenbenchError

PREFIX = "genbench-"


@dataclass(frozen=True)
class Names:
    """All of them."""

    plugin: str
    """What users type: `my-vae`."""

    @property
    def distribution(self) -> str:
        """`genbench-my-vae`."""
        return PREFIX + self.plugin

    @property
    def module(self) -> str:
        """`genbench_my_vae`."""
        return re.sub(r"[^a-z0-9]+", "_", self.distribution)

    def named_class(self, source: str) -> str:
        """`MyVae`; `NewMyVae` where that is no name for a class, or one that its source has for something else."""
        found = "".join(part.capitalize() for part in re.split(r"[^a-z0-9]+", self.plugin))
        taken = keyword.iskeyword(found) or not found.isidentifier() or re.search(rf"\b{found}\b", source)
        return f"New{found}" if taken else found


def names_of(text: str) -> Names:
    """The names that follow from what an author typed; `genbench-` before it is his distribution's, and passed over.

    Raises:
        GenbenchError: no plugin, or no distribution, can be called that.
    """
    plugin = text.removeprefix(PREFIX)
    if not NAME.fullmatch(plugin):
        raise GenbenchError(f"NAME is {text!r}; {NAMES}: try {_mended(plugin)!r}")
    if not plugin[-1].isalnum():
        raise GenbenchError(
            f"NAME is {text!r}; a distribution's name ends in a letter or digit: try {_mended(plugin)!r}"
        )
    return Names(plugin)


def _mended(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64] or "my-model"
