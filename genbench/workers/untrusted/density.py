"""Asks a density for the log-probability of every test sample; the plugin's code sees test rows here alone."""

from pathlib import Path

import numpy as np
import torch

from genbench.contracts.model import Density
from genbench.contracts.training import Split
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers
from genbench.protocol.stages.density import NATS, DensityFacts, DensityInputs
from genbench.store import datasets
from genbench.store.tensors import checked_nats, write_tensors
from genbench.workers.untrusted.instance import reloaded, seed_secretly


def density(folder: Path, inputs: DensityInputs, markers: Markers) -> DensityFacts:
    """Ask the reloaded model in the suite's batches; leaves nats [N].

    Raises:
        GenbenchError: the model is no Density. InvalidEvidence: what it returned are no nats.
    """
    home, batch, device = inputs.data.path, inputs.batch, torch.device(inputs.fitted.subject.device)
    space = datasets.read_space(home)
    with markers.timed("load"):
        model = reloaded(inputs.fitted, space, device)
    if not isinstance(model, Density):
        raise GenbenchError(f"{inputs.fitted.subject.model} is no Density")
    test = Split(datasets.read(home, "test"))
    parts = []
    with markers.timed("density") as timed, torch.no_grad():
        for start, (x, _) in zip(range(0, len(test), batch), test.batches(batch, device), strict=True):
            seed_secretly(timed.secret, start // batch)
            parts.append(checked_nats(model.log_prob(x), space, len(x)))
            markers.progress(start + len(x), (start + len(x)) / len(test))
    write_tensors(folder / NATS, {"test": torch.from_numpy(np.concatenate(parts))})
    return DensityFacts(model.likelihood)
