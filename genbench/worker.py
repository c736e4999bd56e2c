"""The stages that run a model plugin's code: fit, sample, density. They write evidence and score nothing."""

import contextlib
import random
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from genbench import dataset
from genbench.accounting import accounted
from genbench.channel import Markers
from genbench.errors import GenbenchError, InvalidEvidence, unknown
from genbench.evidence import checked_nats, load_weights, narrowed, save_weights, write_tensors
from genbench.files import write_json
from genbench.model import Conditional, Density, Model
from genbench.plugins import Plugin, load
from genbench.seeds import seed_for
from genbench.space import Space
from genbench.training import Split, TrainingData

CHECKPOINT = "checkpoint.safetensors"
CHECK = "check.safetensors"  # a few samples and nats that the reloaded model has to give again
CURVE = "curve.json"
SAMPLES = "samples.safetensors"
NATS = "nats.safetensors"
CHECK_ROWS = 4


def model_class(arguments: Mapping[str, Any]) -> type[Model]:
    """Import the plugin of a job and return the model class that the job names."""
    classes: dict[str, type[Model]] = {
        cls.name: cls for cls in load(Plugin(**arguments["plugin"])).of("genbench_models")
    }
    if arguments["model"] not in classes:
        raise unknown("model", arguments["model"], classes)
    return classes[arguments["model"]]


