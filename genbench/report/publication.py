"""Publication: what a site says of itself that no record knows. Who publishes it, where it will lie, and where from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from genbench.errors import GenbenchError
from genbench.files import toml
from genbench.files.codec import Meta

FILE = "site.toml"  # in the folder that `genbench report` is given

Address = Annotated[str, Meta(max_length=1000)]
_ADDRESS = re.compile(r"https://[^\s\"'<>\\]+")


@dataclass(frozen=True)
class Publication:
    """The lines of a `site.toml`; each may be left out."""

    publisher: Annotated[str, Meta(max_length=200)] = ""
    """Who stands behind the boards: a person, a group, a project."""
    repository: Address = ""
    """Where the records, the suite and the plugins are kept."""
    records: Address = ""
    """Where the records themselves can be read, if that is elsewhere than the repository's first page."""
    url: Address = ""
    """Where the site's folder will lie, by which other sites show a preview of its pages."""

    def address(self, path: str) -> str:
        """Where a page, or a picture, of the site will be found; "" as long as nobody says."""
        return f"{self.url.rstrip('/')}/{path}" if self.url else ""


NOWHERE = Publication()


def of(folders: Iterable[Path]) -> Publication:
    """What the first of some folders of boards that has a `site.toml` says of the site that is made of them.

    Raises:
        GenbenchError: that file is none; says why.
    """
    paths = [path for folder in folders if (path := folder / FILE).exists()]
    if not paths:
        return NOWHERE
    found = toml.read(Publication, paths[0], "file of a site")
    for name in ("repository", "records", "url"):
        address = getattr(found, name)
        if address and not _ADDRESS.fullmatch(address):
            raise GenbenchError(
                f"{paths[0]}: {name} is the address of a page, https://… without blanks, quotes and angle brackets; "
                f"got {address[:80]!r}"
            )
    return found
