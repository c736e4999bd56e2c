"""Pace: how much longer steps take than was expected, lately and before; and how fast a running step goes."""

import math
from dataclasses import dataclass, field

ENOUGH = 5.0  # seconds that steps were expected to take before the machine's pace is judged by them
LATELY, BEFORE = 10.0, 60.0  # seconds of expected work after which what went before counts half
AGREED = 1.5  # a factor: how far two paces may be apart before nobody knows what comes
SHARE, WATCHED = 0.05, 3.0  # of a step that has to be seen, and for how many seconds, before the rest is foretold
OVERDUE = 1.5  # times what a step was expected to take, after which nobody knows how long it will take yet
MOST_HEARD = 64  # news of a running step that are remembered


@dataclass
class Pace:
    """How much longer the steps of a run took than was expected: lately, and over more of them."""

    _lately: tuple[float, float] = (0.0, 0.0)  # seconds taken and seconds expected, of which earlier ones count less
    _before: tuple[float, float] = (0.0, 0.0)
    _foretold: float = 0.0

    @property
    def value(self) -> float:
        """What expected seconds are to be multiplied with."""
        return self._lately[0] / self._lately[1] if self._foretold >= ENOUGH else 1.0

    @property
    def steady(self) -> bool:
        """Whether what steps took lately is what they took before; a machine that gets busier will not stay so."""
        if self._foretold < ENOUGH:
            return True
        return agree(self.value, self._before[0] / self._before[1])

    def note(self, took: float, expected: float) -> None:
        """A step has ended."""
        self._lately = _after(self._lately, LATELY, took, expected)
        self._before = _after(self._before, BEFORE, took, expected)
        self._foretold += expected


def _after(sums: tuple[float, float], half: float, took: float, expected: float) -> tuple[float, float]:
    kept = 0.5 ** (expected / half)
    return sums[0] * kept + took, sums[1] * kept + expected


def agree(one: float, other: float) -> bool:
    """Whether two paces are so near each other that either may be said."""
    return one <= other * AGREED and other <= one * AGREED


@dataclass
class Running:
    """A step that runs, and what was heard of it: how far it was, and when."""

    begun: float
    heard: list[tuple[float, float]] = field(default_factory=list)  # (clock, share), neither of which goes back

    def hear(self, now: float, share: float) -> None:
        """It is so far."""
        self.heard = [news for news in self.heard if news[1] <= share]
        self.heard.append((now, share))
        if len(self.heard) > MOST_HEARD:
            del self.heard[1:-1:2]

    def left(self, expected: float | None, now: float) -> float | None:
        """Seconds that are left: at its pace lately where enough was seen of it, else of what it was expected to take.

        None: nobody knows, or it goes otherwise than it did, or than it was expected to.
        """
        if self._seen:
            (since, _), (until, share) = self.heard[0], self.heard[-1]
            whole, lately = self._seconds_a_share(since), self._seconds_a_share((since + until) / 2)
            return max(0.0, lately * (1 - share) - (now - until)) if agree(lately, whole) else None
        if expected is None or now - self.begun > OVERDUE * expected + WATCHED:
            return None
        return max(0.0, expected - (now - self.begun))

    @property
    def _seen(self) -> bool:
        """Whether enough was heard of it to say more."""
        if not self.heard:
            return False
        (since, first), (until, share) = self.heard[0], self.heard[-1]
        return share - first >= SHARE and until - since >= WATCHED

    def _seconds_a_share(self, since: float) -> float:
        """Seconds that all of it would take, by what was heard from a moment on."""
        first = max(news for news in self.heard if news[0] <= since)
        seconds, share = self.heard[-1][0] - first[0], self.heard[-1][1] - first[1]
        return seconds / share if share else math.inf
