"""Blocks on stdout: a line for each thing with its name and short facts, and below it, indented, what needs room."""

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

GAP, INDENT, BETWEEN = "  ", "  ", " · "


@dataclass(frozen=True)
class Block:
    """One thing as text.

    Args:
        name: is never cut, and no line breaks it.
        facts: short ones, beside the name; "" is passed over.
        words: what needs room.
    """

    name: str
    facts: tuple[str, ...]
    words: tuple[str, ...] = ()


def show(blocks: Sequence[Block]) -> None:
    """Print blocks, as wide as the terminal; a pipe has 80 columns, or what COLUMNS says."""
    for line in lines(blocks, shutil.get_terminal_size().columns):
        print(line)


def lines(blocks: Sequence[Block], width: int) -> Iterator[str]:
    """The lines of blocks. Only a word that is wider than all of it passes the width."""
    names = max((cell_len(block.name) for block in blocks), default=0)
    for block in blocks:
        facts = BETWEEN.join(filter(None, block.facts))
        head = block.name + " " * (names - cell_len(block.name)) + GAP + facts
        fits = cell_len(head) <= width
        yield head.rstrip() if fits else block.name
        for words in (*(() if fits else (facts,)), *block.words):
            yield from _wrapped(words, width)


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(
        words,
        max(width, 2 * len(INDENT)),
        initial_indent=INDENT,
        subsequent_indent=INDENT * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )
