"""Questions: what the `audit` stage asks a density for, the same for every model, and what it leaves of the answers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits.kernels import MAX_LEVELS, Kernels
from genbench.seeds import seed_for

NOISE, PERTURBED = 32, 40  # images of each kind that a model is asked for, the perturbed ones twice
OWN = {Likelihood.EXACT: 1000}  # samples of its own, where they are judged; else as many as follow
OWN_SHOWN = 32
CENTRES = 500  # held-out rows that the perturbed images lie around
KEYS = frozenset({"noise", "perturbed", "samples", "table", "drawn"})  # arrays: float64 all but `drawn`, int64


def noise(space: Space) -> NDArray[np.int64]:
    """Uniform noise [NOISE, *shape], the same for every model."""
    rng = np.random.default_rng(seed_for("audit", "noise", str(space)))
    return rng.integers(space.levels or 0, size=(NOISE, *space.shape))


def kernels(space: Space, valid: NDArray[Any]) -> Kernels | None:
    """The density around held-out rows; None where there are too many levels for its tables."""
    if space.levels is None or space.levels > MAX_LEVELS:
        return None
    return Kernels(np.array(valid[:CENTRES]).reshape(-1, space.dim).astype(np.int64), space.levels)


def perturbed(space: Space, valid: NDArray[Any]) -> NDArray[np.int64]:
    """Draws of that density [PERTURBED, *shape], the same for every model; none where there is no such density."""
    found = kernels(space, valid)
    if found is None:
        return np.empty((0, *space.shape), np.int64)
    return found.draw(PERTURBED, np.random.default_rng(seed_for("audit", "kernels"))).reshape(-1, *space.shape)


def own_rows(kind: Likelihood, count: int) -> int:
    """How many of a model's own samples it is asked for."""
    return min(count, OWN.get(kind, OWN_SHOWN))
