"""`tunes`: 3,601 tunes of Ireland, Scotland and New England in ABC notation, from music21's corpus."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.datasets.packaged import folder
from genbench.builtin.notation.abc import END, SYMBOLS, read
from genbench.builtin.notation.tidy import Found, tunes
from genbench.contracts.dataset import Dataset, Examples, Splits
from genbench.errors import GenbenchError
from genbench.records.space import Space
from genbench.seeds import seed_for

BOOKS = ("oneills1850", "ryansMammoth", "airdsAirs")
LONGEST = 255  # tokens of a line
FEWEST = 3_500  # tunes: the corpus of another size is another one
HELD, VALID = 600, 200  # tunes of test, and of held; of valid
ALIKE = 16  # steps from note to note that two tunes share in a row if they are one tune
SMALL = {"the", "a", "an", "of", "o"}  # words of a title that do not tell tunes apart


class Tunes(Dataset):
    """Tunes of one voice of at most 255 characters, `6/8 1/8 Edor |:e|BAG…`: metre, unit, key, then notes and bars.

    Of the 4,248 tunes of O'Neill's Music of Ireland (1903), Ryan's Mammoth Collection (1883) and Aird's Airs (1778 to
    1801), those stay that `genbench.builtin.notation.tidy` can write in its form and that are short enough, each
    line once: 3,601. Splits have 2,201 / 200 / 600 / 600. Tunes that share a title, or 16 steps from note to note in a
    row in whatever key, are variants of one tune, and all in the same split.

    The tunes are in the public domain; the licence is that of music21's corpus, whose transcriptions are "distributed
    with the permission of the encoders". The Essen folk songs are not among them.
    """

    name = "tunes"
    source = "Cuthbert and Ariza 2010, music21's corpus, https://github.com/cuthbertLab/music21"
    license = "LicenseRef-music21-corpus"
    extractor = "ngrams"
    hides = ("music21/corpus",)

    def splits(self) -> Splits:
        """The tunes, read into memory.

        Raises:
            GenbenchError: the corpus is not there, or is another one; says which package has it.
        """
        path = self._found()
        found = {tune.line: tune for tune in _of(path) if len(tune.line) <= LONGEST}
        if len(found) < FEWEST:
            have = f"holds {len(found):,} tunes in ABC notation, expected at least {FEWEST:,}, as music21 10.5's"
            raise GenbenchError(f"{path} {have}; pip install music21")
        kept = [found[line] for line in sorted(found)]
        x = np.full((len(kept), LONGEST + 1), END, np.uint8)
        for row, tune in enumerate(kept):
            x[row, : len(tune.line)] = [SYMBOLS.index(symbol) for symbol in tune.line]
        of = assigned(groups(kept), {"test": HELD, "held": HELD, "valid": VALID})
        parts = {name: Examples(x[of == name]) for name in ("train", "valid", "test", "held")}
        return Splits(Space((LONGEST + 1,), levels=len(SYMBOLS), end=END, symbols=SYMBOLS), **parts)

    def fetch(self, folder: Path) -> None:
        """Nothing is downloaded: the package has it.

        Raises:
            GenbenchError: the corpus is not there.
        """
        self._found()

    def _found(self) -> Path:
        return folder(self.name, "music21", "corpus", self.places)


def _of(path: Path) -> Iterator[Found]:
    """The tunes of all books that could be told."""
    for book in BOOKS:
        for file in sorted((path / book).glob("*.abc")):
            yield from (tune for tune in tunes(file.read_text(encoding="utf-8", errors="replace")) if tune)


def marks(tune: Found) -> Iterator[Sequence[int] | str]:
    """What no two tunes share that are not variants of each other: titles, and runs of steps in semitones."""
    for title in tune.titles:
        words = re.sub(r"[^a-z ]", "", re.split(r"--|\(", title)[0].lower()).split()
        if told := " ".join(sorted(set(words) - SMALL)):
            yield told
    played = read(tune.line)
    steps = [after.pitch - before.pitch for before, after in pairwise(played.notes)] if played else []
    for start in range(max(1, len(steps) - ALIKE + 1)):
        yield tuple(steps[start : start + ALIKE])


def groups(kept: Iterable[Found]) -> list[int]:
    """The number of each tune's group: in one are tunes that share a mark, and whatever shares one with any of them."""
    of: list[int] = []
    first: dict[Sequence[int] | str, int] = {}

    def root(row: int) -> int:
        while of[row] != row:
            of[row] = of[of[row]]
            row = of[row]
        return row

    for row, tune in enumerate(kept):
        of.append(row)
        for mark in marks(tune):
            of[root(first.setdefault(mark, row))] = root(row)
    return [root(row) for row in range(len(of))]


def assigned(of: Sequence[int], sizes: dict[str, int]) -> NDArray[np.str_]:
    """The split of each row: whole groups, drawn one after the other as long as they fit, fill each size exactly.

    Args:
        of: the number of each row's group.
        sizes: rows of each split but train, which has the rest.
    Raises:
        GenbenchError: no groups are left that would fill a split.
    """
    rows: dict[int, list[int]] = {}
    for row, group in enumerate(of):
        rows.setdefault(group, []).append(row)
    order = np.random.default_rng(seed_for("tunes", "splits")).permutation(len(rows))
    left = [list(rows.values())[place] for place in order]
    split = np.full(len(of), "train", dtype="<U5")
    for name, size in sizes.items():
        others = []
        for group_rows in left:
            if len(group_rows) <= size:
                split[group_rows], size = name, size - len(group_rows)
            else:
                others.append(group_rows)
        if size:
            raise GenbenchError(f"tunes: {size} rows of {name} cannot be filled with whole groups of variants")
        left = others
    return split
