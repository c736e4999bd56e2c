"""What a site says of itself: who publishes it, where it lies, and the picture that stands for it."""

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from records import VALUES, candidate, control, record

from genbench.errors import GenbenchError
from genbench.leaderboard import Leaderboard
from genbench.records.kinds import ControlKind
from genbench.records.record import Record
from genbench.report import publication, render
from genbench.report.publication import NOWHERE, Publication

WHOLE = Publication(
    publisher="A <group>",
    repository="https://example.org/repository",
    records="https://example.org/records?a=1&b=2",
    url="https://example.org/boards/",
)


def png(colour: str, side: int = 71) -> str:
    """A picture of one colour, as records hold one."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def drawn(own: Record, picture: str) -> Record:
    return replace(own, candidates=tuple(replace(one, exhibits={"grid": picture}) for one in own.candidates))


def board(picture: str) -> Leaderboard:
    model = drawn(record(candidates=[candidate("vae", VALUES)]), picture)
    ceiling = control("real-held-out", ControlKind.CEILING, values=VALUES)
    return Leaderboard.of([model, drawn(ceiling, png("white"))])


@pytest.fixture
def site(tmp_path: Path) -> Path:
    render(board(png("blue")), tmp_path, publication=WHOLE)
    return tmp_path


@pytest.mark.parametrize(
    "page", ["index.html", "digits/boards/generate.html", "digits/models/vae.html", "digits/protocol.html"]
)
def test_each_page_says_who_publishes_it_and_where(site: Path, page: str) -> None:
    text = (site / page).read_text()
    assert "Published by A &lt;group&gt;." in text
    assert '<a href="https://example.org/repository">Repository</a>' in text
    assert '<a href="https://example.org/records?a=1&amp;b=2">Records</a>' in text
    assert f'<link rel="canonical" href="https://example.org/boards/{page}">' in text
    assert '<meta property="og:image" content="https://example.org/boards/digits/preview.png">' in text


def test_a_site_of_which_nothing_is_said_leads_nowhere_else(tmp_path: Path) -> None:
    render(board(png("blue")), tmp_path)
    text = (tmp_path / "digits" / "boards" / "generate.html").read_text()
    assert 'content="../preview.png"' in text
    assert not any(words in text for words in ("Published by", "canonical", "og:url", ">Repository<", ">Records<"))


def test_the_preview_shows_samples_beside_real_data_at_whole_multiples(site: Path) -> None:
    shown = np.asarray(Image.open(site / "digits" / "preview.png").convert("RGB"))
    assert shown.shape == (630, 1200, 3)
    blue, white = (shown == [0, 0, 255]).all(2), (shown == 255).all(2)
    assert blue.sum() == white.sum() == (7 * 71) ** 2
    assert np.flatnonzero(blue.any(0)).max() < np.flatnonzero(white.any(0)).min()


def test_samples_that_cannot_be_drawn_give_no_preview(tmp_path: Path) -> None:
    render(board(png("blue")), tmp_path)
    render(board("no picture"), tmp_path)
    assert not (tmp_path / "digits" / "preview.png").exists()
    assert "og:image" not in (tmp_path / "index.html").read_text()


def test_a_folder_of_boards_says_it_in_a_file(tmp_path: Path) -> None:
    assert publication.of([tmp_path]) == NOWHERE
    (tmp_path / "site.toml").write_text('publisher = "us"\nurl = "https://example.org"\n')
    assert publication.of([tmp_path / "other", tmp_path]) == Publication("us", url="https://example.org")
    assert Publication(url="https://example.org").address("a.html") == "https://example.org/a.html"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("publisher = 1", "publisher: expected str, got int"),
        ('url = "javascript:alert(1)"', "url is the address of a page, https://… without .*; got 'javascript"),
        ('repository = "https://a b"', "repository is the address of a page"),
        ('records = "https://a\\"b"', "records is the address of a page"),
        ('author = "us"', "author is no field that genbench knows"),
        ("publisher", "is no file of a site"),
    ],
)
def test_a_file_that_says_something_else_is_named_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "site.toml").write_text(text)
    with pytest.raises(GenbenchError, match=message) as caught:
        publication.of([tmp_path])
    assert "site.toml" in str(caught.value)
