"""Left: what the stages of a density left, to be judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genbench.records.kinds import Likelihood
from genbench.scoring.audits.facts import AuditFacts
from genbench.scoring.audits.stream import Stream


@dataclass(frozen=True)
class DensityLeft:
    """What a density was asked, and what it said.

    Args:
        stream: the questions; None where there were none.
        said: nats of both halves; None where a stage failed.
        kinds: what the model said in these stages that its nats are.
    """

    stream: Stream | None = None
    said: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    kinds: tuple[Likelihood, ...] = ()


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
