"""Facts: what the `audit` stage says beside the arrays that it leaves, and the files of a density's questions."""

from dataclasses import dataclass

from genbench.execution.clock import MOST_LAPS
from genbench.files.codec import Count
from genbench.records.kinds import Likelihood
from genbench.records.space import Space

HALVES = ("first", "second")  # of a stream: each is asked by a process of its own
QUESTIONS = {half: f"{half}.safetensors" for half in HALVES}
KEY = "key.safetensors"
COLUMNS = "columns.txt"  # line i: entry i of each of the rows that a model is asked entry by entry
LEAST_ROWS, MOST_ROWS = 20, 200  # that are asked entry by entry,
MOST_ENTRIES = 16_000  # as many as have so many entries: each costs a look at all that precede it
MOST_BYTES = 64 * 2**20  # of the answers for all of them, float32


def rows_by_entry(space: Space, rows: int) -> int:
    """How many of `rows` test rows are asked entry by entry; 0 for real numbers, and for rows that are too large."""
    if space.levels is None or space.dim > MOST_LAPS:
        return 0
    wanted = min(MOST_ROWS, max(LEAST_ROWS, MOST_ENTRIES // space.dim))
    return min(rows, wanted, MOST_BYTES // (space.dim * space.levels * 4))


@dataclass(frozen=True)
class AuditFacts:
    """What an `audit` stage says of what it asked."""

    likelihood: Likelihood
    """What the model's log-probabilities are."""
    rung: Count | None
    """The place on the ladder of tiny spaces that was fitted; null: none was."""
    refused: tuple[str, ...]
    """Why each rung before it was not."""
    refit: str = ""
    """Why the class was not fitted to its own samples; "": it was, or need not be."""
