import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from records import VALUES, candidate, grid, record
from watching import Open, Watched

from genbench.leaderboard import Leaderboard
from genbench.report import render

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
HEADS = ["Clipped density", "Clipped coverage", "Throughput", "FD", "bits/dim", "Fit time"]  # the axes are the first


def rows(page: Page, body: int = 0) -> list[str]:
    """The names in the table's first column, in the order shown."""
    names = page.locator("#board tbody").nth(body).locator("th[scope=row] .name").all_inner_texts()
    return [name.split("\n")[0].split(" ")[0] for name in names]


def shown(page: Page, column: str) -> list[float | None]:
    """The values of a column as they stand, None where one is missing."""
    cells = page.locator("#board tbody").first.locator(f"tr td:nth-child({HEADS.index(column) + 3})")
    found = [cell.get_attribute("data-value") for cell in cells.all()]
    return [None if value is None else float(value) for value in found]


def sorts(page: Page) -> dict[str, str]:
    heads = page.locator("#board [aria-sort]").all()
    return {head.get_attribute("data-name") or "": head.get_attribute("aria-sort") or "" for head in heads}


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


# Quiet


def test_the_page_opens_from_a_file_without_errors_or_requests(open_page: Open, watched: Watched, site: Path) -> None:
    page = open_page()
    expect(page.get_by_role("heading", level=1)).to_have_text("Handwritten digits, 8×8")
    assert watched.troubles == []
    root = site.parents[2].as_uri()
    beside = {url for url in watched.requests if not url.startswith((f"{root}/images/", "data:image/"))}
    assert beside == {site.as_uri(), f"{root}/site.css", f"{root}/site.js"}


