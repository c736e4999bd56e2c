"""Report: a leaderboard as a static page that opens from a file, with no network and with scripts off."""

import base64
import functools
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from genbench.files.atomic import write_bytes
from genbench.leaderboard import Leaderboard
from genbench.report.gates import MANY
from genbench.report.images import FOLDER, INLINE, Album
from genbench.report.text import FILTERS, finalized
from genbench.report.view import page

TEMPLATES = Path(__file__).with_name("templates")
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'"
)


def render(board: Leaderboard, folder: Path) -> Path:
    """Write the board's page to `folder/index.html`, whole or not at all, and return its path.

    Pictures that the page has no room for lie in `folder/images`, by their content: they are there before the page
    that shows them, and those that only an older page showed are removed after it.

    The same board gives the same bytes. Every value in it may be a stranger's: all are escaped, shortened, and
    shown with their control characters spelt out.
    """
    source, files = site(board)
    folder.mkdir(parents=True, exist_ok=True)
    path, pictures = folder / "index.html", folder / FOLDER
    if files:
        pictures.mkdir(exist_ok=True)
    for name, data in files.items():
        write_bytes(folder / name, data)
    write_bytes(path, source.encode())
    for picture in pictures.glob("*.png"):
        if f"{FOLDER}/{picture.name}" not in files:
            picture.unlink()
    return path


def html(board: Leaderboard) -> str:
    """The board's page: one style, one script, and no address but those of pictures beside it."""
    return site(board)[0]


def site(board: Leaderboard) -> tuple[str, dict[str, bytes]]:
    """The board's page, and the pictures beside it by their paths."""
    style, script = (TEMPLATES.joinpath(name).read_text("utf-8") for name in ("style.css", "script.js"))
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    inline = {"style": Markup(style), "script": Markup(script), "policy": Markup(policy)}  # our own files
    shape = board.dataset["space"]["shape"]
    tile = (shape[1], shape[2]) if len(shape) == 3 and all(shape) and min(shape) > 0 else None
    rows = len(board.rows) + len(board.controls)
    album = Album(2 * rows, tile, inline=0 if rows > MANY else INLINE)
    return _environment().get_template("page.html").render(**inline, **page(board, album)), album.files


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
        loader=_Flush(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=finalized,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(FILTERS)
    return environment
