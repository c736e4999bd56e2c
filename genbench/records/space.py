"""Space: where samples live."""

import math
from dataclasses import dataclass

MAX_LEVELS = 2**31  # entries are stored as int32 at most


@dataclass(frozen=True)
class Space:
    """The set that a dataset's samples and a model's samples are drawn from.

    Raises:
        ValueError: a size that is not a positive integer, more than 2**31 levels, an end that is no token of a
            sequence, or symbols that are not one printable character for each level.
    """

    shape: tuple[int, ...]
    """(C, H, W) for images, (L,) for sequences, (D,) for points."""
    levels: int | None = 256
    """Entries are integers in [0, levels); null: entries are finite real numbers."""
    classes: int | None = None
    """Labels are integers in [0, classes); null: there are no labels."""
    end: int | None = None
    """Of a sequence (L,), the token that only padding, itself, follows; null: all L tokens are told."""
    symbols: str | None = None
    """How each level is written, a character each; null: as a number."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(self.shape))
        sizes = [("shape", size) for size in self.shape] or [("shape", 0)]
        sizes += [(name, size) for name in ("levels", "classes") if (size := getattr(self, name)) is not None]
        for name, size in sizes:
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise ValueError(f"{name} takes positive integers, got {getattr(self, name)!r}")
        if self.levels is not None and self.levels > MAX_LEVELS:
            raise ValueError(f"levels is at most 2**31, which int32 holds, got {self.levels}")
        self._check_sequence()

    def _check_sequence(self) -> None:
        levels = self.levels or 0
        token = isinstance(self.end, int) and not isinstance(self.end, bool) and 0 <= self.end < levels
        if self.end is not None and not (token and len(self.shape) == 1):
            raise ValueError(f"end takes a token in [0, levels) of a sequence (L,), got {self.end!r} in {self.shape}")
        if self.symbols is not None:
            told = self.symbols if isinstance(self.symbols, str) else ""
            if len(told) != levels or len(set(told)) != levels or not told.isprintable():
                raise ValueError(f"symbols takes {levels} different printable characters, got {self.symbols!r}")

    @property
    def dim(self) -> int:
        """Entries in one sample: the D of bits per dimension."""
        return math.prod(self.shape)

    @property
    def has_tokens(self) -> bool:
        """Whether levels are names and no quantities: sequences that end, or whose levels are written as symbols."""
        return self.end is not None or self.symbols is not None

    @property
    def unit(self) -> str:
        """Of a difference between two entries: levels; "" where they are real numbers, in the unit of the data."""
        return "" if self.levels is None else "levels"

    @property
    def is_image(self) -> bool:
        """Whether the shape is (C, H, W) with one grey or three colour channels."""
        return len(self.shape) == 3 and self.shape[0] in (1, 3)

    @property
    def storage(self) -> str:
        """The dtype that samples have on disk: the narrowest of uint8 and int32, or float32 for real numbers."""
        if self.levels is None:
            return "float32"
        return "uint8" if self.levels <= 256 else "int32"

    def __str__(self) -> str:
        entries = "real" if self.levels is None else f"{self.levels} levels"
        classes = f", {self.classes} classes" if self.classes else ""
        end = "" if self.end is None else f", end {self.end}"
        return f"{'×'.join(map(str, self.shape))}, {entries}{classes}{end}"
