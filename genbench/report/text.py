"""Text for a page: numbers as people read them, and strangers' words made harmless and visible."""

import re
import unicodedata
from collections.abc import Callable

from markupsafe import Markup, escape

LONGEST = 600  # characters of any one value on a page
LOG_TAIL = 2_000
NOT_STATED = "not stated"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format (bidi, zero width), surrogate, unassigned, …
_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?:/(?:[^\s<>\"'`\\{}|^]*[^\s<>\"'`\\{}|^.,;:!?)\]])?)?")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def visible(text: str, keep: str = "") -> str:
    """`text` with each character that hides or reorders others, but those of `keep`, spelt out (`\\x1b`, `\\u202e`)."""
    if text.isprintable():  # knows the same categories as `_HIDDEN`, and spaces other than the plain one
        return text
    return "".join(char if char in keep else _visible(char) for char in text)


def _visible(char: str) -> str:
    hides = unicodedata.category(char) in _HIDDEN
    return char.encode("unicode_escape", "surrogatepass").decode() if hides else char


def clip(text: str, longest: int = LONGEST) -> str:
    """`text`, visible, with its middle cut out where it has more than `longest` characters."""
    if len(text) > longest:
        text = f"{text[: longest - longest // 4]}…{text[-(longest // 4 - 1) :]}"
    return visible(text)


def finalized(value: object) -> object:
    """What a template prints for `value`: markup of our own as it is, all else as clipped, visible text."""
    return value if isinstance(value, Markup) else clip(str(value))


def stated(value: object) -> object:
    """`value`, or "not stated" where it is None or empty."""
    return NOT_STATED if value in (None, "", [], {}) else value


def log_tail(log: str) -> Markup:
    """The end of a log, cut at a line where there is one, control characters spelt out."""
    tail = log[-LOG_TAIL:]
    if len(log) > LOG_TAIL:
        tail = "…\n" + tail.partition("\n")[2] if "\n" in tail[: LOG_TAIL // 2] else "…" + tail
    return escape(visible(tail.replace("\r\n", "\n"), keep="\n\t").strip("\n"))


def linked(text: str) -> Markup:
    """`text` with its https addresses as links; no other scheme, user name or port makes a link."""
    text = clip(text)
    parts, end = [], 0
    for match in _LINK.finditer(text):
        # An address that goes on in a way that the pattern does not know (`@`, `:80`) is left as text.
        if text[match.end() : match.end() + 1] not in ("@", ":"):
            link = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(match[0])
            parts += [escape(text[end : match.start()]), link]
            end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def number(value: float, digits: int = 3) -> str:
    """`value` with `digits` significant digits, at least all before the point: 0.873, 9,878, 1.2×10⁻⁷."""
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    magnitude = int(exponent)
    if not -5 <= magnitude < 9:
        return f"{mantissa}×10{str(magnitude).translate(_SUPERSCRIPT)}".replace("-", "−")
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}".replace("-", "−")


def short(value: float) -> str:
    """A round number as a tick of an axis: 0.2, 500, 10k, 1M, 10¹²."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size <= abs(value) < 1e12:
            return f"{value / size:.6g}{letter}".replace("-", "−")
    return number(value, 1) if abs(value) >= 1e12 or 0 < abs(value) < 1e-4 else f"{value:.6g}".replace("-", "−")


def breakable(text: str) -> Markup:
    """`text` that may be broken after the marks that join its parts, before it is broken anywhere else."""
    parts = re.split(r"(?<=[/,\]@_])", clip(text, 80))
    return Markup("<wbr>").join(parts)


def spread(mean: float, half_width: float | None) -> str:
    """The words "± half width" with as many decimals as `number(mean)` has; "" for None."""
    if half_width is None:
        return ""
    shown = number(mean)
    decimals = len(shown.partition(".")[2])
    alike = mean and "×" not in shown and (half_width == 0 or round(half_width, decimals))
    return f"± {half_width:,.{decimals}f}" if alike else f"± {number(half_width, 1)}"


def size(count: int) -> str:
    """Bytes as people read them: 300 B, 17 KiB, 1.2 MiB."""
    if count < 2**10:
        return f"{count} B"
    return f"{number(count / 2**10)} KiB" if count < 2**20 else f"{number(count / 2**20)} MiB"


def duration(seconds: float | None) -> str:
    """Seconds as people read them: 0.3 s, 41 s, 12 min, 3.1 h; "not stated" for None."""
    if seconds is None:
        return NOT_STATED
    if seconds < 120:
        return f"{seconds:.{1 if seconds < 10 else 0}f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


FILTERS: dict[str, Callable[..., object]] = {
    function.__name__: function for function in (breakable, clip, linked, log_tail, stated)
}
