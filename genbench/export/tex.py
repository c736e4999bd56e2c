r"""tex: text and numbers as LaTeX takes them; nothing in a stranger's words is a command, an alignment or an option."""

from genbench.report.text import clip, number, spread

LONGEST = 60  # characters of a name
ESCAPES = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{char: f"{{{char}}}" for char in "[]*`"},  # after \\ a bracket begins an option and a star belongs to it
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", '"': r"{\char34}"},
    **{"<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "|": r"\ensuremath{|}"},
    **{"±": r"\ensuremath{\pm}", "×": r"\ensuremath{\times}", "≥": r"\ensuremath{\geq}", "≤": r"\ensuremath{\leq}"},
    **{"−": r"\ensuremath{-}", "α": r"\ensuremath{\alpha}", "…": r"\ldots{}", "’": "'"},
    **{"–": r"\textendash{}", "—": r"\textemdash{}"},
    **{"→": r"\ensuremath{\rightarrow}", "²": r"\textsuperscript{2}", "·": r"\ensuremath{\cdot}"},
}
_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def escaped(text: str, longest: int = LONGEST) -> str:
    """Text, clipped, in letters that every TeX knows; other characters are spelt out, as `\\u4e2d`."""
    spelt = "".join(char if _known(char) else char.encode("unicode_escape").decode() for char in clip(text, longest))
    return "".join(ESCAPES.get(char, char) for char in spelt).replace("--", "-{-}")


def _known(char: str) -> bool:
    return char.isascii() or char in ESCAPES or ("À" <= char <= "ž" and char.isalpha())


def figure(mean: float, half_width: float | None, bold: bool) -> str:
    r"""A mean with half the width of its interval, for math mode: 0.873 \pm 0.012."""
    value = rf"\mathbf{{{_plain(number(mean))}}}" if bold else _plain(number(mean))
    return f"{value} {_plain(spread(mean, half_width))}".strip()


def math(text: str) -> str:
    """Text in math mode."""
    return f"${text}$"


def _plain(text: str) -> str:
    """A number as people read it, in TeX's letters: 9{,}878, 1.2 \\times 10^{-7}."""
    head, times, exponent = text.partition("×10")
    power = rf" \times 10^{{{exponent.translate(_DIGITS)}}}" if times else ""
    return head.replace(",", "{,}").replace("−", "-").replace("±", r"\pm") + power
