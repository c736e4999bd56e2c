"""Facts: what the `audit` stage says beside the arrays that it leaves, and what there is of it to be judged."""

from dataclasses import dataclass
from pathlib import Path

from genbench.files.codec import Count
from genbench.records.kinds import Likelihood


@dataclass(frozen=True)
class AuditFacts:
    """What an `audit` stage says of what it asked."""

    likelihood: Likelihood
    """What the model's log-probabilities are."""
    rung: Count | None
    """The place on the ladder of tiny spaces that was fitted; null: none was."""
    refused: tuple[str, ...]
    """Why each rung before it was not."""


@dataclass(frozen=True)
class AuditEvidence:
    """What an `audit` stage left of a candidate.

    Args:
        path: the safetensors file with the arrays of `questions.KEYS`.
        facts: as the stage says them; nobody has checked them against the arrays.
    """

    path: Path
    facts: AuditFacts
