"""Restorations: several draws of each sample that was measured, and the sample itself; what scores of them share."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable

READS = frozenset({"x", "hidden"})  # of the key
TOKENS = "√places"  # the unit of a distance between tokens: the root of how many differ
FEWEST = 2  # draws that have a spread


@dataclass(frozen=True)
class Restorations:
    """What was restored.

    Args:
        draws: [Q, k, *shape] float64, in levels; of tokens, whose numbers are no quantities, [Q, k, L · V], an entry
            for each token that a place may have, √½ where it has it: ‖x - y‖ is then √(places that differ).
        x: the samples that were measured, [Q, *shape] or [Q, L · V] float64.
        hidden: the share of each entry that the measurement leaves open, of x's shape, in [0, 1].
        unit: of ‖x - y‖.
    """

    draws: NDArray[np.float64]
    x: NDArray[np.float64]
    hidden: NDArray[np.float32]
    unit: str

    @property
    def mean(self) -> NDArray[np.float64]:
        """Of the draws of each question, [Q, *shape]."""
        mean: NDArray[np.float64] = self.draws.mean(1)
        return mean


def restorations(evidence: Evidence) -> Restorations:
    """The evidence's.

    Raises:
        Unavailable: it has none, or a single draw of each.
    """
    key, answers = evidence.key or {}, evidence.answers
    if not key.keys() >= READS or answers is None or answers.ndim != key["x"].ndim + 1:
        raise Unavailable("needs restorations of samples that the key holds")
    if answers.shape[1] < FEWEST:
        raise Unavailable(f"needs {FEWEST} or more draws of each sample, got {answers.shape[1]}")
    if evidence.space.has_tokens:
        levels = evidence.space.levels or 0
        hidden = np.repeat(key["hidden"], levels, axis=1)
        return Restorations(marked(answers, levels), marked(key["x"], levels), hidden, TOKENS)
    draws, x = answers.astype(np.float64), key["x"].astype(np.float64)
    return Restorations(draws, x, key["hidden"], evidence.space.unit)


def marked(tokens: NDArray[Any], levels: int) -> NDArray[np.float64]:
    """Tokens [..., L] as [..., L · levels]: √½ where a place has that token, else 0."""
    found: NDArray[np.float64] = (tokens[..., None] == np.arange(levels)) * math.sqrt(0.5)
    return found.reshape(*tokens.shape[:-1], -1)


def mse(x: NDArray[Any], y: NDArray[Any]) -> float:
    """The mean squared difference of all entries, squared levels."""
    return float(np.square(x - y).mean())
