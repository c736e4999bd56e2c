"""The site of the pages, as `tox -e docs` builds it: no link leads nowhere, and all that there is stands in it."""

import argparse
import html
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass, field, fields
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

import genbench
from genbench import cli
from genbench.builtin.controls import CONTROLS
from genbench.catalogue import parts, plugins
from genbench.contracts import hooks
from genbench.protocol.suite import CAPS, Budget, Quick, Suite
from genbench.protocol.tune import Tune
from genbench.records.record import TaskTerms
from genbench.records.status import Status

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@dataclass
class Page(HTMLParser):
    """What of a page can be linked to, what it links to, what it loads, and its words."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("img", "script", "link", "iframe", "source") and given.get("rel") != "canonical":
            self.loads += [given[name] for name in ("src", "href") if name in given]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, by the command of tox.ini; a warning of Sphinx's ends it."""
    folder = tmp_path_factory.mktemp("docs")
    file = ConfigParser(interpolation=None)
    file.read(ROOT / "tox.ini")
    line = file["testenv:docs"]["commands"].format(toxinidir=ROOT, env_dir=folder, posargs="")
    program, *arguments = shlex.split(line)
    assert program == "sphinx-build"
    done = subprocess.run([sys.executable, "-m", "sphinx", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> Mapping[Path, Page]:
    return {path: read(path) for path in site.rglob("*.html")}


def dead(pages: Mapping[Path, Page]) -> Iterator[str]:
    """Each link and each file of a page that is not there."""
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            name, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            target = (path.parent / unquote(name.partition("?")[0])).resolve() if name else path
            if not target.is_file() or (anchor and target in pages and unquote(anchor) not in pages[target].anchors):
                yield f"{path.name}: {link}"


def test_every_link_within_the_site_leads_to_a_page_and_a_place_on_it(pages: Mapping[Path, Page]):
    assert sum(len(page.links) for page in pages.values()) > 500
    assert list(dead(pages)) == []


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path):
    (tmp_path / "a.html").write_text('<a href="b.html">1</a><a href="#c">2</a><a href="#d">3</a><p id="d"><img src=e>')
    page = tmp_path / "a.html"
    assert list(dead({page: read(page)})) == ["a.html: b.html", "a.html: #c", "a.html: e"]


def test_the_site_loads_nothing_from_elsewhere(pages: Mapping[Path, Page]):
    assert [load for page in pages.values() for load in page.loads if re.match(r"([a-z]+:)?//", load)] == []


def test_every_picture_says_what_it_shows_and_is_in_the_site(site: Path):
    text = "".join(path.read_text(encoding="utf-8") for path in (site / "docs").glob("*.html"))
    shown = re.findall(r'<img alt="([^"]*)" src="\.\./_images/([^"]*)"', text)
    assert {name for _, name in shown} == {path.name for path in (ROOT / "docs/pictures").iterdir()}
    assert all(len(alt) > 40 for alt, _ in shown)


def options_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings


def commands() -> Mapping[str, argparse.ArgumentParser]:
    (action,) = [found for found in cli.parser()._actions if isinstance(found, argparse._SubParsersAction)]
    return action.choices


def there_is() -> Iterator[str]:
    """All that a reader may look for, by name."""
    own = [plugin for plugin in plugins.installed(plugins.PARTS) if plugin.is_builtin]
    kinds = (parts.metrics, parts.tasks, parts.solvers, parts.datasets, parts.extractors, parts.executors)
    for kind in kinds:
        yield from kind(own).classes
    yield from (name for name in vars(hooks) if name.startswith("genbench_"))
    for form in (Suite, TaskTerms, Budget, Quick, Tune):
        yield from (item.name for item in fields(form))
    yield from CAPS
    yield from (status.value for status in Status)
    yield from (control.name for control in CONTROLS)
    yield from (f"genbench {name}" for name in commands())
    yield from (f"genbench.{name}" for name in genbench.__all__ if not name.startswith("_"))
    for path in [*(ROOT / "genbench").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        yield from re.findall(r"\"(GENBENCH_[A-Z]+)\"", path.read_text(encoding="utf-8"))


def missing(names: Iterable[str], text: str) -> list[str]:
    """The names that stand nowhere in a text as words of their own."""
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


@pytest.fixture(scope="module")
def text(pages: Mapping[Path, Page]) -> str:
    """What is read on the pages, without the changelog, which names what was."""
    return "\n".join("".join(page.words) for path, page in pages.items() if path.name not in ("CHANGELOG.html",))


def test_all_that_there_is_stands_in_the_documentation(text: str):
    names = sorted(set(there_is()))
    assert len(names) > 150
    assert missing(names, text) == []


def test_every_option_stands_under_its_command(site: Path):
    page = (site / "docs/commands.html").read_text(encoding="utf-8")
    sections = [re.sub("<[^>]*>", "", part) for part in page.split("<h2>")[1:]]
    helps = {html.unescape(part).split()[1].rstrip("¶"): html.unescape(part) for part in sections}
    assert list(helps) == list(commands())
    assert [(name, option) for name, p in commands().items() for option in missing(options_of(p), helps[name])] == []


@pytest.mark.parametrize(
    "kind", ["precision", "genbench_solvers", "checkpoint_seconds", "no-evidence", "genbench verify"]
)
def test_one_that_is_taken_out_is_missed(kind: str, text: str):
    without = re.sub(rf"(?<![\w-]){re.escape(kind)}(?![\w-])", "", text)
    assert missing(sorted(set(there_is())), without) == [kind]


def test_every_status_has_a_line_that_says_what_happened():
    page = (ROOT / "docs/first-run.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| status .*?\n\n", page, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"^\| `([^`]+)` \| \w+", table, re.MULTILINE)) == {status.value for status in Status}
