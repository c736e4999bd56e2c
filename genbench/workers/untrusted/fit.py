"""Fits a model: runs the plugin's training; leaves its checkpoint, its curve, and the check of the reloaded one."""

import math
from pathlib import Path

import torch

from genbench.builtin.controls import ControlData
from genbench.contracts.cpu_budget import CpuBudget
from genbench.contracts.job import RESUME
from genbench.contracts.training import Progress, Split, TrainingData
from genbench.execution.channel import Markers
from genbench.files import codec
from genbench.protocol.stages.fit import CHECK, CURVE, CurveFile, FitFacts, FitInputs
from genbench.protocol.stages.stage import CHECKPOINT
from genbench.records.space import Space
from genbench.seeds import seed_for
from genbench.store import datasets
from genbench.store.checkpoints import FolderKeeper
from genbench.store.places import check_places, places_of
from genbench.store.tensors import write_tensors
from genbench.store.weights import save_weights
from genbench.workers.untrusted.instance import model_class, seed_all
from genbench.workers.untrusted.reload import ASKED, CHECKS, ROWS, check_draws


def fit(folder: Path, inputs: FitInputs, markers: Markers) -> FitFacts:
    """Train a model.

    Raises: whatever the plugin raises; GenbenchError: what it has come to cannot be kept.
    """
    subject = inputs.subject
    space, device = datasets.read_space(inputs.data.path), torch.device(subject.device)
    with markers.timed("load"):
        cpu, cls = CpuBudget(inputs.seconds_cpu or math.inf), model_class(subject)
    tally = _Tally(markers.progress)
    data = _training_data(folder, inputs, space, device, tally.report, cpu)
    with markers.timed("fit"):
        seed_all("fit", *subject.names)
        model = cls(space, **subject.settings).to(device)
        made = places_of(model)
        model.train()
        model.fit(data)
        model.eval()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    check_places(made, model)
    save_weights(model, folder / CHECKPOINT)
    codec.write(folder / CURVE, CurveFile(tuple(data.curve)))
    with markers.timed("check"):
        # A part that raises is left out, and fails in the stage that needs it.
        rows = data.valid.x[:ROWS]
        draws = check_draws(CHECKS, model, space, rows, subject, Exception)
        write_tensors(folder / CHECK, {**draws, ASKED: rows})
    images, parameters = max(data.seen, tally.images), sum(p.numel() for p in model.parameters())
    return FitFacts(images, data.seconds_before, parameters, data.cpu_before)


class _Tally:
    """Counts the images that a fit is handed, whatever becomes of the count in its data."""

    def __init__(self, report: Progress) -> None:
        self._report, self.images = report, 0

    def report(self, images: int, share: float) -> None:
        """The most that it was told, passed on."""
        self.images = max(self.images, images)
        self._report(images, share)


def _training_data(
    folder: Path, inputs: FitInputs, space: Space, device: torch.device, report: Progress, cpu: CpuBudget
) -> TrainingData:
    """What the model is fitted on; the test split is within reach of the harness's own controls alone."""
    home, subject = inputs.data.path, inputs.subject
    splits = Split(datasets.read(home, "train")), Split(datasets.read(home, "valid"))
    seed = seed_for("shuffle", *subject.names)
    keeper = FolderKeeper(folder / RESUME, inputs.checkpoint_seconds)
    told = (space, *splits, inputs.images, device, seed, report, keeper, cpu)
    return ControlData(*told, home=home) if subject.is_control else TrainingData(*told)
