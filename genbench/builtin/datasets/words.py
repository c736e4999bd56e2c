"""`words`: 63,638 English words of at most 15 letters, from Debian's list."""

import os
import re
from pathlib import Path

import numpy as np

from genbench.contracts.dataset import Dataset, Examples, Splits, drawn
from genbench.errors import GenbenchError
from genbench.records.space import Space

FILE = Path("/usr/share/dict/american-english")
FILES = ("american-english", "words/american-english")  # in a place
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LONGEST = 15
WORD = re.compile(f"[a-z]{{1,{LONGEST}}}")
FEWEST = 50_000  # words: the list of another size is another one
HELD, VALID = 8_000, 4_000  # words of test, and of held; of valid


class Words(Dataset):
    """Words of lower-case letters a to z alone, at most 15 of them, each once: the end is token 0, a letter 1 to 26.

    Of 63,638 words the splits have 43,638 / 4,000 / 8,000 / 8,000, drawn with fixed seeds; no word is in two of them.
    Another edition of the list has other words, and another sha256. They are types, not a text: "the" counts as
    much as "theorem".
    """

    name = "words"
    source = "Atkinson, SCOWL, http://wordlist.aspell.net, as in Debian's wamerican"
    license = "LicenseRef-SCOWL"
    extractor = "words-gru"
    hides = ("/usr/share/dict",)

    def splits(self) -> Splits:
        """The words, read into memory.

        Raises:
            GenbenchError: the list is not there, or is another one; says which package has it.
        """
        path = self._found()
        found = sorted({word for word in path.read_text(encoding="utf-8").split() if WORD.fullmatch(word)})
        if len(found) < FEWEST:
            words = f"holds {len(found):,} words of a to z, expected at least {FEWEST:,}, as wamerican's list does"
            raise GenbenchError(f"{path} {words}; apt-get install wamerican")
        x = np.zeros((len(found), LONGEST + 1), np.uint8)
        for row, word in enumerate(found):
            x[row, : len(word)] = [1 + LETTERS.index(letter) for letter in word]
        rest = np.arange(len(x))
        parts = {}
        for name, count in (("held", HELD), ("test", HELD), ("valid", VALID)):
            chosen, others = drawn(np.zeros(len(rest)), count, "words", f"{name} split")
            parts[name], rest = Examples(x[rest[chosen]]), rest[others]
        space = Space((LONGEST + 1,), levels=1 + len(LETTERS), end=0, symbols="." + LETTERS)
        return Splits(space, Examples(x[rest]), **parts)

    def fetch(self, folder: Path) -> None:
        """Nothing is downloaded: the system's packages have it.

        Raises:
            GenbenchError: the list is not there.
        """
        self._found()

    def _found(self) -> Path:
        for path in (*(place / name for place in self.places for name in FILES), FILE):
            if os.access(path, os.R_OK) and path.is_file():
                return path
        raise GenbenchError(
            f"dataset {self.name} is not on this machine: expected {FILE}; apt-get install wamerican (Debian, Ubuntu), "
            f"or put its american-english into DIR and say --data-root DIR"
        )
