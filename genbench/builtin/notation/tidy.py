"""Files of ABC notation as lines of one form: what is kept of a tune and how it is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from genbench.builtin.notation.abc import SYMBOLS, read

METRES = {"C": "4/4", "C|": "2/2"}
MODES = {"maj": "", "m": "m", "min": "m", "aeo": "m", "mix": "mix", "dor": "dor"}
KEY = re.compile(r"([A-G]b?)\s*([A-Za-z]*)")
FIELD = re.compile(r"([A-Za-z]):\s*(.*)")
ASIDE = re.compile(r'"[^"]*"|!D\.C\.!|\{[^}]*\}|\[P:[^\]]*\]|[\\`\s.~H-Wh-wy)-]|\((?![2-9])')  # neither pitch nor time
LINES = ((r"\[\||\|\]|\|\|+", "||"), (r":+\|+:+|:\|\|:|:::*", "::"), (r"\|+:+", "|:"), (r":+\|+", ":|"))
DOUBLE = re.compile(r"\|\|(?=\||:)|(?<=:)\|\|")


@dataclass(frozen=True)
class Found:
    """A tune of a file: its line, and its titles as its book has them."""

    line: str
    titles: tuple[str, ...]


def tunes(text: str) -> Iterator[Found | None]:
    """The tunes of a file, in order; None for one that cannot be told so.

    Such are those of several voices, with chords, or whose key, metre or unit changes, those in another mode than
    major, minor, mixolydian and dorian, and what `genbench.builtin.notation.abc.read` does not know.
    """
    for whole in re.split(r"(?m)^(?=X:)", text)[1:]:
        fields: dict[str, list[str]] = {}
        body: list[str] = []
        for line in (line.split("%")[0].strip() for line in whole.splitlines()):
            field = FIELD.fullmatch(line)
            if field and ("K" not in fields or field[1] not in "P"):
                fields.setdefault(field[1] if not body else "change", []).append(field[2].strip())
            elif line and not field:
                body.append(line)
        written = "" if "change" in fields else _line(fields, "".join(body))
        yield Found(written, tuple(fields.get("T", ()))) if written and read(written) else None


def _line(fields: dict[str, list[str]], body: str) -> str:
    """The line of a tune; "" where its header or a character is not known."""
    metre, key = (fields.get(name, [""])[0] for name in "MK")
    metre, found = METRES.get(metre, metre), KEY.fullmatch(key)
    mode = MODES.get((found[2] if len(found[2]) < 2 else found[2][:3].lower()) or "maj") if found else None
    if found is None or mode is None or not re.fullmatch(r"\d+/\d+", metre):
        return ""
    above, below = map(int, metre.split("/"))
    unit = fields.get("L", ["1/16" if above / max(below, 1) < 0.75 else "1/8"])[0]  # as the standard says
    line = f"{metre} {unit} {found[1]}{mode} {tidied(body)}"
    return line if set(line) <= set(SYMBOLS[1:]) else ""


def tidied(body: str) -> str:
    """Notes, rests, bar lines, endings, broken rhythms and tuplets alone.

    Left out are spaces, slurs, ties, grace notes, ornaments, fingerings, chord symbols and words. Bar lines are `|`,
    `||`, `|:`, `:|` and `::`; half a length is `/`, a quarter `/4`.
    """
    body = ASIDE.sub("", body)
    body = re.sub(r"\[([12])", r"|\1", body)
    for pattern, line in LINES:
        body = re.sub(pattern, line, body)
    return re.sub(r"/2(?!\d)", "/", body.replace("//", "/4"))
