"""Report: a leaderboard as a static page that opens from a file, with no network and with scripts off."""

import base64
import functools
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from genbench.files import write_bytes
from genbench.leaderboard import Leaderboard
from genbench.report.text import FILTERS, finalized
from genbench.report.view import page

TEMPLATES = Path(__file__).with_name("templates")
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'"
)


def render(board: Leaderboard, folder: Path) -> Path:
    """Write the board's page to `folder/index.html`, whole or not at all, and return its path.

    The same board gives the same bytes. Every value in it may be a stranger's: all are escaped, shortened, and
    shown with their control characters spelt out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    write_bytes(path, html(board).encode())
    return path


def html(board: Leaderboard) -> str:
    """The board's page, self-contained: one style, one script, no other address is loaded."""
    style, script = (TEMPLATES.joinpath(name).read_text("utf-8") for name in ("style.css", "script.js"))
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    inline = {"style": Markup(style), "script": Markup(script), "policy": Markup(policy)}  # our own files
    return _environment().get_template("page.html").render(**inline, **page(board))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=finalized,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(FILTERS)
    return environment
