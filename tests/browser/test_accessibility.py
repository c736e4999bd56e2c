import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from records import record
from watching import Open

from genbench.leaderboard import Leaderboard, boards
from genbench.leaderboard.comparing import candidates_compared
from genbench.records.files import read_records
from genbench.report import html
from genbench.report.compare_page import write_comparison

PUBLISHED = Path(__file__).parents[2] / "leaderboards" / "digits" / "records"
WIDE = {"viewport": {"width": 1800, "height": 900}}


def axe(page: Page) -> list[str]:
    """What axe-core objects to, and what it could not decide, but for contrasts that are found high enough here."""
    # Inside a scroll container the contrast would stay undecided, which reads as if nothing were wrong.
    page.locator(".scroll, .wide").evaluate_all("all => all.forEach(region => { region.style.overflow = 'visible'; })")
    response = Axe().run(page, options={"resultTypes": ["violations", "incomplete"]}).response
    violations, undecided = (
        [(rule["id"], node) for rule in response[kind] for node in rule["nodes"]]
        for kind in ("violations", "incomplete")
    )
    targets = [node["target"][0] for rule, node in undecided if rule == "color-contrast"]
    passed = {("color-contrast", target) for target in readable(page, targets)}
    left = [(rule, node) for rule, node in undecided if (rule, node["target"][0]) not in passed]
    return [f"{rule}: {node['html'][:120]}" for rule, node in violations + left]


def readable(page: Page, targets: list[str]) -> list[str]:
    """Those of the elements (chart labels, single signs) whose contrast with what is behind them is at least 4.5."""
    colours = page.evaluate(
        """targets => targets.map(target => {
            const element = document.querySelector(target);
            const style = getComputedStyle(element);
            let behind = element;
            while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
            return [element instanceof SVGElement ? style.fill : style.color, getComputedStyle(behind).backgroundColor];
        })""",
        targets,
    )
    return [target for target, (ink, paper) in zip(targets, colours, strict=True) if contrast(ink, paper) >= 4.5]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours `rgb(r, g, b)`, from 1 to 21. Source: WCAG 2.2, 2023, https://www.w3.org/TR/WCAG22/"""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    match = re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", colour)
    assert match, colour
    shares = [int(channel) / 255 for channel in match.groups()]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_contrast_is_that_of_the_guideline() -> None:
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21, rel=1e-12)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.478, abs=0.001)  # #777 just fails


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, scheme: Any) -> None:
    page = open_page(color_scheme=scheme, **WIDE)
    page.locator("details").evaluate_all("all => all.forEach(details => { details.open = true; })")
    assert axe(page) == []


KINDS = (
    "index.html",
    "digits/protocol.html",
    "digits/models/ddpm.html",
    "digits/models/linear-autoregression.html",
    "digits/models/real-held-out.html",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_on_any_kind_of_page(open_page: Open, crowded_site: Path, kind: str, scheme: Any) -> None:
    page = open_page(crowded_site.parents[2] / kind, color_scheme=scheme, **WIDE)
    page.locator("details").evaluate_all("all => all.forEach(details => { details.open = true; })")
    assert axe(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_comparison(open_page: Open, tmp_path: Path, scheme: Any) -> None:
    found = boards(read_records(PUBLISHED))
    write_comparison(tmp_path / "page.html", candidates_compared(found, "vae/mean", "gan", []))
    assert axe(open_page(tmp_path / "page.html", color_scheme=scheme, **WIDE)) == []


def test_axe_finds_nothing_on_a_board_of_hostile_records(open_page: Open, hostile_site: Path) -> None:
    assert axe(open_page(hostile_site, **WIDE)) == []


def test_axe_finds_planted_faults(open_page: Open, tmp_path: Path) -> None:
    faults = html(Leaderboard.of([record()])).replace('alt="First samples', 'data-alt="First samples')
    path = tmp_path / "index.html"
    path.write_text(faults.replace('<html lang="en">', "<html>"))
    page = open_page(path, **WIDE)
    # Too pale to read, once in a paragraph and once in a chart, where only the check of this file sees it.
    page.evaluate("document.querySelector('.lede').style.color = '#cccccc'")
    page.evaluate("document.querySelector('.chart .axis-title').style.fill = '#cccccc'")
    found = axe(page)
    assert {line.partition(":")[0] for line in found} == {"image-alt", "html-has-lang", "color-contrast"}
    assert any('<text class="axis-title"' in line for line in found)
    assert any('<p class="lede"' in line for line in found)
