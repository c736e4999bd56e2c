"""A board's page in Chromium: charts whose labels keep apart, filters, the way from a mark to its row, paper."""

import io
import itertools
import random
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect
from records import AXES, VALUES, board_records, candidate, control, record
from test_accessibility import WIDE, axe
from watching import Open, Watched

from genbench.leaderboard import Leaderboard
from genbench.records.kinds import ControlKind, Family
from genbench.records.record import Record
from genbench.report import render

FAMILIES = [family for family in Family if family is not Family.CONTROL]
CONTROLS = [
    control("real-held-out", ControlKind.CEILING, values=VALUES | {AXES["quality"]: 0.99, AXES["coverage"]: 0.985}),
    control("noise", ControlKind.FLOOR, values=VALUES | {AXES["quality"]: 0.004, AXES["coverage"]: 0.03}),
]


def crowd(count: int, seeds: int = 1) -> list[Record]:
    """That many candidates of all families, some presets of one fit, most of them good: a cloud in a corner."""
    rng = random.Random(count)
    records = []
    for i in range(count):
        name = f"{rng.choice(('flow-matching', 'vae', 'gan', 'pixelcnn'))}-{i}"
        quality, coverage, speed = rng.betavariate(5, 2), rng.betavariate(5, 2), 10 ** rng.uniform(1, 5)
        can = ("generate", *rng.sample(("conditional", "density", "decoder"), 2))
        for seed in range(seeds):
            own = {AXES["quality"]: quality, AXES["coverage"]: coverage, "throughput": speed * (1 + seed / 100)}
            scored = [candidate(name, VALUES | own)]
            if i % 5 == 0:
                scored.append(candidate(f"{name}/fast", VALUES | own | {"throughput": 2 * speed}, sampler="fast"))
            model = {"family": FAMILIES[i % len(FAMILIES)], "capabilities": can}
            records.append(record(name, seed, candidates=scored, model=model))
    return [*records, *CONTROLS]


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Boards of 8, 25 and 60 candidates."""
    return {n: render(Leaderboard.of(crowd(n)), tmp_path_factory.mktemp(f"crowd-{n}")) for n in (8, 25, 60)}


BOXES = """chart => {
    const box = node => { const r = node.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
    return {
        chart: box(chart),
        texts: [...chart.querySelectorAll("text")].map(text => [text.textContent, box(text)]),
        marks: [...chart.querySelectorAll(".mark use")].map(box),
    };
}"""


def meet(a: list[float], b: list[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def collisions(page: Page) -> list[tuple[str, str]]:
    """Pairs of texts of one chart that overlap, texts that cover a mark, and texts that leave their chart."""
    found = []
    for chart in page.locator("svg.chart").all():
        drawn = chart.evaluate(BOXES)
        texts = drawn["texts"]
        found += [(a, b) for (a, one), (b, other) in itertools.combinations(texts, 2) if meet(one, other)]
        found += [(text, "a mark") for text, box in texts for mark in drawn["marks"] if meet(box, mark)]
        left, top, right, bottom = drawn["chart"]
        inside = [l >= left and t >= top and r <= right and b <= bottom for _, (l, t, r, b) in texts]  # noqa: E741
        found += [(text, "the border") for (text, _), own in zip(texts, inside, strict=True) if not own]
    return found


@pytest.mark.parametrize("count", [8, 25, 60])
@pytest.mark.parametrize("width", [390, 1440])
def test_no_two_words_of_a_chart_overlap_and_none_leaves_it(
    open_page: Open, crowded: dict[int, Path], count: int, width: int
) -> None:
    page = open_page(crowded[count], viewport={"width": width, "height": 900})
    assert page.locator("svg.chart").count() == 3
    assert page.locator("svg.chart .name").count() > 20
    assert collisions(page) == []


def test_the_published_board_and_one_of_strangers_have_no_collision_either(
    open_page: Open, crowded_site: Path, hostile_site: Path
) -> None:
    assert collisions(open_page(crowded_site, **WIDE)) == []
    assert collisions(open_page(hostile_site, **WIDE)) == []


def test_a_collision_would_be_noticed(open_page: Open, crowded: dict[int, Path]) -> None:
    page = open_page(crowded[8], **WIDE)
    page.evaluate("""() => {
        const [one, other] = document.querySelectorAll("svg.chart .name");
        for (const side of ["x", "y", "text-anchor"]) other.setAttribute(side, one.getAttribute(side) ?? "start");
    }""")
    assert collisions(page) != []


def test_every_candidate_is_named_or_numbered_in_the_key_or_named_where_somebody_points(
    open_page: Open, crowded: dict[int, Path]
) -> None:
    page = open_page(crowded[60], **WIDE)
    chart = page.locator("svg.chart").first
    known = page.locator("ul.key a").evaluate_all("all => all.map(link => link.getAttribute('href'))")
    for mark in chart.locator(".mark").all():
        name = (mark.locator("title").text_content() or "").rpartition(": ")[0]
        label = mark.locator(".name")
        assert mark.get_attribute("href") in known or label.text_content() == name
    unlabelled = chart.locator(".mark:not(:has(.name))").first
    unlabelled.focus()
    name = (unlabelled.locator("title").text_content() or "").rpartition(": ")[0]
    expect(chart.locator(".tip")).to_have_text(name)
    left, right = (
        chart.locator(".tip").evaluate(f"tip => tip.getBoundingClientRect().{side}") for side in ("left", "right")
    )
    around = chart.bounding_box()
    assert around
    assert around["x"] <= left
    assert right <= around["x"] + around["width"]


# From a mark to its row


@pytest.mark.parametrize("scripts", [True, False])
def test_a_mark_leads_to_its_row_by_mouse_and_keyboard(open_page: Open, scripts: bool) -> None:
    page = open_page(java_script_enabled=scripts, **WIDE)
    mark = page.locator("svg.chart").first.locator(".mark").last
    row = page.locator(str(mark.get_attribute("href")))
    mark.click()
    expect(row).to_be_in_viewport()
    assert row.locator(".name").inner_text().split(" ")[0] == (mark.locator("title").text_content() or "").split(":")[0]
    plain = page.locator("#board tbody tr").nth(5).locator("td").last
    lit, other = (
        cell.evaluate("cell => getComputedStyle(cell).backgroundColor") for cell in (row.locator("td").last, plain)
    )
    assert lit != other
    page.keyboard.press("Home")
    mark.focus()
    page.keyboard.press("Enter")
    expect(row).to_be_in_viewport()


def test_a_chart_is_one_stop_of_the_tab_key_and_its_arrows_go_from_mark_to_mark(open_page: Open) -> None:
    page = open_page(**WIDE)
    charts = page.locator("svg.chart")
    charts.first.locator(".mark[tabindex='0']").focus()
    first = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.getAttribute('href')")
    assert first != second
    assert page.locator(f".mark.lit[href='{second}']").count() == 3  # in every chart
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('figcaption') !== null")  # the chart as a file
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('svg') === document.querySelectorAll('svg.chart')[1]")


def test_a_row_that_filters_left_out_is_shown_again_to_whoever_comes_from_a_chart(open_page: Open) -> None:
    page = open_page(**WIDE)
    page.get_by_role("searchbox").fill("nobody is called so")
    mark = page.locator("svg.chart").first.locator(".mark:not(.control)").last
    mark.click()
    expect(page.locator(str(mark.get_attribute("href")))).to_be_in_viewport()


# Filters


def test_filters_by_family_capability_standing_and_words_are_combined_and_counted(
    open_page: Open, crowded: dict[int, Path]
) -> None:
    page = open_page(crowded[60], **WIDE)
    rows = page.locator("#board tbody").first.locator("tr:visible")
    total = rows.count()
    page.get_by_label("Family", exact=True).select_option("flow")
    flows = rows.count()
    assert 0 < flows < total
    page.get_by_label("Can", exact=True).select_option("density")
    both = rows.count()
    assert 0 < both < flows
    expect(page.get_by_role("status")).to_have_text(f"{both} of {total} candidates.")
    assert set(rows.evaluate_all("all => all.map(row => row.dataset.family)")) == {"flow"}
    assert all("density" in can for can in rows.evaluate_all("all => all.map(row => row.dataset.can.split('|'))"))
    page.get_by_role("searchbox").fill("vae-")
    assert rows.count() < both
    page.get_by_role("button", name="Show all").click()
    assert rows.count() == total
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("searchbox").fill("vae-")
    page.keyboard.press("Escape")
    assert rows.count() == total


def test_the_standing_says_who_is_in_the_running_and_on_the_front(open_page: Open) -> None:
    page = open_page(**WIDE)
    rows = page.locator("#board tbody").first.locator("tr:visible")
    standing = page.get_by_label("Standing", exact=True)
    standing.select_option("on the front")
    assert rows.count() == page.locator("#board .mark-front", has_text="◆").count()
    standing.select_option("in the running")
    assert not any("not in the running" in words for words in rows.all_inner_texts())
    standing.select_option("tier 1 of speed")
    assert all("tier 1" in words for words in rows.locator("td:nth-child(5)").all_inner_texts())


FILTER = """async word => {
    const input = document.querySelector("input[type=search]");
    input.value = word;
    input.dispatchEvent(new Event("input"));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
}"""
SORT = """async head => {
    document.querySelector(`#board thead th:nth-child(${head}) button`).click();
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
}"""


def spent(page: Page, script: str, arguments: list[Any], rounds: int = 3) -> list[float]:
    """CPU milliseconds of the page's thread, with style, layout and paint, for each argument the least of the rounds.

    The least, because a neighbour on the same core makes even CPU time longer and nothing makes it shorter.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def clock() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    def once(argument: Any) -> float:
        begin = clock()
        page.evaluate(script, argument)
        return 1000 * (clock() - begin)

    return [
        min(times) for times in zip(*([once(argument) for argument in arguments] for _ in range(rounds)), strict=True)
    ]


def test_five_hundred_rows_are_filtered_and_sorted_within_200_ms(open_page: Open, tmp_path: Path) -> None:
    page = open_page(render(Leaderboard.of(crowd(420)), tmp_path), **WIDE)
    rows = page.locator("#board tbody").first.locator("tr")
    assert rows.count() == 504
    page.evaluate("document.body.offsetHeight")
    assert max(spent(page, FILTER, ["", "vae", "vae-1", ""])) < 200
    assert max(spent(page, SORT, [5, 5, 3, 1])) < 200
    expect(page.locator("#board tbody").first.locator("tr:visible")).to_have_count(100)
    page.get_by_role("searchbox").fill("/fast")
    expect(page.get_by_role("status")).to_have_text("84 of 504 candidates.")
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("status")).to_have_text("504 of 504 candidates, the first 100 of them shown.")
    page.emulate_media(media="print")
    expect(page.locator("#board tbody").first.locator("tr:visible")).to_have_count(504)
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#board tbody").first.locator("tr:visible")).to_have_count(504)


