"""Left: what the stages of a density left, to be judged."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genbench.records.kinds import Likelihood
from genbench.scoring.audits.facts import AuditFacts
from genbench.scoring.audits.stream import Stream


@dataclass(frozen=True)
class EntriesLeft:
    """What the `verify` stage left: a model's answers entry by entry, and what it committed to while it was asked.

    Args:
        answers: the file with log_weights [D, V, levels].
        committed: the digest of the laps' digests, as the parent heard them.
    """

    answers: Path
    committed: str


@dataclass(frozen=True)
class DensityLeft:
    """What a density was asked, and what it said.

    Args:
        stream: the questions; None where there were none.
        said: nats of both halves; None where a stage failed.
        kinds: what the model said in these stages that its nats are.
        entries: what it said entry by entry; None where it did not.
        undone: why it did not.
    """

    stream: Stream | None = None
    said: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    kinds: tuple[Likelihood, ...] = ()
    entries: EntriesLeft | None = None
    undone: str = ""


@dataclass(frozen=True)
class Left:
    """What the stages left of a candidate's density; nobody has checked one against the other.

    Args:
        facts: of the `audit` stage.
        table: [R, S] nats of every state of the tiny space, R times; empty where no rung was fitted.
        drawn: [M] states that the tiny model drew; empty where the density is not exact.
        refit: [n - n // 2] nats of the second half of its own n samples under the class fitted to others; or empty.
        density: what was asked of the real space.
    """

    facts: AuditFacts
    table: NDArray[np.float64]
    drawn: NDArray[np.int64]
    refit: NDArray[np.float64]
    density: DensityLeft
