"""The glossary of a board: the terms that its page may use, and the way from each mention to its meaning."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup, escape

from genbench.leaderboard import Leaderboard
from genbench.report.terms import TERMS, Term
from genbench.report.terms_more import MORE
from genbench.report.text import clip


@dataclass(frozen=True)
class Glossary:
    """The terms of one board."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, board: Leaderboard) -> "Glossary":
        """Those of which the board may speak."""
        axes = {column.axis.value for column in board.columns if column.axis}
        metrics = {column.name.partition("@")[0] for column in board.columns}
        return cls(tuple(term for term in (*TERMS, *MORE) if term.needs in axes | metrics | {""}))

    @cached_property
    def _spelt(self) -> Mapping[str, str]:
        return {spelling: term.key for term in self.terms for spelling in term.spellings}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._spelt, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")

    def glossed(self, text: str) -> Markup:
        """`text`, clipped and escaped, in which the first mention of each term leads to its meaning."""
        return self._linked(clip(text), set())

    def paragraphs(self, texts: Iterable[str]) -> list[Markup]:
        """The same of several, as if they were one."""
        seen: set[str] = set()
        return [self._linked(clip(text), seen) for text in texts]

    def _linked(self, text: str, seen: set[str]) -> Markup:
        parts, end = [], 0
        for match in self._pattern.finditer(text):
            key = self._spelt[match[0]]
            if key not in seen:
                seen.add(key)
                link = Markup('<a href="#term-{}">{}</a>').format(key, match[0])
                parts += [escape(text[end : match.start()]), link]
                end = match.end()
        return Markup("").join([*parts, escape(text[end:])])
