"""Report: leaderboards as static pages that open from files, with no network and with scripts off."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from genbench.files.atomic import write_bytes
from genbench.leaderboard import Leaderboard
from genbench.report import board_page
from genbench.report.images import FOLDER, Album
from genbench.report.site import BOARDS, INDEX, MODELS, PROTOCOL, Edition, Site, Spot
from genbench.report.writing import shared, written

OURS = (f"{FOLDER}/*.png", f"*/{BOARDS}/*.html", f"*/{MODELS}/*.html", f"*/{PROTOCOL}")  # what a site's folder may lose


def render(boards: Leaderboard | Mapping[str, Leaderboard] | Iterable[Leaderboard], folder: Path) -> Path:
    """Write the site of boards, and return the path of the page that a reader opens first.

    That is the board of a site that has one protocol, and else its index. Each file is written whole or not at all,
    pictures before the pages that show them; pages and pictures of boards that are no more are removed at the end.

    The same boards give the same bytes. Every value in them may be a stranger's: all are escaped, shortened, and
    shown with their control characters spelt out.
    """
    if isinstance(boards, Leaderboard):
        boards = [boards]
    plan = Site.of(boards.values() if isinstance(boards, Mapping) else boards)
    files = dict(site(plan))
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


def site(plan: Site) -> Iterator[tuple[str, bytes]]:
    """The files of a site, by their paths."""
    yield from shared().items()
    boards = [board for edition in plan.editions for board in edition.boards]
    album = Album(sum(board_page.pictures(row) for board in boards for row in (*board.rows, *board.controls)))
    for edition in plan.editions:
        for board in edition.boards:
            spot = Spot(edition.board(board), plan)
            seen = album.seen_from(spot.root, tile(board))
            yield spot.path, written("board.html", board_page.values(board, edition, spot, seen), spot.root).encode()
    yield from album.files.items()


def tile(board: Leaderboard) -> tuple[int, int] | None:
    """Height and width of an image of the board's data; None of what is no image."""
    shape = board.dataset.space.shape if board.dataset.space else ()
    return (shape[1], shape[2]) if len(shape) == 3 else None
