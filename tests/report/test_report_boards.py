"""Sites of many models, and of several tasks."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from pages import Page, check_harmless
from records import HOSTILE, SUITE, TERMS, VALUES, candidate, grid, memorisation, record

from genbench.leaderboard import Leaderboard, boards
from genbench.records.kinds import Likelihood
from genbench.records.record import Record
from genbench.report import html, render, site


def many(count: int) -> list[Record]:
    """A board of that many candidates, alike in size."""
    rng = random.Random(0)
    return [
        record(
            f"model-{i}",
            seed,
            candidates=[
                candidate(
                    f"model-{i}",
                    {k: v * rng.uniform(0.5, 1.5) for k, v in VALUES.items()} | {"bits-per-dim": 2.0},
                    likelihood=Likelihood.EXACT,
                    exhibits={"grid": grid(i)},
                    memorisation=memorisation(pairs=grid(100 + i)),
                )
            ],
        )
        for i in range(count)
        for seed in range(3)
    ]


def test_a_board_of_fifty_models_stays_within_its_budget(tmp_path: Path) -> None:
    path = render(Leaderboard.of(many(50)), tmp_path)
    assert path.stat().st_size < 300_000
    pictures = list(tmp_path.glob("images/*.png"))
    assert len(pictures) == 100
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.*")) < 2_000_000
    shown = {attrs["src"] for attrs in Page(path.read_text()).all("img")}
    assert shown == {f"images/{picture.name}" for picture in pictures}


def test_pictures_that_only_an_older_page_showed_are_removed(tmp_path: Path) -> None:
    render(Leaderboard.of(many(26)), tmp_path)
    before = set(tmp_path.glob("images/*"))
    render(Leaderboard.of(many(25)), tmp_path)
    assert len(before) - len(set(tmp_path.glob("images/*"))) == 2
    render(Leaderboard.of(many(2)), tmp_path)
    assert not list(tmp_path.glob("images/*"))


# Several tasks


def asked(count: int, *tasks: str) -> list[Record]:
    """Records of models that are asked for samples, and to do each of `tasks` besides."""
    suite = replace(SUITE, tasks={"generate": TERMS, **dict.fromkeys(tasks, TERMS)})
    return [replace(own, suite=suite, candidates=(*own.candidates, *others(own, tasks))) for own in many(count)]


def others(own: Record, tasks: tuple[str, ...]) -> list[object]:
    first = own.candidates[0]
    shown = {"paths": grid(7), "ends": grid(8)}
    return [replace(first, task=task, name=f"{first.name}/slerp", exhibits=shown) for task in tasks]


def links(path: Path) -> dict[str, str | None]:
    """The pages that a page names in its list of boards, by what they resolve to, with what is said of the present."""
    found = [attrs for attrs in Page(path.read_text()).all("a") if (attrs["href"] or "").endswith(".html")]
    return {str((path.parent / str(a["href"])).resolve()): a.get("aria-current") for a in found}


def test_each_task_has_a_page_and_all_of_them_link_to_each_other(tmp_path: Path) -> None:
    path = render(boards(asked(2, "interpolate", "box")), tmp_path)
    pages = [path, tmp_path / "boards" / "interpolate.html", tmp_path / "boards" / "box.html"]
    assert path == tmp_path / "index.html"
    assert sorted(file for file in tmp_path.rglob("*.html")) == sorted(pages)
    for own in pages:
        check_harmless(Page(own.read_text()))
        assert links(own) == {str(other): "page" if other == own else None for other in pages}
    assert "model-0/slerp" in pages[1].read_text()
    assert "model-0/slerp" not in pages[0].read_text()


def test_a_site_of_one_board_links_to_no_other(tmp_path: Path) -> None:
    assert links(render(boards(many(2)), tmp_path)) == {}
    assert (tmp_path / "index.html").read_text() == html(Leaderboard.of(many(2)))


def test_pages_and_pictures_of_tasks_that_are_no_more_are_removed(tmp_path: Path) -> None:
    render(boards(asked(26, "box")), tmp_path)
    (tmp_path / "own.html").write_text("not ours")
    render(boards(many(2)), tmp_path)
    left = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    assert left == {"index.html", "own.html"}


def test_every_exhibit_is_shown_under_its_name_with_a_picture_that_is_there(tmp_path: Path) -> None:
    render(boards(asked(25, "interpolate")), tmp_path)
    path = tmp_path / "boards" / "interpolate.html"
    found = Page(path.read_text())
    assert [image["alt"] for image in found.all("img") if str(image["alt"]).endswith(" of model-3/slerp, seed 0")] == [
        "paths of model-3/slerp, seed 0",
        "ends of model-3/slerp, seed 0",
    ]
    beside = [str(image["src"]) for image in found.all("img") if not str(image["src"]).startswith("data:")]
    assert beside
    assert all((path.parent / source).is_file() for source in beside)


def test_a_candidate_shows_no_more_than_a_few_exhibits() -> None:
    own = record(candidates=[candidate("vae", VALUES, exhibits={f"e{i}": grid(i) for i in range(50)})])
    found = Page(html(Leaderboard.of([own])))
    assert len([image for image in found.all("img") if str(image["alt"]).startswith("e")]) == 4


def test_a_site_of_several_tasks_shares_the_bytes_of_one() -> None:
    files = site(list(boards(asked(26, "box", "interpolate")).values()))
    assert sum(map(len, files.values())) < 3_000_000
    assert all(len(data) < 300_000 for data in files.values())


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_a_task_of_any_name_has_a_page_within_the_folder(word: str, tmp_path: Path) -> None:
    render(boards(asked(1, word)), tmp_path / "site")
    files = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    first, second = sorted(files)
    assert first.startswith("site/boards/task-")
    assert second == "site/index.html"
    for file in files:
        check_harmless(Page((tmp_path / file).read_text()))
