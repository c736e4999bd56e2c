"""Procedures: by which test candidates are separated, and the level that it was simulated to hold."""

from dataclasses import dataclass

ALPHA = 0.05
LEAST = 3  # seeds of a candidate, for any word of separation
ENOUGH = 5  # seeds of each candidate, for each one's own spread to be enough, and for a board to be published


@dataclass(frozen=True)
class Procedure:
    """A test of two means over training seeds, corrected over all pairs on all axes."""

    name: str
    """As a board prints it."""
    seeds: str
    """Of a candidate, for which it is used, in words."""
    level: float
    """The highest share of simulated boards of equal candidates on which it separated any, by `tools/separation.py`."""

    @property
    def words(self) -> str:
        """The procedure and its level in a sentence."""
        return (
            f"Separated by {self.name} ({self.seeds} seeds a candidate) at α = {ALPHA:g}. Of simulated boards of 9, 30 "
            f"and 60 equal candidates with log-normal spreads of .4 and .8, at most {self.level:.1%} had a separation."
        )


# The levels stand in the table of leaderboards/README.md; a board prints them.
WELCH = Procedure("Welch's t test with Holm's correction", "5 or more", 0.05)
MODERATED = Procedure("a t test with moderated variances and Holm's correction", "3 or 4", 0.042)


def procedure(fewest: int) -> Procedure:
    """The procedure for candidates of which none has fewer seeds, three or more."""
    return WELCH if fewest >= ENOUGH else MODERATED
