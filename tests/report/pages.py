"""A page taken apart, and what may stand in one."""

import base64
import io
import re
from html.parser import HTMLParser

from PIL import Image

from genbench.leaderboard import Leaderboard
from genbench.records.record import Record
from genbench.report import html

VOID = {"meta", "img", "input", "wbr", "br", "link"}
ADDRESS = re.compile(r"https://|#|(\.\./)*([a-z0-9-]+/)*[a-z0-9-]+\.(html(#[a-z]+)?|csv|json|svg)$")
BESIDE = re.compile(r"(\.\./)*site\.(css|js)$|data:image/svg\+xml,")  # what a page loads
PICTURE = re.compile(r"data:image/png;base64,|(\.\./)*images/[0-9a-f]{16}\.png$")


class Page(HTMLParser):
    """A page's elements, with a check that they are closed in order and that nothing in them runs or leads away."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.raw: dict[str, str] = {}
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw[self.open[-1]] = data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def page(*records: Record) -> Page:
    return Page(html(Leaderboard.of(records)))


def check_harmless(found: Page, tables: int = 1) -> None:
    """Of a board's page by itself, or of a page of a site with that many tables."""
    assert [len(found.all(tag)) for tag in ("script", "table", "main", "h1")] == [1, tables, 1, 1]
    assert all(set(box) == {"type", "id"} and box["type"] == "checkbox" for box in found.all("input"))
    assert not {tag for tag, _ in found.tags} & {"iframe", "object", "embed", "form", "base", "b0ld"}
    for tag, attrs in found.tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("style", "srcset", "formaction")]
        allowed = BESIDE if tag == "link" else ADDRESS
        assert allowed.match(attrs.get("href") or ("site.css" if tag == "link" else "#")), (tag, attrs)
        allowed = BESIDE if tag == "script" else PICTURE
        assert allowed.match(attrs.get("src") or ("site.js" if tag == "script" else "images/0123456789abcdef.png"))


def encoded(image: Image.Image, form: str = "PNG") -> str:
    out = io.BytesIO()
    image.save(out, form)
    return base64.b64encode(out.getvalue()).decode()
