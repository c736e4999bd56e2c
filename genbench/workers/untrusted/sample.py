"""The stages that run a model plugin's code: fit, sample, density. They write evidence and score nothing."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genbench.contracts.model import Conditional, Model
from genbench.errors import InvalidEvidence
from genbench.execution.channel import Markers
from genbench.records.space import Space
from genbench.seeds import seed_for
from genbench.store import datasets
from genbench.store.tensors import narrowed, write_tensors
from genbench.workers.untrusted.accounting import accounted
from genbench.workers.untrusted.instance import (
    _is_control,
    _verify_reload,
    names_of,
    reloaded,
    seed_all,
)

SAMPLES = "samples.safetensors"


def sample(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Sample the reloaded model in the suite's batches on the parent's clock; leaves the samples."""
    home = Path(arguments["data"])
    space, device = datasets.read_space(home), torch.device(arguments["device"])
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


def _labels(home: Path, space: Space, count: int, seed: int) -> Tensor | None:
    """[count] int64 labels drawn from the training marginal; None where the Space has no classes."""
    y = datasets.read(home, "train").y
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
