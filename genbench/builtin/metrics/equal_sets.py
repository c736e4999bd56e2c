"""Equal sets: a score that is defined for as many generated as real samples draws them from the larger set."""

from collections.abc import Mapping

from genbench.geometry.comparison import Comparison

SHOWN: Mapping[str, str] = {"equal sets drawn, n =": "drawn"}


def drawn(comparison: Comparison) -> dict[str, float]:
    """The detail `drawn` where the sets are unequal: how many samples of each the score is of."""
    return {} if comparison.equal is comparison else {"drawn": float(len(comparison.equal.generated))}