def fit(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Train a model; leaves its checkpoint, its curve, and the check of the reloaded one."""
    home = Path(arguments["data"])
    space, device = dataset.read_space(home), torch.device(arguments["device"])
    cls = model_class(arguments)
    data = TrainingData(
        space,
        Split(dataset.read(home, "train")),
        Split(dataset.read(home, "valid")),
        arguments["images"],
        device,
        seed_for("shuffle", *_names(arguments)),
        markers.progress,
    )
    with markers.timed("fit"):
        _seed("fit", *_names(arguments))
        model = cls(space, **arguments["settings"]).to(device)
        model.train()
        model.fit(data)
        model.eval()
        _synchronise(device)
    save_weights(model, folder / CHECKPOINT)
    write_json(folder / CURVE, data.curve)
    with markers.timed("check"):
        write_tensors(folder / CHECK, _drawn(_CHECKS, model, space, data.valid, arguments))
    return {"images": data.seen, "parameters": sum(p.numel() for p in model.parameters())}


def sample(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Sample the reloaded model in the suite's batches on the parent's clock; leaves the samples."""
    home = Path(arguments["data"])
    space, device = dataset.read_space(home), torch.device(arguments["device"])
    with markers.timed("load"):
        model = _reloaded(arguments, space, device)
        _verify_reload(model, space, home, arguments)
    count, batch = arguments["count"], arguments["batch"]
    settings = model.samplers[arguments["sampler"]]
    draw = _Draw(model, space, device, settings, _labels(home, space, count, arguments["seed"]))
    with markers.timed("warm-up"):
        draw.check_labels()
        nfe, flops = accounted(model, lambda: draw(2, "accounting", 0))
        draw(min(batch, count), "warm-up", 0)
    for _ in range(5):
        with markers.timed("null"):
            pass
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    names = (*_names(arguments), arguments["sampler"])
    batches: list[Tensor] = []
    with markers.timed("run") as lap:
        for start in range(0, count, batch):
            n = min(batch, count - start)
            batches.append(narrowed(draw(n, *names, start // batch, start=start), space, n))
            lap()
            markers.progress(start + n, (start + n) / count)
    _check_fresh(batches)
    tensors = {"x": torch.cat(batches)}
    if draw.labels is not None:
        tensors["labels"] = draw.labels
    write_tensors(folder / SAMPLES, tensors)
    _take_latencies(draw, arguments["latency_seconds"], markers)
    device_memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return {"nfe": nfe, "flops": flops, "device_memory": device_memory, "conditional": draw.conditional}


def density(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Ask the reloaded model for the log-probability of every test sample; leaves nats [N]."""
    home, batch = Path(arguments["data"]), arguments["batch"]
    space, device = dataset.read_space(home), torch.device(arguments["device"])
    with markers.timed("load"):
        model = _reloaded(arguments, space, device)
    if not isinstance(model, Density):
        raise GenbenchError(f"{arguments['model']} is no Density")
    test = Split(dataset.read(home, "test"))
    parts = []
    with markers.timed("density"), torch.no_grad():
        for start, (x, _) in zip(range(0, len(test), batch), test.batches(batch, device), strict=True):
            _seed("density", *_names(arguments), start // batch)
            parts.append(checked_nats(model.log_prob(x), space, len(x)))
            markers.progress(start + len(x), (start + len(x)) / len(test))
    write_tensors(folder / NATS, {"test": torch.from_numpy(np.concatenate(parts))})
    return {"likelihood": model.likelihood.value}


def _names(arguments: Mapping[str, Any]) -> tuple[object, ...]:
    """What every seed of a trial is made of."""
    return arguments["reference"], arguments["dataset"], arguments["seed"]


def _seed(*names: object) -> None:
    seed = seed_for(*names)
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _reloaded(arguments: Mapping[str, Any], space: Space, device: torch.device) -> Model:
    """A fresh instance, made under another seed than the fitted one, with the fitted state."""
    _seed("reload", arguments["sampler"], *_names(arguments))
    model = model_class(arguments)(space, **arguments["settings"])
    load_weights(model, Path(arguments["fit"]) / CHECKPOINT)
    return model.to(device).eval()


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
    names: Iterable[str], model: Model, space: Space, valid: Split, arguments: Mapping[str, Any]
) -> dict[str, Tensor]:
    """What the model gives under fixed seeds; a part that raises is left out, and fails in the stage that needs it."""
    tensors = {}
    for name in names:
        _seed("check", *_names(arguments))
        with torch.no_grad(), contextlib.suppress(Exception):
            tensors[name] = _CHECKS[name](model, space, valid, torch.device(arguments["device"]))
    return tensors


def _verify_reload(model: Model, space: Space, home: Path, arguments: Mapping[str, Any]) -> None:
    """Refuse a model that, saved and loaded, is not the one that was fitted.

    On one CPU the samples must be equal; a GPU's rounding may turn single pixels, never most of them.
    """
    kept = load_file(Path(arguments["fit"]) / CHECK)
    found = _drawn(kept, model, space, Split(dataset.read(home, "valid")), arguments)
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


def _labels(home: Path, space: Space, count: int, seed: int) -> Tensor | None:
    """[count] int64 labels drawn from the training marginal; None where the Space has no classes."""
    y = dataset.read(home, "train").y
    if space.classes is None or y is None:
        return None
    share = np.bincount(y, minlength=space.classes) / len(y)
    drawn = np.random.default_rng(seed_for("labels", seed)).choice(space.classes, size=count, p=share)
    return torch.from_numpy(drawn.astype(np.int64))


class _Draw:
    """Calls `sample` as the protocol says: eval, no_grad, a seed per call, labels where the model obeys them."""

    def __init__(
        self, model: Model, space: Space, device: torch.device, settings: Mapping[str, object], labels: Tensor | None
    ) -> None:
        self.model, self.space, self.device, self.settings, self.labels = model, space, device, settings, labels
        self.conditional = isinstance(model, Conditional) and labels is not None

    def __call__(self, n: int, *names: object, start: int = 0, shift: int = 0) -> Tensor:
        """n samples under the seed that the names make; labels from row `start`, each class moved on by `shift`."""
        labels = None
        if self.conditional and self.labels is not None:
            labels = ((self.labels[start : start + n] + shift) % (self.space.classes or 1)).to(self.device)
        _seed("sample", *names)
        with torch.no_grad():
            return self.model.sample(n, labels=labels, **self.settings)

    def check_labels(self) -> None:
        """Refuse a Conditional model that draws the same samples whatever the labels are."""
        if self.conditional and self.space.classes and self.space.classes > 1 and self.labels is not None:
            n = min(8, len(self.labels))
            if torch.equal(self(n, "labels"), self(n, "labels", shift=1)):
                raise InvalidEvidence(
                    "labels are ignored: the model is Conditional, but other labels under the same "
                    "seed give the same samples"
                )


def _check_fresh(batches: list[Tensor]) -> None:
    """Refuse a sampler whose calls repeat each other under other seeds."""
    if len(batches) > 1 and len(batches[0]) >= 8 and torch.equal(batches[0], batches[1]):
        raise InvalidEvidence(
            "two calls under different seeds returned the same samples; "
            "draw from torch's default generator, anew at every call"
        )


def _take_latencies(draw: _Draw, seconds: float, markers: Markers) -> None:
    """Calls with batch 1, as many as fit into the seconds and at least 3, each a lap."""
    if seconds <= 0:
        return
    draw(1, "latency warm-up")
    with markers.timed("latency") as lap:
        calls, until = 0, time.monotonic() + seconds
        while calls < 3 or (time.monotonic() < until and calls < 1000):
            draw(1, "latency", calls).cpu()
            calls += 1
            lap()