def test_every_page_of_a_published_site_opens_without_errors_from_a_folder_of_any_name(
    open_page: Open, watched: Watched, crowded_site: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "ein Bericht, größer"
    shutil.copytree(crowded_site.parents[2], folder)
    for path in sorted(folder.rglob("*.html")):
        page = open_page(path, **PHONE)
        assert page.locator("h1").count() == 1
        assert overflow(page) == 0, path
        sizes = page.locator("img:visible").evaluate_all("all => all.map(x => [x.naturalWidth, x.width])")
        assert all(natural > 0 for natural, _ in sizes), path
    assert watched.troubles == []
    assert all(url.startswith((folder.as_uri(), "data:image/")) for url in watched.requests)


def test_a_picture_of_a_models_page_is_drawn_at_a_whole_multiple_and_enlarged_without_scripts(
    open_page: Open, crowded_site: Path
) -> None:
    page = open_page(crowded_site.parents[1] / "models" / "ddpm.html", java_script_enabled=False)
    sizes = page.locator("img:visible").evaluate_all(
        "all => all.map(x => [x.naturalWidth, x.getBoundingClientRect().width])"
    )
    assert all(width % natural == 0 for natural, width in sizes[:4])
    page.locator(".picture a").first.click()
    large = page.locator(".large:target img").bounding_box()
    assert large
    assert large["width"] > 2 * sizes[0][1]
    page.locator(".large:target a").click()
    expect(page.locator(".large:target")).to_have_count(0)


@pytest.mark.parametrize(
    "fault",
    [
        "<script>alert(1)</script>",
        "<img src='data:,' onerror='alert(1)'>",
        "<p style='color: red'>red</p>",
        "<img src='https://example.invalid/x.png'>",
    ],
)
def test_a_planted_fault_is_stopped_by_the_policy_and_noticed(
    open_page: Open, watched: Watched, site: Path, tmp_path: Path, fault: str
) -> None:
    shutil.copytree(site.parents[2], tmp_path / "site")
    path = tmp_path / "site" / site.relative_to(site.parents[2])
    path.write_text(site.read_text().replace("<main", f"{fault}<main", 1))
    open_page(path).wait_for_timeout(50)
    assert any("Content Security Policy" in trouble for trouble in watched.troubles)


def test_hostile_records_run_nothing_and_break_no_layout(open_page: Open, watched: Watched, hostile_site: Path) -> None:
    page = open_page(hostile_site, **PHONE)
    page.get_by_role("button", name="Throughput").click()
    assert watched.troubles == []
    assert overflow(page) == 0
    assert page.locator("script").count() == 1
    assert "<b>bold</b>" in page.locator("#board").inner_text()


# Sorting


def test_a_click_sorts_best_first_and_the_next_one_turns_it_round(open_page: Open) -> None:
    page = open_page()
    assert sorts(page) == {"Clipped density": "descending"}  # as the records are ordered
    for column, first in (("FD", "ascending"), ("Throughput", "descending")):
        button = page.get_by_role("columnheader", name=column).get_by_role("button")
        button.click()
        best_first = [value for value in shown(page, column) if value is not None]
        assert sorts(page) == {column: first}
        assert best_first == sorted(best_first, reverse=first == "descending")
        button.click()
        assert [value for value in shown(page, column) if value is not None] == best_first[::-1]
        assert sorts(page) == {column: {"ascending": "descending", "descending": "ascending"}[first]}


def test_missing_values_come_last_in_both_directions(open_page: Open) -> None:
    page = open_page()
    for _ in range(2):
        page.get_by_role("columnheader", name="bits/dim").get_by_role("button").click()
        values = shown(page, "bits/dim")
        assert values.count(None) == 7
        assert None not in values[:-7]


def test_names_are_sorted_as_words(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Candidate").click()
    names = rows(page)
    assert names == sorted(names)
    assert sorts(page) == {"candidate": "ascending"}


def test_sorting_works_by_keyboard_keeps_the_focus_and_is_announced(open_page: Open) -> None:
    page = open_page()
    button = page.get_by_role("columnheader", name="Throughput").get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Sorted by Throughput, descending.")
    assert rows(page)[0] == "replay"
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_have_text("Sorted by Throughput, ascending.")
    expect(button).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("columnheader", name="FD").get_by_role("button")).to_be_focused()


def test_controls_stay_apart_under_their_own_heading(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("columnheader", name="FD").get_by_role("button").click()
    assert rows(page, body=1) == ["real-held-out", "copycat", "independent-pixels"]
    assert page.locator("#board tbody").nth(1).locator("tr").first.get_attribute("class") == "group"


# Without scripts, on a phone, on paper


def test_everything_is_there_with_scripts_off(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    assert rows(page)[0] == "ddpm[steps=200]/ddpm"
    expect(page.get_by_role("button")).to_have_count(0)  # nothing that would do nothing
    expect(page.locator("svg.chart")).to_have_count(3)
    page.locator("#failures summary").first.click()
    expect(page.locator("#failures details").first).to_have_attribute("open", "")


def test_the_verdict_and_the_gates_open_without_scripts(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    assert "No candidate wins quality, coverage and speed" in page.locator(".verdict .says").inner_text()
    page.locator(".verdict summary").first.click()
    assert page.locator(".verdict details").first.locator("li").count() == 7  # one for each in the running
    expect(page.locator("#gates details[open]")).to_have_count(2)  # the one that copies, and a density that failed
    expect(page.locator("#gates details[open] img").first).to_be_visible()


def test_pictures_beside_the_page_are_shown(open_page: Open, watched: Watched, tmp_path: Path) -> None:
    records = [record(f"m{i}", candidates=[candidate(f"m{i}", VALUES, exhibits={"grid": grid(i)})]) for i in range(25)]
    page = open_page(render(Leaderboard.of(records), tmp_path))
    widths = page.locator("#samples img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert widths == [64] * 25
    assert watched.troubles == []


@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_shows_each_candidate_as_a_card_with_its_axes_side_by_side(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 740}, has_touch=True)
    assert overflow(page) == 0
    card = page.locator("#board tbody tr").first
    boxes = [cell.bounding_box() for cell in card.locator("td").all()[1:4]]
    assert all(box is not None and box["x"] >= 16 and box["x"] + box["width"] <= width - 16 for box in boxes)
    assert len({box["y"] for box in boxes if box}) == 1
    heads = card.locator("td").evaluate_all("cells => cells.map(x => getComputedStyle(x, '::before').content)")
    assert heads[1:4] == ['"Clipped density"', '"Clipped coverage"', '"Throughput"']
    page.locator("#board thead button", has_text="Throughput").click()
    assert rows(page)[0] == "replay"


@pytest.mark.parametrize("width", [1024, 1440])
def test_the_axes_are_in_sight_without_scrolling_sideways(open_page: Open, crowded_site: Path, width: int) -> None:
    page = open_page(crowded_site, viewport={"width": width, "height": 900})
    last = page.locator("#board thead .of-three").last.bounding_box()
    region = page.locator(".scroll").bounding_box()
    assert last
    assert region
    assert last["x"] + last["width"] <= region["x"] + region["width"]


@pytest.mark.parametrize("scripts", [True, False])
def test_further_scores_are_shown_on_request_also_without_scripts(
    open_page: Open, crowded_site: Path, scripts: bool
) -> None:
    page = open_page(crowded_site, java_script_enabled=scripts)
    head = page.locator("#board thead th", has_text="Precision")
    expect(head).to_be_hidden()
    page.get_by_label("quality (").check()
    expect(head).to_be_visible()
    expect(page.locator("#board thead th", has_text="Recall")).to_be_hidden()


def test_typing_leaves_the_candidates_that_have_these_words(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("searchbox", name="Show candidates with").fill("autoregressive")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^[1-9]\d* of 13 candidates\.$"))
    names = page.locator("#board tbody").first.locator("tr:visible .family").all_inner_texts()
    assert names
    assert all("autoregressive" in name for name in names)
    page.get_by_role("searchbox").fill("nobody is called so")
    expect(page.get_by_role("status")).to_have_text("0 of 13 candidates.")
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("status")).to_have_text("13 of 13 candidates.")


def test_print_shows_the_whole_table_and_no_controls_of_the_page(open_page: Open) -> None:
    page = open_page()
    page.emulate_media(media="print")
    expect(page.locator("header.top")).to_be_hidden()
    assert page.locator(".scroll").evaluate("region => getComputedStyle(region).overflowX") == "visible"


def test_forced_colours_keep_the_best_and_the_marks_visible(open_page: Open) -> None:
    page = open_page(forced_colors="active")
    assert page.locator("td.best").first.evaluate("cell => getComputedStyle(cell).outlineStyle") == "solid"
    fills = page.locator("svg.chart .mark:not(.control) use").evaluate_all(
        "all => all.map(x => getComputedStyle(x).fill)"
    )
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper not in fills


# Theme


@pytest.mark.parametrize(("scheme", "offer"), [("light", "Dark theme"), ("dark", "Light theme")])
def test_the_theme_follows_the_system_and_the_button_turns_it_round(open_page: Open, scheme: Any, offer: str) -> None:
    page = open_page(color_scheme=scheme)
    paper = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(paper)
    page.get_by_role("button", name=offer).click()
    assert page.evaluate(paper) != before
    expect(page.get_by_role("button", name=offer)).to_have_count(0)
    page.reload()
    assert page.evaluate(paper) != before  # the choice is kept
