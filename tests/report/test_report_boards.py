"""Sites of many models, and of several tasks."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from pages import Page, check_harmless
from records import HOSTILE, SUITE, TERMS, VALUES, candidate, grid, memorisation, record

from genbench.leaderboard import Leaderboard, boards, editions
from genbench.records.kinds import Likelihood
from genbench.records.record import Record
from genbench.report import html, render, site
from genbench.report.site import Site


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


def bare() -> Record:
    """A record without pictures."""
    return record(candidates=[candidate("vae", VALUES, exhibits={}, memorisation=None)])


def test_a_board_of_fifty_models_stays_within_its_budget(tmp_path: Path) -> None:
    path = render(Leaderboard.of(many(50)), tmp_path)
    assert path.stat().st_size < 300_000
    pictures = list(tmp_path.glob("images/*.png"))
    assert len(pictures) == 100
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.*")) < 2_000_000
    shown = {attrs["src"] for attrs in Page(path.read_text()).all("img")}
    assert len(shown) == 50  # nearest pairs of what is in order are on the models' pages
    models = [Page(own.read_text()) for own in tmp_path.glob("digits/models/*.html")]
    shown |= {image["src"] for own in models for image in own.all("img")}
    assert shown == {f"../../images/{picture.name}" for picture in pictures}


def test_pictures_that_only_an_older_page_showed_are_removed(tmp_path: Path) -> None:
    render(Leaderboard.of(many(26)), tmp_path)
    before = set(tmp_path.glob("images/*"))
    render(Leaderboard.of(many(25)), tmp_path)
    assert len(before) - len(set(tmp_path.glob("images/*"))) == 2
    render(Leaderboard.of([bare()]), tmp_path)
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
    """The pages that a page leads to, by what they resolve to, with what is said of the present."""
    found = [attrs for attrs in Page(path.read_text()).all("a") if (attrs["href"] or "").endswith(".html")]
    return {str((path.parent / str(a["href"])).resolve()): a.get("aria-current") for a in found}


def pages(folder: Path) -> dict[str, Path]:
    """The pages of a site, by their paths in it."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.html")}


def test_each_task_has_a_page_and_every_page_leads_to_all_boards(tmp_path: Path) -> None:
    path = render(boards(asked(2, "interpolate", "box")), tmp_path)
    found = pages(tmp_path)
    assert path == found["digits/boards/generate.html"]
    assert set(found) == {
        "index.html",
        "digits/protocol.html",
        *(f"digits/boards/{task}.html" for task in ("generate", "interpolate", "box")),
        *(f"digits/models/model-{i}.html" for i in range(2)),
    }
    everywhere = {str(own) for name, own in found.items() if "models" not in name}
    for name, own in found.items():
        check_harmless(Page(own.read_text()), tables=own.read_text().count("<table"))
        assert everywhere <= set(links(own)), name
        assert [target for target, here in links(own).items() if here == "page"] == (
            [] if "models" in name else [str(own)]
        )
    assert "model-0/slerp" in found["digits/boards/interpolate.html"].read_text()
    assert "model-0/slerp" not in path.read_text()


def test_no_way_leads_to_a_page_or_a_picture_that_is_not_there(tmp_path: Path) -> None:
    render(boards(asked(3, "interpolate")), tmp_path)
    for own in pages(tmp_path).values():
        found = Page(own.read_text())
        ids = {attrs["id"] for _, attrs in found.tags if attrs.get("id")}
        assert all(Path(target).is_file() for target in links(own))
        addresses = [str(a["href"]) for a in found.all("a")]
        assert [a for a in addresses if a.startswith("#") and a[1:] not in ids] == []
        sources = [str(image["src"]) for image in found.all("img")]
        assert all((own.parent / source).is_file() for source in sources)


def test_a_board_leads_to_the_page_of_each_of_its_models(tmp_path: Path) -> None:
    path = render(boards(many(3)), tmp_path)
    assert {str(own) for name, own in pages(tmp_path).items() if "models" in name} <= set(links(path))


def test_a_page_by_itself_leads_nowhere() -> None:
    found = Page(html(Leaderboard.of(many(2))))
    assert [a for a in found.all("a") if not str(a["href"]).startswith(("#", "https://"))] == []


def test_pages_and_pictures_of_tasks_that_are_no_more_are_removed(tmp_path: Path) -> None:
    render(boards(asked(26, "box")), tmp_path)
    (tmp_path / "own.html").write_text("not ours")
    (tmp_path / "digits" / "own.html").write_text("not ours")
    render(Leaderboard.of([bare()]), tmp_path)
    left = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    digits = {f"digits/{name}.html" for name in ("boards/generate", "models/vae", "protocol", "own")}
    charts = {f"digits/boards/generate-{i}.svg" for i in (1, 2, 3)}
    assert left == {"index.html", "own.html", "site.css", "site.js", *digits, *charts}


def test_protocols_of_one_suite_have_folders_of_their_own(tmp_path: Path) -> None:
    quick = [replace(own, protocol="another") for own in many(2)]
    assert render(editions([*many(2), *quick]), tmp_path) == tmp_path / "index.html"
    folders = sorted(path.parent.parent.name for path in tmp_path.glob("*/boards/generate.html"))
    assert len(folders) == 2
    assert all(name.startswith("digits-") for name in folders)


def test_every_exhibit_is_shown_under_its_name_with_a_picture_that_is_there(tmp_path: Path) -> None:
    render(boards(asked(25, "interpolate")), tmp_path)
    path = tmp_path / "digits" / "boards" / "interpolate.html"
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
    files = dict(site(Site.of(boards(asked(26, "box", "interpolate")).values())))
    assert sum(map(len, files.values())) < 3_000_000
    assert all(len(data) < 300_000 for data in files.values())


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_a_task_of_any_name_has_a_page_within_the_folder(word: str, tmp_path: Path) -> None:
    render(boards(asked(1, word)), tmp_path / "site")
    files = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    tasks = {name for name in files if name.startswith("site/digits/boards/") and name.endswith(".html")}
    assert len(tasks - {"site/digits/boards/generate.html"}) == 1
    assert all(name.startswith("site/") and len(Path(name).name) < 64 for name in files)
    for name in files - {"site/site.css", "site/site.js"}:
        source = (tmp_path / name).read_bytes()
        if name.endswith(".html"):
            check_harmless(Page(source.decode()), tables=source.count(b"<table"))


def test_lines_of_text_are_shown_as_text_and_do_no_harm(tmp_path: Path) -> None:
    shown = ("plain", "<script>alert(1)</script>", "a\u202eb", "\x1b[0m")
    own = record(candidates=[candidate("vae", VALUES, exhibits={"lines": shown}, memorisation=None)])
    text = render(Leaderboard.of([own]), tmp_path).read_text()
    check_harmless(Page(text))
    for told in ("plain", "&lt;script&gt;alert(1)&lt;/script&gt;", "a\\u202eb", "\\x1b[0m"):
        assert f"{told}<br>" in text
    assert "no samples in the record" not in text
