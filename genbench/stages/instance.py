"""Instance: a plugin's model class, its fitted state in a fresh object, and the seeds that a trial runs under."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from genbench.errors import unknown
from genbench.evidence import load_weights
from genbench.model import Model
from genbench.plugins import Plugin, load
from genbench.seeds import seed_for
from genbench.space import Space

CHECKPOINT = "checkpoint.safetensors"


def model_class(arguments: Mapping[str, Any]) -> type[Model]:
    """Import the plugin of a job and return the model class that the job names."""
    classes: dict[str, type[Model]] = {
        cls.name: cls for cls in load(Plugin(**arguments["plugin"])).of("genbench_models")
    }
    if arguments["model"] not in classes:
        raise unknown("model", arguments["model"], classes)
    return classes[arguments["model"]]


def names_of(arguments: Mapping[str, Any]) -> tuple[object, ...]:
    """What every seed of a trial is made of."""
    return arguments["reference"], arguments["dataset"], arguments["seed"]


def seed_all(*names: object) -> None:
    """Seed every generator that a model may draw from by the names."""
    seed = seed_for(*names)
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def reloaded(arguments: Mapping[str, Any], space: Space, device: torch.device) -> Model:
    """A fresh instance, made under another seed than the fitted one, with the fitted state."""
    seed_all("reload", arguments["sampler"], *names_of(arguments))
    model = model_class(arguments)(space, **arguments["settings"])
    load_weights(model, Path(arguments["fit"]) / CHECKPOINT)
    return model.to(device).eval()
