"""Report: leaderboards as static pages that open from files, with no network and with scripts off."""

import base64
import functools
import hashlib
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from genbench.files.atomic import write_bytes
from genbench.leaderboard import Leaderboard
from genbench.report.gates import MANY
from genbench.report.images import FOLDER, INLINE, Album
from genbench.report.text import FILTERS, finalized
from genbench.report.view import page, pictures

TEMPLATES = Path(__file__).with_name("templates")
INDEX, BOARDS = "index.html", "boards"
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'"
)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True)
class Link:
    """The way from one page to a board's."""

    task: str
    address: Markup


def render(boards: Leaderboard | Mapping[str, Leaderboard], folder: Path) -> Path:
    """Write a board's page, or those of several tasks' boards, and return the path of the first one's: the index.

    The others lie in `folder/boards`, and all link to each other. Pictures that the pages have no room for lie in
    `folder/images`, by their content: they are there before the page that shows them, and those that only older pages
    showed, as boards that are no more, are removed after it. Each file is written whole or not at all.

    The same boards give the same bytes. Every value in them may be a stranger's: all are escaped, shortened, and
    shown with their control characters spelt out.
    """
    files = site([boards] if isinstance(boards, Leaderboard) else list(boards.values()))
    for name, data in sorted(files.items(), key=lambda item: (item[0].endswith(".html"), item[0] == INDEX)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)
    for older in (*folder.glob(f"{FOLDER}/*.png"), *folder.glob(f"{BOARDS}/*.html")):
        if older.relative_to(folder).as_posix() not in files:
            older.unlink()
    return folder / INDEX


def html(board: Leaderboard) -> str:
    """The board's page: one style, one script, and no address but those of pictures beside it."""
    return site([board])[INDEX].decode()


def site(boards: Sequence[Leaderboard]) -> dict[str, bytes]:
    """The pages of boards, and the pictures beside them, by their paths; the first board's page is the index."""
    paths = {board.task: INDEX if board is boards[0] else f"{BOARDS}/{_slug(board.task)}.html" for board in boards}
    count = sum(pictures(row) for board in boards for row in (*board.rows, *board.controls))
    files: dict[str, bytes] = {}
    for board in boards:
        source, beside = _page(board, paths, count)
        files |= {**beside, paths[board.task]: source.encode()}
    return files


def _page(board: Leaderboard, paths: Mapping[str, str], count: int) -> tuple[str, dict[str, bytes]]:
    """A board's page, and the pictures that it has no room for; `count` pictures share the site's bytes."""
    style, script = (TEMPLATES.joinpath(name).read_text("utf-8") for name in ("style.css", "script.js"))
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    inline = {"style": Markup(style), "script": Markup(script), "policy": Markup(policy)}  # our own files
    here = posixpath.dirname(paths[board.task])
    ways = {task: Markup(posixpath.relpath(path, here or ".")) for task, path in paths.items()}  # of our own making
    links = [Link(task, way) for task, way in ways.items()] if len(ways) > 1 else []
    shape = board.dataset.space.shape if board.dataset.space else ()
    tile = (shape[1], shape[2]) if len(shape) == 3 else None
    inlined = 0 if len(board.rows) + len(board.controls) > MANY else INLINE
    album = Album(count, tile, inlined, root="../" if here else "")
    return _environment().get_template("page.html").render(**inline, boards=links, **page(board, album)), album.files


def _slug(task: str) -> str:
    """A file name for a task, whoever named it."""
    if _SLUG.fullmatch(task):
        return task
    return f"task-{hashlib.sha256(task.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Flush(FileSystemLoader):
    """Templates without their indentation: on a board of fifty models it would be a tenth of the page."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The source of a template, its file, and whether it is still the same."""
        source, file, fresh = super().get_source(environment, template)
        return re.sub(r"^[ ]+", "", source, flags=re.MULTILINE), file, fresh


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=_Flush(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment
