"""Tunes as lines of text: a header and notes, in a small part of ABC notation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from genbench.records.space import Space

END = 0  # the token
SYMBOLS = ". /|:(<>,'^_=0123456789ABCDEFGabcdefgzimorx"
NOTE = re.compile(r"([_=^]{0,2})([A-Ga-gz])([,']*)(\d{0,2})(/?)(\d{0,2})")
ITEM = re.compile(r"\|\||\|:|:\||::|\||>{1,2}|<{1,2}|\([2-9]|" + NOTE.pattern)
HEADER = re.compile(r"(\d{1,2})/(\d{1,2}) 1/(4|8|16) ([A-G]b?)(m|mix|dor)? ")
FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}  # sharps of a major key; a flat takes 7 away
MODES = {"": 0, "m": -3, "mix": -1, "dor": -2}  # sharps beside those of the major key
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS = "FCGDAEB"  # in the order in which they come
ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # p notes in the time of so many; others: of 2, or 3 in a compound metre


@dataclass(frozen=True)
class Note:
    """A note: semitones above the C that is written C (middle C), its start and length in whole notes."""

    pitch: int
    start: float
    length: float


@dataclass(frozen=True)
class Bar:
    """What stands between two bar lines: its length in whole notes, and whether both lines are single ones, `|`."""

    length: float
    inner: bool

    def fits(self, metre: float) -> bool:
        """Whether it is as long as that, sums of floats apart."""
        return abs(self.length - metre) < 1e-9


@dataclass(frozen=True)
class Tune:
    """A tune that could be read: the length of its metre in whole notes, its notes in order, its bars."""

    metre: float
    notes: tuple[Note, ...]
    bars: tuple[Bar, ...]


def serves(space: Space) -> bool:
    """Whether samples of a Space are such lines."""
    return len(space.shape) == 1 and space.end == END and space.symbols == SYMBOLS


@lru_cache(10_000)
def read(line: str) -> Tune | None:
    """A line as a tune; None where it is none.

    A line is `METRE UNIT KEY BODY`, as in `6/8 1/8 Edor |:e|BAG…`: the metre, the length of a note that has no number,
    the tonic with its mode (none: major), then notes, rests `z`, bar lines, broken rhythms and tuplets without spaces.
    Accidentals hold to the end of their bar, in their own octave. Repeats are not played, and both endings (`|1` and
    `:|2`) follow each other.

    Source: The ABC music standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1
    """
    header = HEADER.match(line)
    if not header or not int(header[1]) or int(header[2]) not in (1, 2, 4, 8, 16):
        return None
    items = _items(line[header.end() :])
    if items is None:
        return None
    metre = int(header[1]) / int(header[2])
    key = signature(header[4], header[5] or "")
    return _Reading(metre, 1 / int(header[3]), key, compound=int(header[1]) in (6, 9, 12)).read(items)


def signature(tonic: str, mode: str) -> dict[str, int]:
    """By how many semitones a key moves each letter, where it does."""
    sharps = FIFTHS[tonic[0]] - 7 * (len(tonic) > 1) + MODES[mode]
    moved: dict[str, int] = {}
    for place in range(abs(sharps)):
        letter = SHARPS[place % 7] if sharps > 0 else SHARPS[6 - place % 7]
        moved[letter] = moved.get(letter, 0) + (1 if sharps > 0 else -1)
    return moved


def _items(body: str) -> tuple[re.Match[str], ...] | None:
    """What a body is made of, the numbers of endings left out; None where something is not known."""
    found: list[re.Match[str]] = []
    place = 0
    while place < len(body):
        if found and found[-1][0] in ("|", ":|") and body[place] in "12":
            place += 1
            if place == len(body):
                return None
        item = ITEM.match(body, place)
        if item is None:
            return None
        found.append(item)
        place = item.end()
    return tuple(found)


class _Reading:
    """Goes through the items of a body once."""

    def __init__(self, metre: float, unit: float, key: dict[str, int], *, compound: bool) -> None:
        self.metre, self.unit, self.key, self.compound = metre, unit, key, compound
        self.pitches: list[int | None] = []
        self.lengths: list[float] = []
        self.bars_at: list[tuple[int, bool]] = [(0, False)]  # notes before each bar line, and whether it is single
        self.accidentals: dict[str, int] = {}

    def read(self, items: tuple[re.Match[str], ...]) -> Tune | None:
        """The tune; None for a broken rhythm or a tuplet without its notes, a length of 0, and where no note is."""
        shorten, tuplet, left = 1.0, 1.0, 0
        for item in items:
            text = item[0]
            if text[0] in "|:":
                self.bars_at.append((len(self.pitches), text == "|"))
                self.accidentals = {}
            elif text[0] == "(":
                if left:
                    return None
                left = int(text[1])
                tuplet = TUPLETS.get(left, 3 if self.compound else 2) / left
            elif text[0] in "<>":
                if not self.lengths or shorten != 1:
                    return None
                half = 0.5 ** len(text)
                self.lengths[-1] *= 2 - half if text[0] == ">" else half
                shorten = half if text[0] == ">" else 2 - half
            else:
                length = self._length(item)
                if not length:
                    return None
                self.pitches.append(self._pitch(item))
                self.lengths.append(length * shorten * (tuplet if left else 1))
                shorten, left = 1.0, max(left - 1, 0)
        return None if left or shorten != 1 or not any(p is not None for p in self.pitches) else self._tune()

    def _length(self, item: re.Match[str]) -> float:
        number, slash, divisor = item[4], item[5], item[6]
        if not slash and divisor:
            return 0.0
        below = int(divisor or 2) if slash else 1
        return int(number or 1) * self.unit / below if below else 0.0

    def _pitch(self, item: re.Match[str]) -> int | None:
        accidental, letter, octave = item[1], item[2], item[3]
        if letter == "z":
            return None
        place = letter + octave
        if accidental:
            self.accidentals[place] = ACCIDENTALS.get(accidental, 0)
        moved = self.accidentals.get(place, self.key.get(letter.upper(), 0))
        return SEMITONES[letter.upper()] + 12 * (letter.islower() + octave.count("'") - octave.count(",")) + moved

    def _tune(self) -> Tune:
        starts = [0.0]
        for length in self.lengths:
            starts.append(starts[-1] + length)
        sung = zip(self.pitches, starts, self.lengths, strict=False)
        notes = tuple(Note(pitch, start, length) for pitch, start, length in sung if pitch is not None)
        return Tune(self.metre, notes, tuple(self._bars(starts)))

    def _bars(self, starts: list[float]) -> Iterator[Bar]:
        """Between each two lines that have something between them; what goes on after the last one counts too."""
        ends = [*self.bars_at, (len(self.pitches), False)]
        for (first, single), (last, closed) in pairwise(ends):
            if last > first:
                yield Bar(starts[last] - starts[first], single and closed)
