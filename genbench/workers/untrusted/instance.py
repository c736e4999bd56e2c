"""Instance: a plugin's model class, its fitted state in a fresh object, and the seeds that a trial runs under."""

import contextlib
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from genbench.catalogue.plugins import BUILTIN, Plugin, load
from genbench.contracts.model import Conditional, Density, Model
from genbench.contracts.training import Split
from genbench.errors import GenbenchError, unknown
from genbench.records.space import Space
from genbench.seeds import seed_for
from genbench.store import datasets
from genbench.store.tensors import checked_nats, narrowed
from genbench.store.weights import load_weights

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


CHECK = "check.safetensors"  # a few samples and nats that the reloaded model has to give again

CHECK_ROWS = 4


def _is_control(arguments: Mapping[str, Any]) -> bool:
    """Whether the harness runs its own code: the parent says which plugin it is, and no plugin can say otherwise."""
    return bool(arguments["plugin"]["module"] == BUILTIN)


def _checked_samples(model: Model, space: Space, valid: Split, device: torch.device) -> Tensor:
    """A few samples of the first sampler."""
    settings = dict(next(iter(model.samplers.values())))
    labels = None
    if isinstance(model, Conditional) and space.classes:
        labels = torch.arange(CHECK_ROWS, device=device) % space.classes
    return narrowed(model.sample(CHECK_ROWS, labels=labels, **settings), space, CHECK_ROWS)


def _checked_density(model: Model, space: Space, valid: Split, device: torch.device) -> Tensor:
    """The nats of a few valid rows."""
    if not isinstance(model, Density):
        raise GenbenchError("no Density")
    rows = valid.x[:CHECK_ROWS].to(device)
    return torch.from_numpy(checked_nats(model.log_prob(rows), space, len(rows)))


_CHECKS = {"x": _checked_samples, "nats": _checked_density}


def _drawn(
    names: Iterable[str],
    model: Model,
    space: Space,
    valid: Split,
    arguments: Mapping[str, Any],
    *passed_over: type[Exception],
) -> dict[str, Tensor]:
    """What the model gives under fixed seeds; a part that raises one of the exceptions `passed_over` is left out."""
    tensors = {}
    for name in names:
        seed_all("check", *names_of(arguments))
        with torch.no_grad(), contextlib.suppress(*passed_over):
            tensors[name] = _CHECKS[name](model, space, valid, torch.device(arguments["device"]))
    return tensors


def _verify_reload(model: Model, space: Space, home: Path, arguments: Mapping[str, Any]) -> None:
    """Refuse a model that, saved and loaded, is not the one that was fitted.

    On one CPU the samples must be equal; a GPU's rounding may turn single pixels, never most of them.
    """
    kept = load_file(Path(arguments["fit"]) / CHECK)
    found = _drawn(kept, model, space, Split(datasets.read(home, "valid")), arguments)
    exact = torch.device(arguments["device"]).type == "cpu"
    if "x" in kept and _equal(found.get("x"), kept["x"]) < (1.0 if exact else 0.5):
        raise GenbenchError(
            "lost on reload: the saved and reloaded model draws other samples than the fitted one under "
            "the same seed; keep all that sample() needs in parameters and buffers"
        )
    if "nats" in kept and not ("nats" in found and torch.allclose(found["nats"], kept["nats"], rtol=1e-3, atol=1e-2)):
        raise GenbenchError(
            "lost on reload: log_prob() of the saved and reloaded model differs from the fitted one's; "
            "keep all that it needs in parameters and buffers"
        )


def _equal(found: Tensor | None, kept: Tensor) -> float:
    """The share of equal entries; 0.0 where there is nothing to compare."""
    return 0.0 if found is None else float((found == kept).double().mean())
