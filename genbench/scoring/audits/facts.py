"""Facts: what the `audit` stage says beside the arrays that it leaves, and the files of a density's questions."""

from dataclasses import dataclass

from genbench.files.codec import Count
from genbench.records.kinds import Likelihood

HALVES = ("first", "second")  # of a stream: each is asked by a process of its own
QUESTIONS = {half: f"{half}.safetensors" for half in HALVES}
KEY = "key.safetensors"
COLUMNS = "columns.txt"  # line i: entry i of each of the rows that a model is asked entry by entry


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
