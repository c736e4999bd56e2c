"""A real Chromium, and the site that it opens from a file."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from records import HOSTILE, SUITE, VALUES, audits, board_records, candidate, memorisation, record
from watching import Open, Watched

from genbench.leaderboard import Leaderboard, boards
from genbench.records.audits import AuditStatus
from genbench.records.files import read_records
from genbench.records.gates import GateStatus
from genbench.records.kinds import Likelihood
from genbench.records.machine import Machine
from genbench.report import render

PUBLISHED = Path(__file__).parents[2] / "leaderboards" / "digits" / "records"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.fail("the browser tests need `chromium` on PATH (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a full board: eleven candidates, one that copies, one that failed, three controls."""
    return render(Leaderboard.of(board_records()), tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def crowded_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the published digits: all scores of a suite, all controls."""
    return render(dict(boards(read_records(PUBLISHED))), tmp_path_factory.mktemp("crowded"))


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board on which every kind of hostile word names a model, with a log and a source of that kind."""
    records = []
    for word in HOSTILE.values():
        name = f"{word} "
        bad = {"reference": name, "source": word, "description": word, "settings": {word: word}}
        own = [
            candidate(
                name,
                VALUES,
                likelihood=Likelihood.EXACT,
                memorisation=memorisation(GateStatus.FLAGGED, reason=word),
                audits=audits(AuditStatus.FAILED, reason=word),
            ),
            candidate(name + "2", reason=word, log=word, stage=word),
        ]
        suite = replace(SUITE, title=HOSTILE["html"] + HOSTILE["long"])
        machine = Machine(device_name=word, platform=word)
        records.append(record(name, candidates=own, model=bad, machine=machine, suite=suite))
    return render(Leaderboard.of(records), tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def open_page(browser: Browser, site: Path, watched: Watched) -> Iterator[Open]:
    """Opens a page, the site's by default, in a context of its own: `open_page(path, color_scheme="dark", …)`."""
    contexts = []

    def opened(path: Path = site, **options: object) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        watched.watch(page)
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
