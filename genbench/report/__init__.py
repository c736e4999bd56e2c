"""Report: leaderboards as static pages that open from files, with no network and with scripts off."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from genbench.files.atomic import write_bytes
from genbench.leaderboard import Leaderboard
from genbench.report import board_page, index_page, model_page, protocol_page
from genbench.report.definition import Definitions
from genbench.report.figures import figure
from genbench.report.images import FOLDER, Album
from genbench.report.preview import preview
from genbench.report.publication import NOWHERE, Publication
from genbench.report.site import BOARDS, INDEX, MODELS, PREVIEW, PROTOCOL, RECORDS, Edition, Site, Spot
from genbench.report.writing import shared, written

NONE = Definitions()
NO_FILES: Mapping[str, bytes] = MappingProxyType({})
Tables = Callable[[Leaderboard], Mapping[str, bytes]]
OURS = (  # what a site's folder may lose
    f"{FOLDER}/*.png",
    *(f"*/{BOARDS}/*.{form}" for form in ("html", "csv", "json", "svg")),
    f"*/{MODELS}/*.html",
    f"*/{PROTOCOL}",
    f"*/{PREVIEW}",
    f"*/{RECORDS}",
)


def untold(board: Leaderboard) -> Mapping[str, bytes]:
    """No tables of a board."""
    return {}


def render(
    boards: Leaderboard | Mapping[str, Leaderboard] | Iterable[Leaderboard],
    folder: Path,
    known: Definitions = NONE,
    tables: Tables = untold,
    publication: Publication = NOWHERE,
    archives: Mapping[str, bytes] = NO_FILES,
) -> Path:
    """Write the site of boards, and return the path of the page that a reader opens first.

    That is the board of a site that has one protocol, and else its index. Each file is written whole or not at all,
    pictures before the pages that show them; pages and pictures of boards that are no more are removed at the end.

    Args:
        known: what installed metrics and tasks say of themselves.
        tables: a board as files for other programs, by their suffix, which its page offers.
        publication: what the site says of itself.
        archives: by protocol, its records as one file, which its boards offer.

    The same boards give the same bytes. Every value in them may be a stranger's: all are escaped, shortened, and
    shown with their control characters spelt out.
    """
    if isinstance(boards, Leaderboard):
        boards = [boards]
    plan = Site.of(boards.values() if isinstance(boards, Mapping) else boards, publication)
    files = dict(site(plan, known, tables, archives))
    for name, data in sorted(files.items(), key=lambda item: (item[0].endswith(".html"), item[0] == INDEX)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)
    for older in [path for pattern in OURS for path in folder.glob(pattern)]:
        if older.relative_to(folder).as_posix() not in files:
            older.unlink()
    return folder / plan.first


def html(board: Leaderboard) -> str:
    """A board's page by itself: it holds its style, its script and its pictures, and names no address."""
    edition = Edition("", (board,))
    album = Album(sum(board_page.pictures(row) for row in (*board.rows, *board.controls)), tile(board))
    return written("board.html", board_page.values(board, edition, Spot(), album))


def site(
    plan: Site, known: Definitions = NONE, tables: Tables = untold, archives: Mapping[str, bytes] = NO_FILES
) -> Iterator[tuple[str, bytes]]:
    """The files of a site, by their paths; pages first, so that their pictures are known."""
    yield from shared().items()
    drawn = {edition.preview: preview(edition.boards[0], tile(edition.boards[0])) for edition in plan.editions}
    previews = {path: picture for path, picture in drawn.items() if picture}
    yield from previews.items()
    plan = replace(plan, previews=frozenset(previews))
    spot = Spot(INDEX, plan)
    yield INDEX, written("index.html", index_page.values(plan, spot), spot).encode()
    boards = [board for edition in plan.editions for board in edition.boards]
    album = Album(sum(board_page.pictures(row) for board in boards for row in (*board.rows, *board.controls)))
    for edition in plan.editions:
        archive = archives.get(edition.boards[0].protocol)
        if archive is not None:
            yield edition.records, archive
        for board in edition.boards:
            spot = Spot(edition.board(board), plan)
            values = board_page.values(board, edition, spot, album.seen_from(spot.root, tile(board)))
            values["meaning"] = known.meanings.get((board.terms.ask or board.task).partition("[")[0], "")
            values["records"] = spot.way(edition.records) if archive is not None else ""
            yield from _board(values, board, edition, spot, tables(board))
        yield from _pages(edition, plan, album, known)
    yield from album.files.items()


def _board(
    values: dict[str, Any], board: Leaderboard, edition: Edition, spot: Spot, tables: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    """A board's page, and beside it the board as tables and its charts as figures."""
    figures = {edition.figure(board, i): figure(chart, values["key"]) for i, chart in enumerate(values["charts"], 1)}
    files = {edition.table(board, form): data for form, data in tables.items()} | figures
    values["downloads"] = [(form.upper(), spot.way(edition.table(board, form))) for form in tables]
    values["figures"] = [spot.way(path) for path in figures]
    yield spot.path, written("board.html", values, spot).encode()
    yield from files.items()


def _pages(edition: Edition, plan: Site, album: Album, known: Definitions) -> Iterator[tuple[str, bytes]]:
    def _page(path: str, template: str, values: Callable[[Spot, Album], dict[str, Any]]) -> tuple[str, bytes]:
        spot = Spot(path, plan)
        seen = album.seen_from(spot.root, tile(edition.boards[0]))
        return path, written(template, values(spot, seen), spot).encode()

    yield _page(edition.protocol, "protocol.html", partial(protocol_page.values, edition, known=known))
    for reference in edition.references:
        yield _page(edition.model(reference), "model.html", partial(model_page.values, reference, edition))


def tile(board: Leaderboard) -> tuple[int, int] | None:
    """Height and width of an image of the board's data; None of what is no image."""
    shape = board.dataset.space.shape if board.dataset.space else ()
    return (shape[1], shape[2]) if len(shape) == 3 else None
