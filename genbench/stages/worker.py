"""The stages that run a model plugin's code: fit, sample, density. They write evidence and score nothing."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from genbench import dataset
from genbench.controls import ControlData
from genbench.errors import GenbenchError, InvalidEvidence
from genbench.evidence import checked_nats, narrowed, save_weights, write_tensors
from genbench.files import write_json
from genbench.model import Conditional, Density, Model
from genbench.plugins import BUILTIN
from genbench.processes.channel import Markers
from genbench.processes.job import RESUME
from genbench.resume import Keeper
from genbench.seeds import seed_for
from genbench.space import Space
from genbench.stages.accounting import accounted
from genbench.stages.instance import CHECKPOINT, model_class, names_of, reloaded, seed_all
from genbench.training import Split, TrainingData

CHECK = "check.safetensors"  # a few samples and nats that the reloaded model has to give again
CURVE = "curve.json"
SAMPLES = "samples.safetensors"
NATS = "nats.safetensors"
CHECK_ROWS = 4


def fit(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Train a model; leaves its checkpoint, its curve, and the check of the reloaded one."""
    home = Path(arguments["data"])
    space, device = dataset.read_space(home), torch.device(arguments["device"])
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


def sample(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Sample the reloaded model in the suite's batches on the parent's clock; leaves the samples."""
    home = Path(arguments["data"])
    space, device = dataset.read_space(home), torch.device(arguments["device"])
    with markers.timed("load"):
        model = reloaded(arguments, space, device)
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
    names = (*names_of(arguments), arguments["sampler"])
    batches: list[Tensor] = []
    with markers.timed("run") as lap:
        for start in range(0, count, batch):
            n = min(batch, count - start)
            batches.append(narrowed(draw(n, *names, start // batch, start=start), space, n))
            lap()
            markers.progress(start + n, (start + n) / count)
    if not _is_control(arguments):  # one of them shows one image on purpose
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
        model = reloaded(arguments, space, device)
    if not isinstance(model, Density):
        raise GenbenchError(f"{arguments['model']} is no Density")
    test = Split(dataset.read(home, "test"))
    parts = []
    with markers.timed("density"), torch.no_grad():
        for start, (x, _) in zip(range(0, len(test), batch), test.batches(batch, device), strict=True):
            seed_all("density", *names_of(arguments), start // batch)
            parts.append(checked_nats(model.log_prob(x), space, len(x)))
            markers.progress(start + len(x), (start + len(x)) / len(test))
    write_tensors(folder / NATS, {"test": torch.from_numpy(np.concatenate(parts))})
    return {"likelihood": model.likelihood.value}


def _is_control(arguments: Mapping[str, Any]) -> bool:
    """Whether the harness runs its own code: the parent says which plugin it is, and no plugin can say otherwise."""
    return bool(arguments["plugin"]["module"] == BUILTIN)


def _training_data(
    folder: Path, arguments: Mapping[str, Any], space: Space, device: torch.device, markers: Markers
) -> TrainingData:
    """What the model is fitted on; the test split is within reach of the harness's own controls alone."""
    home = Path(arguments["data"])
    splits = Split(dataset.read(home, "train")), Split(dataset.read(home, "valid"))
    seed, keeper = seed_for("shuffle", *names_of(arguments)), Keeper(folder / RESUME, arguments["checkpoint_seconds"])
    told = (space, *splits, arguments["images"], device, seed, markers.progress, keeper)
    return ControlData(*told, home=home) if _is_control(arguments) else TrainingData(*told)


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


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
        seed_all("sample", *names)
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
