"""How Sphinx builds the site: `tox -e docs`. Its pages lie where they are read anyway, all over the repository."""

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import reference_tables  # noqa: E402  # it lies in tools/

project = "genbench"
author = copyright = "The genbench developers"
root_doc = "docs/index"
include_patterns = ["docs/*.md", "plugins/README.md", "leaderboards/README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
exclude_patterns = [".*", "**/.*", "*.egg-info", "build", "dist", "genbench", "reports", "runs", "tests", "tools"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]  # a shell line may hold what is no shell

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
default_role = "literal"  # docstrings are plain text with `names` in it
napoleon_use_ivar = True
napoleon_numpy_docstring = False
nitpick_ignore_regex = [  # elsewhere's types, of which no page is loaded, and types that no author meets by name
    (
        "py:.*",
        r"(abc|collections|enum|msgspec|numpy|pathlib|torch)\..*|Tensor|ndarray|Mapping.*|PluginManager.*|State|Json|pd\..*|1e\+\d+",
    ),
    ("py:.*", r"genbench\.(geometry|leaderboard|records|runs|appraisal|contracts|protocol|store)\..*"),
]

html_theme = "furo"
html_title = "genbench"
html_additional_pages = {"index": "front.html"}
html_copy_source = False
html_show_sourcelink = False
templates_path = ["site"]
html_static_path = ["site/static"]
html_css_files = ["lines.css"]


class Generated(SphinxDirective):
    """A part of a page that stands in the code already: ```` ```{generated} metrics ````."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """What `reference_tables` says under that name."""
        return self.parse_text_to_nodes(reference_tables.TABLES[self.arguments[0]](), allow_section_headings=True)


def plain(app: Sphinx, what: str, name: str, item: object, options: object, lines: list[str]) -> None:
    """Docstrings are plain text: in `[n, *shape]` nothing is emphasised, and an indented paragraph is code."""
    found, code = [], False
    for before, line in zip(["-", *lines], list(lines), strict=False):
        if line.startswith("    ") and not before.strip() and not code:
            found += ["::", ""]
            code = True
        elif line.strip() and not line.startswith("    "):
            code = False
        found.append(line if code else line.replace("*", r"\*"))
    if what in ("attribute", "property", "data") and found:
        found[0] = f": {found[0]}"  # napoleon takes what stands before a colon for a type
    lines[:] = found


ARRAY = re.compile(r"~?(numpy\.)?ndarray\[tuple\[(~?typing\.)?Any, \.\.\.\], ~?(numpy\.)?dtype\[[^\[\]]*\]\]")


def short_arrays(app: Sphinx, what: str, name: str, item: object, options: object, said: str, returned: str) -> object:
    """NumPy's arrays by their name alone: shapes and dtypes are told in the words below."""
    return tuple(
        text and re.sub(r"~(collections\.abc|typing)\.", "", ARRAY.sub("ndarray", text)) for text in (said, returned)
    )


def named_pages(app: Sphinx, doctree: nodes.document) -> None:
    """A page that is named by its path, as README.md does, which has no links, is linked to by its title."""
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext().removesuffix(".md")
        if literal.astext().endswith(".md") and name in app.env.found_docs:
            link = pending_xref("", reftype="doc", refdomain="std", reftarget=f"/{name}", refexplicit=False)
            link["refdoc"] = app.env.docname
            link += nodes.inline("", name)
            literal.replace_self(link)


def setup(app: Sphinx) -> None:
    """Add the directive, and what reads docstrings before napoleon does."""
    app.add_directive("generated", Generated)
    app.connect("doctree-read", named_pages)
    app.connect("autodoc-process-signature", short_arrays)
    app.connect("autodoc-process-docstring", plain, priority=400)
