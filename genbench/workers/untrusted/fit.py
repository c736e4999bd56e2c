"""Fit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from genbench.builtin.controls import ControlData
from genbench.contracts.job import RESUME
from genbench.contracts.training import Split, TrainingData
from genbench.execution.channel import Markers
from genbench.files.plain import write_json
from genbench.records.space import Space
from genbench.seeds import seed_for
from genbench.store import datasets
from genbench.store.checkpoints import FolderKeeper
from genbench.store.tensors import write_tensors
from genbench.store.weights import save_weights
from genbench.workers.untrusted.instance import (
    _CHECKS,
    CHECK,
    CHECKPOINT,
    _drawn,
    _is_control,
    model_class,
    names_of,
    seed_all,
)

CURVE = "curve.json"


def fit(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Train a model; leaves its checkpoint, its curve, and the check of the reloaded one."""
    home = Path(arguments["data"])
    space, device = datasets.read_space(home), torch.device(arguments["device"])
    cls = model_class(arguments)
    data = _training_data(folder, arguments, space, device, markers)
    with markers.timed("fit"):
        seed_all("fit", *names_of(arguments))
        model = cls(space, **arguments["settings"]).to(device)
        model.train()
        model.fit(data)
        model.eval()
        _synchronise(device)
    save_weights(model, folder / CHECKPOINT)
    write_json(folder / CURVE, data.curve)
    with markers.timed("check"):
        # A part that raises is left out, and fails in the stage that needs it.
        write_tensors(folder / CHECK, _drawn(_CHECKS, model, space, data.valid, arguments, Exception))
    return {
        "images": data.seen,
        "seconds_before": data.seconds_before,
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def _training_data(
    folder: Path, arguments: Mapping[str, Any], space: Space, device: torch.device, markers: Markers
) -> TrainingData:
    """What the model is fitted on; the test split is within reach of the harness's own controls alone."""
    home = Path(arguments["data"])
    splits = Split(datasets.read(home, "train")), Split(datasets.read(home, "valid"))
    seed, keeper = (
        seed_for("shuffle", *names_of(arguments)),
        FolderKeeper(folder / RESUME, arguments["checkpoint_seconds"]),
    )
    told = (space, *splits, arguments["images"], device, seed, markers.progress, keeper)
    return ControlData(*told, home=home) if _is_control(arguments) else TrainingData(*told)


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
