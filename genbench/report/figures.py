"""Figures: the charts of a board as SVG files that stand alone, with their style, their shapes and their key."""

import functools
import re
from collections.abc import Sequence

from markupsafe import Markup

from genbench.report.charts import BOX, Scatter
from genbench.report.text import clip
from genbench.report.writing import STYLE, TEMPLATES, written

LINE = 15  # pixels of a line of the key
WIDE = 62  # characters of such a line
_VARIABLE = re.compile(r"--([a-z]+): (?:light-dark\(([^,]+), [^)]+\)|([^;]+));")
_USED = re.compile(
    r"^(?:\.chart |\.grid |\.front|\.kin|\.whisker|\.leader |\.mark|\.f-)[^@]*?\{[^}]*\}.*$", re.MULTILINE
)


def figure(chart: Scatter, key: Sequence[tuple[int, str, str]]) -> bytes:
    """A chart as a file, on white.

    Args:
        key: what the numbers on it stand for, as the page of the board has it.
    """
    shown = {mark.label.text for mark in chart.marks if mark.label}
    words = [f"{number} {clip(name, 60)}" for number, name, _ in key if str(number) in shown]
    lines = _folded(words)
    values = {
        "chart": chart,
        "box": BOX,
        "lines": lines,
        "line": LINE,
        "height": BOX["height"] + LINE * (len(lines) + 1),
    }
    return written("figure.svg", {**values, "rules": Markup(_rules())}).encode()


def _folded(words: Sequence[str]) -> list[str]:
    """Words joined to lines of a width."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 2 <= WIDE:
            lines[-1] += f"; {word}"
        else:
            lines.append(word)
    return lines


@functools.cache
def _rules() -> str:
    """What a chart needs of the site's style, in the light theme: programs other than browsers know no variables."""
    style = TEMPLATES.joinpath(STYLE).read_text("utf-8")
    known = {name: light or plain for name, light, plain in _VARIABLE.findall(style)}
    used = "\n".join(rule for rule in _USED.findall(style) if ":hover" not in rule)
    coloured = re.sub(r"--family: var", "color: var", used).replace("var(--family)", "currentColor")
    return re.sub(r"var\(--([a-z]+)\)", lambda match: known.get(match[1], match[0]), coloured)
