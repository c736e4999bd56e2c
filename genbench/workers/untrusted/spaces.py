"""Tries a model class in a Space: it is made, fitted for a moment, and draws by each of its presets, or it refuses."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.contracts.dataset import Examples
from genbench.contracts.model import Conditional, Learner, Model
from genbench.contracts.training import Split, TrainingData
from genbench.execution.channel import Markers
from genbench.files.sequences import cut
from genbench.protocol.probing import SpaceFacts, SpaceInputs
from genbench.records.space import Space
from genbench.seeds import seed_for
from genbench.store.tensors import narrowed
from genbench.workers.untrusted.abilities import kept
from genbench.workers.untrusted.instance import model_class, seed_all
from genbench.workers.untrusted.promises import Asked

TRAIN, VALID = 200, 40  # rows
PROTOTYPES, KEPT = 4, 0.75  # that rows are made of; probability that an entry shows its prototype


def served(folder: Path, inputs: SpaceInputs, markers: Markers) -> SpaceFacts:
    """Fit the class in the Space, and draw.

    Raises:
        Unsuitable: it refuses. InvalidEvidence: it drew something else than samples of the Space. Exception: whatever
            the plugin raises.
    """
    subject, space, device = inputs.subject, inputs.space, torch.device(inputs.subject.device)
    with markers.timed("load"):
        cls = model_class(subject)
    seed_all("check", str(space), *subject.names)
    with markers.timed("fit"):
        model = cls(space, **subject.settings).to(device)
        data = _data(space, inputs.images, device)
        model.train()
        model.fit(data)
        model.eval()
    with markers.timed("run"), torch.no_grad():
        presets = _drawn(model, space, inputs.count, device)
        x = data.valid.x[: inputs.rows].to(device)
        found = tuple(kept(Asked(model, space, x))) if inputs.rows else ()
    return SpaceFacts(data.seen, presets, found)


def examples(space: Space, rows: int, *names: object) -> Examples:
    """Fixed rows of any Space: prototypes under noise, classes in turn, captions that say which prototype."""
    prototypes = _noise(space, PROTOTYPES, np.random.default_rng(seed_for("check", str(space))))
    rng = np.random.default_rng(seed_for("check", str(space), *names))
    which = rng.integers(PROTOTYPES, size=rows)
    noise = _noise(space, rows, rng)
    x = np.where(rng.random(noise.shape) < KEPT, prototypes[which], noise).astype(space.storage)
    x = x if space.end is None else cut(x, space.end)
    captions = np.array([f"noise about prototype {i}" for i in which])
    return Examples(x, np.arange(rows) % space.classes if space.classes else None, captions=captions)


def _noise(space: Space, rows: int, rng: np.random.Generator) -> NDArray[np.generic]:
    shape = (rows, *space.shape)
    return rng.normal(size=shape) if space.levels is None else rng.integers(space.levels, size=shape)


def _data(space: Space, images: int, device: torch.device) -> TrainingData:
    train, valid = Split(examples(space, TRAIN, "train")), Split(examples(space, VALID, "valid"))
    return TrainingData(space, train, valid, images, device, seed_for("check", "shuffle", str(space)))


def _drawn(model: Learner, space: Space, count: int, device: torch.device) -> tuple[str, ...]:
    if not isinstance(model, Model):
        return ()
    for settings in model.samplers.values():
        obeys = isinstance(model, Conditional) and space.classes
        labels = torch.arange(count, device=device) % space.classes if obeys and space.classes else None
        narrowed(model.sample(count, labels=labels, **settings), space, count)
    return tuple(model.samplers)
