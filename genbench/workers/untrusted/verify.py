"""Asks a model for the law of each entry of test rows before it is told the entry; nor does the worker know more."""

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.contracts.model import Density, Sequential
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers, Timed
from genbench.protocol.stages.verify import LOG_WEIGHTS, VerifyFacts, VerifyInputs
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits.stream_files import column
from genbench.seeds import secret_seed
from genbench.store import datasets
from genbench.store.commitment import committed
from genbench.store.tensors import checked_log_weights, write_tensors
from genbench.workers.untrusted.instance import begun, reloaded, seed_secretly


def verify(folder: Path, inputs: VerifyInputs, markers: Markers) -> VerifyFacts:
    """Ask the reloaded model entry by entry; leaves log_weights [D, rows, levels].

    Raises:
        GenbenchError: the model is no exact Density that is Sequential. InvalidEvidence: what it returned are no
            weights. Unsuitable: it cannot say the law of an entry in this order.
    """
    device = torch.device(inputs.fitted.subject.device)
    space = datasets.read_space(inputs.data.path)
    with markers.timed("load"):
        model = reloaded(inputs.fitted, space, device)
    if not (isinstance(model, Sequential) and isinstance(model, Density)) or model.likelihood is not Likelihood.EXACT:
        raise GenbenchError(f"{inputs.fitted.subject.model} is no exact Density that is Sequential")
    with markers.timed("verify") as timed, torch.no_grad():
        asking = _Asking(model, space, inputs, device, begun(timed))
        said = np.empty((space.dim, inputs.rows, space.levels or 0), np.float32)
        for i in range(space.dim):
            said[i] = asking.answers(i)
            asking.learn(i, timed, said[i])
            markers.progress(i + 1, (i + 1) / space.dim)
    write_tensors(folder / LOG_WEIGHTS, {"log_weights": torch.from_numpy(said)})
    return VerifyFacts(space.dim)


class _Asking:
    """The entries that have been told, and the questions made of them.

    Args:
        secret: what the seeds of the questions are made of.
    """

    def __init__(
        self, model: Sequential, space: Space, inputs: VerifyInputs, device: torch.device, secret: str
    ) -> None:
        self._model, self._space, self._device = model, space, device
        self._known = np.empty((inputs.rows, 0), np.int64)
        self._secret, self._rng = secret, np.random.default_rng(secret_seed(secret, "beyond"))

    def answers(self, i: int) -> NDArray[np.float32]:
        """[rows, levels] of entry i: of all rows in one call, so that a model may go on from the call before it."""
        x = self._question().to(self._device)
        seed_secretly(self._secret, i)
        return checked_log_weights(self._model.next(x, i), len(x), self._space.levels or 0)

    def learn(self, i: int, timed: Timed, said: NDArray[np.float32]) -> None:
        """Commit to the answers for entry i; only then the entry itself is told, unless it is the last one."""
        told = timed.lap(committed(said))
        if i + 1 < math.prod(self._space.shape):
            self._known = np.column_stack([self._known, column(told)])

    def _question(self) -> Tensor:
        """[rows, *shape]: what is known, and beyond that any levels, others each time."""
        rows, known = self._known.shape
        beyond = self._rng.integers(self._space.levels or 0, size=(rows, self._space.dim - known))
        return torch.from_numpy(np.concatenate([self._known, beyond], 1)).view(rows, *self._space.shape)
