"""The site: which pages there are, where they lie, and the way from each to the others."""

import hashlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from markupsafe import Markup

from genbench.leaderboard import Leaderboard
from genbench.report.publication import NOWHERE, Publication

INDEX = "index.html"
BOARDS, MODELS, PROTOCOL, PREVIEW = "boards", "models", "protocol.html", "preview.png"  # in the folder of an edition
RECORDS = "records.zip"  # likewise
_PLAIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST, DIGITS = 48, 8  # characters of a file's name, and of the hash that keeps two of them apart


@dataclass(frozen=True)
class Link:
    """The way to a page, and whether it is the one that it stands on."""

    words: str
    address: Markup
    here: bool = False


@dataclass(frozen=True)
class Edition:
    """The boards of one protocol, a suite at one budget: a folder of the site."""

    slug: str
    boards: tuple[Leaderboard, ...]
    """One a task, in the suite's order."""

    @property
    def title(self) -> str:
        """What the suite calls itself."""
        suite = self.boards[0].suite
        return suite.title or suite.name or "Leaderboard"

    @property
    def references(self) -> tuple[str, ...]:
        """Its models with their settings, candidates before controls, in the order of the first board that has them."""
        rows = [row for board in self.boards for row in board.rows]
        rows += [row for board in self.boards for row in board.controls]
        return tuple(dict.fromkeys(row.model.reference for row in rows))

    def board(self, board: Leaderboard) -> str:
        """The path of a board's page from the site's folder."""
        return f"{self.slug}/{BOARDS}/{slug(board.task)}.html"

    def table(self, board: Leaderboard, form: str) -> str:
        """The path of a board as a file for other programs."""
        return f"{self.slug}/{BOARDS}/{slug(board.task)}.{form}"

    def figure(self, board: Leaderboard, number: int) -> str:
        """The path of one of a board's charts."""
        return f"{self.slug}/{BOARDS}/{slug(board.task)}-{number}.svg"

    def model(self, reference: str) -> str:
        """The path of a model's page."""
        return f"{self.slug}/{MODELS}/{slug(reference)}.html"

    @property
    def protocol(self) -> str:
        """The path of the page that tells what was measured, and how."""
        return f"{self.slug}/{PROTOCOL}"

    @property
    def records(self) -> str:
        """The path of its records as one file."""
        return f"{self.slug}/{RECORDS}"

    @property
    def preview(self) -> str:
        """The path of the picture that stands for it where somebody shows a link."""
        return f"{self.slug}/{PREVIEW}"


@dataclass(frozen=True)
class Site:
    """The editions of a site, and what it says of itself."""

    editions: tuple[Edition, ...]
    publication: Publication = NOWHERE
    previews: frozenset[str] = frozenset()
    """The paths of the editions' pictures that there are."""

    @classmethod
    def of(cls, boards: Iterable[Leaderboard], publication: Publication = NOWHERE) -> "Site":
        """A site of boards; those of one protocol belong together."""
        found: dict[str, list[Leaderboard]] = {}
        for board in boards:
            found.setdefault(board.protocol, []).append(board)
        names = [slug(own[0].suite.name or "board") for own in found.values()]
        apart = [
            name if names.count(name) == 1 else f"{name}-{_digits(protocol)}"
            for name, protocol in zip(names, found, strict=True)
        ]
        editions = (Edition(name, tuple(own)) for name, own in zip(apart, found.values(), strict=True))
        return cls(tuple(editions), publication)

    @property
    def first(self) -> str:
        """The path of the page that a reader opens: the only edition's first board, else the index."""
        return self.editions[0].board(self.editions[0].boards[0]) if len(self.editions) == 1 else INDEX


@dataclass(frozen=True)
class Spot:
    """Where a page lies, by which the ways to others follow; a page by itself (`path` "") has no way to any."""

    path: str = ""
    site: Site = field(default_factory=lambda: Site(()))

    @property
    def root(self) -> str | None:
        """The way to the site's folder: "", "../" or "../../"; None of a page by itself."""
        return "../" * self.path.count("/") if self.path else None

    @property
    def here(self) -> str:
        """The page's own address on the network; "" where nobody says where the site will lie."""
        return self.site.publication.address(self.path) if self.path else ""

    @property
    def preview(self) -> str:
        """The address of the picture that stands for the page where somebody shows a link to it, else the way there."""
        own = [edition for edition in self.site.editions if self.path.startswith(f"{edition.slug}/")]
        found = [edition.preview for edition in own or self.site.editions if edition.preview in self.site.previews]
        return "".join(self.site.publication.address(path) or self.way(path) for path in found[:1])

    def way(self, path: str) -> Markup:
        """The way to another page of the site; "" of a page by itself."""
        return Markup(posixpath.relpath(path, posixpath.dirname(self.path) or ".") if self.path else "")  # our own

    def trail(self, edition: Edition) -> list[Link]:
        """The pages of an edition that every page of it leads to; none of a page by itself."""
        if not self.path:
            return []
        pages = [(board.task, edition.board(board)) for board in edition.boards]
        pages = [("Boards", INDEX), *pages, ("Protocol", edition.protocol)]
        return [Link(words, self.way(path), path == self.path) for words, path in pages]


def slug(name: str) -> str:
    """A file name for a stranger's name: itself where that is plain, else what is plain in it and a hash of it all."""
    if len(name) <= LONGEST and _PLAIN.fullmatch(name):
        return name
    plain = "-".join(_PLAIN.findall(name.lower()))[: LONGEST - DIGITS - 1].strip("-")
    return f"{plain}-{_digits(name)}".lstrip("-")


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
