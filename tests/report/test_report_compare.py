"""A comparison as a page by itself."""

from pathlib import Path

import pytest
from pages import Page, check_harmless
from records import AXES, HOSTILE, VALUES, candidate, record

from genbench.leaderboard import boards
from genbench.leaderboard.comparing import candidates_compared, compared
from genbench.leaderboard.comparison import Comparison
from genbench.records.record import Record
from genbench.report.compare_page import write_comparison
from genbench.report.text import number


def seeded(name: str, seeds: int, quality: float) -> list[Record]:
    """Seeds that scatter a little about a quality."""
    own = [VALUES | {AXES["quality"]: quality + 0.001 * seed} for seed in range(seeds)]
    return [record(name, seed, candidates=[candidate(name, values)]) for seed, values in enumerate(own)]


def page_of(path: Path, comparison: Comparison, **options: bool) -> str:
    write_comparison(path / "page.html", comparison, **options)
    source = (path / "page.html").read_text()
    check_harmless(Page(source), tables=source.count("<table"))
    return source


def test_a_page_says_what_is_better_and_by_how_much(tmp_path: Path) -> None:
    found = boards([*seeded("one", 5, 0.4), *seeded("two", 5, 0.6)])
    comparison = candidates_compared(found, "one", "two", [])
    told = Page(page_of(tmp_path, comparison)).text
    assert "two against one" in told
    for own in comparison.findings:
        if own.difference:
            assert own.change.value in told
            assert number(own.difference.estimate) in told
    assert f"over {comparison.tests} tests" in told


def test_only_what_has_changed_is_shown_where_that_is_asked_for(tmp_path: Path) -> None:
    before, after = (boards(seeded("one", 5, 0.4)) for _ in range(2))
    comparison = compared(before, after, [])
    assert "Nothing has changed." in Page(page_of(tmp_path, comparison, only_changed=True)).text
    assert "Nothing has changed." not in Page(page_of(tmp_path, comparison)).text


def test_few_seeds_are_shown_side_by_side_and_not_tested(tmp_path: Path) -> None:
    found = boards([*seeded("one", 1, 0.4), *seeded("two", 1, 0.6)])
    assert "Nothing is tested" in Page(page_of(tmp_path, candidates_compared(found, "one", "two", []))).text


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_stays_text(word: str, tmp_path: Path) -> None:
    name = f"{word} "
    found = boards([*seeded(name, 3, 0.4), *seeded("two", 3, 0.6)])
    source = page_of(tmp_path, candidates_compared(found, name, "two", []))
    assert "<b>bold" not in source
    assert "\u202e" not in source
