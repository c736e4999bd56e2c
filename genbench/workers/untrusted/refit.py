"""Refit: the model trained further on its own samples, as a density that may explain them better than its own does."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.contracts.cpu_budget import CpuBudget
from genbench.contracts.dataset import Examples
from genbench.contracts.model import Density, Learner
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError
from genbench.protocol.inputs import Fitted
from genbench.records.space import Space
from genbench.seeds import seed_for
from genbench.store.tensors import checked_nats
from genbench.workers.untrusted.instance import reloaded, seed_all

VALID = 10  # one in so many of the samples is for early stopping


def refitted(fitted: Fitted, space: Space, samples: Examples, images: int, seconds: float | None) -> Learner:
    """The fitted model, trained further on samples of its own.

    Args:
        samples: those that it is not asked about afterwards.
        images: the budget.
        seconds: the same in CPU seconds; None: there is none.
    Raises: whatever the plugin raises.
    """
    names, device = fitted.subject.names, torch.device(fitted.subject.device)
    cut = max(1, len(samples.x) // VALID)
    valid, train = (
        Split(Examples(samples.x[part], None if samples.y is None else samples.y[part]))
        for part in (slice(cut), slice(cut, None))
    )
    model = reloaded(fitted, space, device, "refit")
    seed_all("audit", "refit", *names)
    with torch.enable_grad():
        model.train()
        told = (space, train, valid, images, device, seed_for("audit", "refit", "shuffle", *names))
        model.fit(TrainingData(*told, cpu=CpuBudget(seconds or math.inf)))
    return model.eval()


def nats_of(model: Learner, space: Space, x: NDArray[np.integer], batch: int, device: str) -> NDArray[np.float64]:
    """log_prob of x [N, *shape] in batches: [N] nats.

    Raises:
        GenbenchError: it is no Density any more, or gives no nats.
    """
    if not isinstance(model, Density):
        raise GenbenchError("it is no Density")
    parts = [np.empty(0)]
    with torch.no_grad():
        for start in range(0, len(x), batch):
            rows = torch.from_numpy(x[start : start + batch].astype(np.int64)).to(device)
            parts.append(checked_nats(model.log_prob(rows), space, len(rows)))
    return np.concatenate(parts)
