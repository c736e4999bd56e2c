"""Density."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genbench.contracts.model import Density
from genbench.contracts.training import Split
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers
from genbench.store import datasets
from genbench.store.tensors import checked_nats, write_tensors
from genbench.workers.untrusted.instance import names_of, reloaded, seed_all

NATS = "nats.safetensors"


def density(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Ask the reloaded model for the log-probability of every test sample; leaves nats [N]."""
    home, batch = Path(arguments["data"]), arguments["batch"]
    space, device = datasets.read_space(home), torch.device(arguments["device"])
    with markers.timed("load"):
        model = reloaded(arguments, space, device)
    if not isinstance(model, Density):
        raise GenbenchError(f"{arguments['model']} is no Density")
    test = Split(datasets.read(home, "test"))
    parts = []
    with markers.timed("density"), torch.no_grad():
        for start, (x, _) in zip(range(0, len(test), batch), test.batches(batch, device), strict=True):
            seed_all("density", *names_of(arguments), start // batch)
            parts.append(checked_nats(model.log_prob(x), space, len(x)))
            markers.progress(start + len(x), (start + len(x)) / len(test))
    write_tensors(folder / NATS, {"test": torch.from_numpy(np.concatenate(parts))})
    return {"likelihood": model.likelihood.value}
