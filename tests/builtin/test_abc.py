"""Tunes in ABC notation: lengths, pitches and bars by hand, what is no tune, files made tidy, piano rolls."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from genbench.builtin.notation import roll
from genbench.builtin.notation.abc import SYMBOLS, Bar, read, serves, signature
from genbench.builtin.notation.tidy import tidied, tunes
from genbench.builtin.tasks.generate import Generate
from genbench.builtin.tasks.restore import Restore
from genbench.records.space import Space

SPACE = Space((64,), levels=len(SYMBOLS), end=0, symbols=SYMBOLS)


def lengths(line: str) -> list[float]:
    """In eighths."""
    return [8 * note.length for note in read(line).notes]


def pitches(line: str) -> list[int]:
    """In semitones above middle C."""
    return [note.pitch for note in read(line).notes]


def test_lengths_are_multiples_of_the_unit_with_broken_rhythms_and_tuplets():
    assert lengths("4/4 1/8 C c2d/e3/2f/4") == [2, 0.5, 1.5, 0.25]
    assert lengths("4/4 1/4 C cd2") == [2, 4]
    assert lengths("4/4 1/8 C c>de<fg>>a") == [1.5, 0.5, 0.5, 1.5, 1.75, 0.25]
    assert lengths("4/4 1/8 C (3cdef(2ab") == pytest.approx([2 / 3] * 3 + [1] + [1.5] * 2)
    assert lengths("6/8 1/8 C (4cdef(5cdefg") == pytest.approx([3 / 4] * 4 + [3 / 5] * 5)
    assert lengths("4/4 1/8 C (5cdefg") == pytest.approx([2 / 5] * 5)
    assert [8 * note.start for note in read("4/4 1/8 C c2z3d").notes] == [0, 5]


def test_pitches_obey_the_key_and_accidentals_to_the_end_of_their_bar():
    assert pitches("4/4 1/8 C C,CcBc'") == [-12, 0, 12, 11, 24]
    assert pitches("4/4 1/8 D fcF") == [18, 13, 6]
    assert pitches("4/4 1/8 Bb Beb") == [10, 15, 22]
    assert pitches("4/4 1/8 C ^FFf|F^^G__G=F") == [6, 6, 17, 5, 9, 5, 5]  # in its own octave alone
    assert pitches("4/4 1/8 G =FF:|F") == [5, 5, 6]


def test_signatures_are_those_of_the_circle_of_fifths():
    assert signature("C", "") == signature("A", "m") == signature("D", "dor") == signature("G", "mix") == {}
    assert signature("E", "") == dict.fromkeys("FCGD", 1)
    assert signature("G", "m") == signature("B" + "b", "") == dict.fromkeys("BE", -1)
    assert signature("A", "mix") == dict.fromkeys("FC", 1)


def test_a_bar_is_inner_between_two_single_lines():
    tune = read("3/4 1/4 C c|cde|c2|cd2|1c3:|2c3||")
    assert tune.metre == 0.75
    told = [(bar.length, bar.inner) for bar in tune.bars]
    assert told == [(0.25, False), (0.75, True), (0.5, True), (0.75, True), (0.75, False), (0.75, False)]
    assert [bar.fits(tune.metre) for bar in tune.bars] == [False, True, False, True, True, True]
    assert Bar(3 * (2 / 3) * (1 / 8) + 1 / 8, True).fits(0.375)  # of a tuplet, whose sum is no binary fraction


@pytest.mark.parametrize(
    "line",
    [
        *("", "4/4 1/8 C ", "4/4 1/8 C z|z", "4/4 1/8 H c", "0/4 1/8 C c", "4/3 1/8 C c", "4/4 1/7 C c", "4/4 C c"),
        *("4/4 1/8 C c d", "4/4 1/8 C c0", "4/4 1/8 C c/0", "4/4 1/8 C >c", "4/4 1/8 C c>", "4/4 1/8 C c><d"),
        *(
            "4/4 1/8 C (3cd",
            "4/4 1/8 C (3c(3def",
            "4/4 1/8 C ^",
            "4/4 1/8 C 2c",
            "4/4 1/8 C c|1",
            "4/4 1/8 C c" + "9" * 99,
        ),
        "4/4 1/8 Cdorc",
    ],
)
def test_what_is_no_tune_is_none(line):
    assert read(line) is None


def test_any_text_of_the_symbols_is_read_or_refused_without_an_error():
    rng = np.random.default_rng(0)
    bodies = ["".join(rng.choice(list(SYMBOLS), 40)) for _ in range(300)]
    musical = ["".join(rng.choice(list("|:(3<>^_=2/cdefgz"), 12)) for _ in range(2000)]
    found = [read(f"4/4 1/8 C {body}") for body in [*bodies, *musical]]
    assert 20 < sum(tune is not None for tune in found) < 2000


BOOK = """% a book
X:1
T:The First
M:6/8
L:1/8
R:jig
K:Edor % dorian
"^slow"e|~B2A {c}(BAG) \\
F-F2 "4"d3:|: [1 e3 .f3 :|
[2 g//a/2b2 |]

X:2
T: Of Two Voices
M:C|
K:G
[V:1] GAB|[V:2]GAB|

X:3
T:With Chords
M:C
K:D minor
[ce]2d|

X:4
T:In Common Time
T:And Another Name
M:C
K:D minor
P:A
d4|e8 ||
X:5
T:Changing
M:C
K:D
d4|
K:G
d4|
X:6
T:In Another Mode
M:C
K:Glyd
d4|
X:7
T:No Metre
K:G
d4|
"""


def test_a_files_tunes_are_written_in_one_form_or_left_out():
    found = list(tunes(BOOK))
    assert [tune and tune.line for tune in found] == [
        "6/8 1/8 Edor e|B2ABAGFF2d3:|1e3f3:|2g/4a/b2||",
        *(None, None, "4/4 1/8 Dm d4|e8||", None, None, None),
    ]
    assert found[3].titles == ("In Common Time", "And Another Name")


def test_bar_lines_have_five_forms():
    assert tidied("a||b|]c[|d|:e:|f::g:|:a:||:b|||c") == "a||b||c||d|:e:|f::g::a::b||c"


def test_tunes_alone_are_drawn_as_rolls():
    assert serves(SPACE)
    assert not serves(Space((64,), levels=27, end=0, symbols="." + "abcdefghijklmnopqrstuvwxyz"))
    line = "4/4 1/4 C c4|e4"
    x = np.zeros((3, 64), np.uint8)
    x[:2, : len(line)] = [SYMBOLS.index(symbol) for symbol in line]
    shown = Generate().exhibits({}, x, SPACE)
    assert shown["lines"] == (line, line, "")
    assert Restore(operator="prefix").exhibits({}, x[:, None], SPACE) == shown  # completions, too
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["rolls"]))))
    panel = pixels[: roll.roll(None).shape[0], : roll.WIDTH]
    assert np.array_equal(panel, roll.roll(read(line)))
    top = 2 * (roll.HIGHEST - 12)
    assert (panel[top : top + 2, : roll.WHOLE - 1] == 0).all()  # c, a whole note
    assert (panel[top - 8 : top - 6, roll.WHOLE : 2 * roll.WHOLE - 1] == 0).all()  # e, four semitones up, then
    assert (panel == 0).sum() == 2 * 2 * (roll.WHOLE - 1)
    below = pixels[roll.roll(None).shape[0] + 1 :, : roll.WIDTH]
    assert (below == roll.UNREAD).all()  # an empty line is no tune
