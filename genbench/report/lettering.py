"""Lettering: how wide a text of a chart is at most, so that labels keep apart in whatever font a reader has."""

from dataclasses import dataclass

SIZE = 11.0  # pixels, of a chart's text
ASCENT, DESCENT = 0.95 * SIZE, 0.25 * SIZE  # DejaVu Sans: 0.929 and 0.236 of its size
OTHER = 1.0  # em, of a character that is not listed

# Em, of the wider of DejaVu Sans and Liberation Sans, which are as wide as any of the page's fonts; rounded up.
_WIDTHS = {
    char: width
    for width, chars in (
        (0.3, "'Iijl"),
        (0.35, " ,./:;\\|·"),
        (0.4, "()-[]ft"),
        (0.45, "!r⁰¹²³⁴⁵⁶⁷⁸⁹"),
        (0.5, '"*J`'),
        (0.55, "csz⁻"),
        (0.6, "?L_kvxy"),
        (0.65, "$0123456789FTabdeghnopqu{}"),
        (0.7, "ABEKPSVXYZ"),
        (0.75, "CNRU"),
        (0.8, "&DGHOQ"),
        (0.85, "#+<=>^w~−×↑↓≥≤"),
        (0.9, "M"),
        (1.0, "%Wm…"),
        (1.05, "@"),
    )
    for char in chars
}


@dataclass(frozen=True)
class Lettering:
    """A text of a chart, and the width that the page has to hold it to."""

    text: str
    held: float | None = None
    """Pixels; None where its own width is known to be no more than there is room for."""


def width(text: str) -> float:
    """Pixels that a text takes at most, if all of its characters are listed."""
    return SIZE * sum(_WIDTHS.get(char, OTHER) for char in text)


def held(text: str) -> float | None:
    """The width to hold a text to where a font may draw it wider than `width` says; None where none does."""
    return None if all(char in _WIDTHS for char in text) else round(width(text), 1)


def fitted(text: str, room: float, size: float = SIZE) -> Lettering:
    """A text that takes no more than `room` pixels, pressed together where it has to be."""
    needed = width(text) * size / SIZE
    if needed > room:
        return Lettering(text, room)
    return Lettering(text, None if held(text) is None else round(needed, 1))
