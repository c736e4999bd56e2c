"""Writing: templates filled with values, each of which may be a stranger's; all are escaped, clipped and visible."""

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from genbench.report.site import Spot
from genbench.report.text import FILTERS, finalized

TEMPLATES = Path(__file__).with_name("templates")
STYLE, SCRIPT = "site.css", "site.js"  # beside the pages of a site, which share them
ALONE = Spot()
POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'"
)


def written(template: str, values: Mapping[str, Any], spot: Spot = ALONE) -> str:
    """A page.

    Args:
        spot: where it lies. On a site, whose folder has style and script; else it holds both itself.
    """
    if spot.root is None:
        style, script = (TEMPLATES.joinpath(name).read_text("utf-8") for name in (STYLE, SCRIPT))
        held = {"style": Markup(style), "script": Markup(script), "root": None}  # our own files
        policy = POLICY.format(script=_hash(script), style=_hash(style))
    else:
        held, policy = {"root": Markup(spot.root)}, POLICY.format(script="'self'", style="'self'")
    return _environment().get_template(template).render(**held, policy=Markup(policy), spot=spot, **values)


def shared() -> dict[str, bytes]:
    """What the pages of a site share, by its path."""
    return {name: TEMPLATES.joinpath(name).read_bytes() for name in (STYLE, SCRIPT)}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


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
