"""Asks a density for the log-probability of the rows of a stream; the plugin's code sees test rows here alone."""

from pathlib import Path

import numpy as np
import torch

from genbench.contracts.model import Density
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers
from genbench.protocol.stages.density import NATS, DensityFacts, DensityInputs
from genbench.store import datasets
from genbench.store.tensors import checked_nats, read_named, write_tensors
from genbench.workers.untrusted.instance import reloaded, seed_secretly


def density(folder: Path, inputs: DensityInputs, markers: Markers) -> DensityFacts:
    """Ask the reloaded model in the batches of the stream; leaves nats [M].

    Raises:
        GenbenchError: the model is no Density. InvalidEvidence: what it returned are no nats.
    """
    device = torch.device(inputs.fitted.subject.device)
    space = datasets.read_space(inputs.data.path)
    with markers.timed("load"):
        model = reloaded(inputs.fitted, space, device)
    if not isinstance(model, Density):
        raise GenbenchError(f"{inputs.fitted.subject.model} is no Density")
    parts, start = [], 0
    with markers.timed("density") as timed, torch.no_grad():
        asked = read_named(inputs.questions.path)
        rows, dtype = asked["rows"], np.float32 if space.levels is None else np.int64
        for index, end in enumerate(asked["ends"].tolist()):
            x = torch.from_numpy(rows[start:end].astype(dtype)).to(device)
            seed_secretly(timed.secret, index)
            parts.append(checked_nats(model.log_prob(x), space, len(x)))
            start = end
            markers.progress(end, end / len(rows))
    write_tensors(folder / NATS, {"nats": torch.from_numpy(np.concatenate(parts))})
    return DensityFacts(model.likelihood)
