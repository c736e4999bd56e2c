"""Conditions: what `--fail-if` says of a score, for a machine that has to know whether samples are good enough."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from genbench.errors import GenbenchError
from genbench.records.score import Missing, ScoreRecord

SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
FORM = re.compile(r"\s*([\w-]+)\s*(<=|>=|<|>)\s*(\S+)\s*")


@dataclass(frozen=True)
class Condition:
    """A score that is not to be on one side of a bound.

    Args:
        score: its name.
        sign: one of SIGNS.
        bound: in the score's unit.
    """

    score: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.score} {self.sign} {self.bound:g}"

    def told(self, scores: Mapping[str, ScoreRecord], missing: Mapping[str, Missing]) -> str:
        """What came true, in words; "" where nothing did. A score that is not there is no reason to go on."""
        if self.score not in scores:
            return f"{self} cannot be told: {self.score}: {missing.get(self.score, 'not computed')}"
        value = scores[self.score].value
        return f"{self}: it is {value:.6g}" if SIGNS[self.sign](value, self.bound) else ""


def parsed(text: str) -> Condition:
    """What `--fail-if` says: a score's name, a sign and a number.

    Raises:
        GenbenchError: it says something else.
    """
    found = FORM.fullmatch(text)
    try:
        bound = float(found[3]) if found else math.nan
    except ValueError:
        bound = math.nan
    if found is None or not math.isfinite(bound):
        raise GenbenchError(f'--fail-if takes a score, < or > or <= or >=, and a number, as "fd>5"; got {text!r}')
    return Condition(found[1], found[2], bound)