# Narrow, wide, paper


FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
def test_no_page_is_wider_than_its_window_and_all_three_axes_are_in_sight(
    open_page: Open, crowded_site: Path, crowded: dict[int, Path], width: int
) -> None:
    page = open_page(crowded[25], viewport={"width": width, "height": 900})
    assert page.evaluate(FITS)
    page = open_page(crowded_site, viewport={"width": width, "height": 900})
    assert page.evaluate(FITS)
    for cell in page.locator("#board tbody tr").first.locator("td").all()[1:4]:
        box = cell.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


CUT = """() => [...document.querySelectorAll("main *")].filter(node => {
    const [box, sheet] = [node.getBoundingClientRect(), document.documentElement.clientWidth];
    if (!box.width || !box.height || node.closest(".vh, .sprite")) return false;
    const scrolls = getComputedStyle(node).overflowX !== "visible" && !node.closest("svg");
    return box.right > sheet + 1 || scrolls && node.scrollWidth > node.clientWidth + 1;
}).map(node => node.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize(("width", "height"), [(718, 1046), (1046, 718)])  # A4 less Chromium's margins, in CSS pixels
def test_on_paper_nothing_is_wider_than_the_sheet(open_page: Open, crowded_site: Path, width: int, height: int) -> None:
    page = open_page(crowded_site, viewport={"width": width, "height": height})
    page.emulate_media(media="print")
    assert page.evaluate(CUT) == []
    expect(page.locator(".filters")).to_be_hidden()


@pytest.mark.parametrize("landscape", [False, True])
def test_a_pdf_has_the_whole_table_within_its_sheets(browser: Browser, crowded_site: Path, landscape: bool) -> None:
    page = browser.new_page()
    page.goto(crowded_site.as_uri())
    page.evaluate("for (const node of document.querySelectorAll('.vh')) node.remove()")  # for the ear alone
    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4", landscape=landscape))).pages
    cells = page.locator("#board tbody tr > *:visible").all_inner_texts()
    page.close()
    beyond: list[str] = []
    text = ""
    for sheet in sheets:
        width, height = float(sheet.mediabox.width), float(sheet.mediabox.height)

        def see(text: str, frame: Sequence[float], matrix: Sequence[float], _font: object, _size: float) -> None:
            x, y = matrix[4] * frame[0] + frame[4], matrix[5] * frame[3] + frame[5]
            if text.strip() and not (0 <= x < width and 0 <= y < height):  # noqa: B023  # called in this round
                beyond.append(text)

        text += sheet.extract_text(visitor_text=see)
    assert beyond == []
    missing = [cell for cell in cells if unbroken(cell) not in unbroken(text)]
    assert len(cells) > 100
    assert missing == []


def unbroken(text: str) -> str:
    """Text without white space, and with each letter by itself where a font has several in one."""
    return "".join(unicodedata.normalize("NFKC", text).split())


# Boards with little to say


def failed(name: str) -> Record:
    return record(name, candidates=[candidate(name)])


LITTLE: dict[str, list[Record]] = {
    "controls": CONTROLS,
    "one": [record(), *CONTROLS],
    "failed": [failed("vae"), failed("gan")],
    "tied": [record(), record("gan"), *CONTROLS],
}


@pytest.mark.parametrize("kind", LITTLE)
def test_a_board_with_little_to_say_is_an_accessible_page_without_trouble(
    open_page: Open, watched: Watched, tmp_path: Path, kind: str
) -> None:
    page = open_page(render(Leaderboard.of(LITTLE[kind]), tmp_path), **WIDE)
    expect(page.locator(".verdict .says")).not_to_be_empty()
    expect(page.locator(".advice")).to_contain_text("What to do next")
    assert watched.troubles == []
    assert axe(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_crowded_board_with_filters_in_use(
    open_page: Open, crowded: dict[int, Path], scheme: Any
) -> None:
    page = open_page(crowded[25], color_scheme=scheme, **WIDE)
    page.get_by_label("Family", exact=True).select_option("flow")
    page.locator("svg.chart .mark").first.focus()
    assert axe(page) == []


def test_axe_finds_nothing_on_the_published_board_with_all_that_it_can_show(
    open_page: Open, crowded_site: Path
) -> None:
    page = open_page(crowded_site, color_scheme="dark", viewport={"width": 3600, "height": 900})
    for box in page.locator(".chooser input").all():
        box.check()
    assert axe(page) == []


def test_void_and_busy_speeds_are_readable_in_both_themes(open_page: Open, tmp_path: Path) -> None:
    records = board_records()
    own = records[0].candidates[0]
    timing = replace(own.timing, void="its 7 repetitions differ by 40%") if own.timing else None
    records[0] = replace(records[0], candidates=(replace(own, timing=timing), *records[0].candidates[1:]))
    page = open_page(render(Leaderboard.of(records), tmp_path), color_scheme="dark", **WIDE)
    expect(page.locator("td small.warn")).to_have_text("void at 1 of 3 seeds")
    assert axe(page) == []
