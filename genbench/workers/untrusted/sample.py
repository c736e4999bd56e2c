"""Samples a fitted model in the suite's batches on the parent's clock; leaves the samples and scores nothing."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.contracts.model import Conditional, Model
from genbench.contracts.training import Split
from genbench.errors import GenbenchError, InvalidEvidence
from genbench.execution.channel import Markers
from genbench.protocol.stages.sample import RUN, SAMPLES, SampleFacts, SampleInputs
from genbench.records.space import Space
from genbench.seeds import secret_seed
from genbench.store import datasets
from genbench.store.tensors import narrowed, write_tensors
from genbench.workers.untrusted.accounting import accounted, null_calls, peak_memory, reset_memory
from genbench.workers.untrusted.instance import reloaded, seed_all, seed_secretly
from genbench.workers.untrusted.reload import verify

SHOWN = 8  # samples of a call that are compared with those of another


def sample(folder: Path, inputs: SampleInputs, markers: Markers) -> SampleFacts:
    """Draw the scored samples.

    Raises:
        GenbenchError: lost on reload. InvalidEvidence: what was drawn is not what the Space asks for.
    """
    home, subject = inputs.data.path, inputs.fitted.subject
    space, device = datasets.read_space(home), torch.device(subject.device)
    with markers.timed("load"):
        model = reloaded(inputs.fitted, space, device, inputs.sampler)
        verify(model, space, Split(datasets.read(home, "valid")), inputs.check.path, subject)
    if not isinstance(model, Model):
        raise GenbenchError(f"{subject.model} draws no samples")
    count, batch = inputs.count, inputs.batch
    draw = _Draw(model, space, device, model.samplers[inputs.sampler], _marginal(home, space))
    with markers.timed("warm-up"):
        draw.check_labels()
        nfe, flops = accounted(model, lambda: draw.openly(2, "accounting", 0))
        draw.openly(min(batch, count), "warm-up", 0)
    null_calls(markers)
    reset_memory(device)
    batches: list[Tensor] = []
    with markers.timed(RUN) as timed:
        labels = draw.labels(count, timed.secret)
        for start in range(0, count, batch):
            n = min(batch, count - start)
            rows = None if labels is None else labels[start : start + n]
            batches.append(narrowed(draw.secretly(n, rows, timed.secret, start // batch), space, n))
            timed.lap()
            markers.progress(start + n, (start + n) / count)
    if not subject.is_control:  # one of them shows one image on purpose
        _check_fresh(batches)
    tensors = {"x": torch.cat(batches)} | ({} if labels is None else {"labels": labels})
    write_tensors(folder / SAMPLES, tensors)
    _take_latencies(draw, inputs.latency_seconds, markers)
    return SampleFacts(nfe, flops, peak_memory(device), draw.conditional)


def _marginal(home: Path, space: Space) -> NDArray[np.float64] | None:
    """The share of each class in the training labels; None where the Space has no classes."""
    y = datasets.read(home, "train").y
    return None if space.classes is None or y is None else np.bincount(y, minlength=space.classes) / len(y)


class _Draw:
    """Calls `sample` as the protocol says: eval, no_grad, a seed per call, labels where the model obeys them."""

    def __init__(
        self,
        model: Model,
        space: Space,
        device: torch.device,
        settings: Mapping[str, object],
        marginal: NDArray[np.float64] | None,
    ) -> None:
        self._model, self._space, self._device, self._settings = model, space, device, settings
        self._marginal = marginal
        self.conditional = isinstance(model, Conditional) and marginal is not None

    def labels(self, count: int, secret: str) -> Tensor | None:
        """[count] int64 labels drawn from the training marginal; None where the Space has no classes."""
        if self._marginal is None:
            return None
        rng = np.random.default_rng(secret_seed(secret, "labels"))
        return torch.from_numpy(rng.choice(len(self._marginal), size=count, p=self._marginal).astype(np.int64))

    def secretly(self, n: int, labels: Tensor | None, secret: str, index: int) -> Tensor:
        """n samples under the secret seed of a batch."""
        seed_secretly(secret, "batch", index)
        return self._drawn(n, labels)

    def openly(self, n: int, *names: object, shift: int = 0) -> Tensor:
        """n samples that are not scored, under the seed of names; labels in turn, each class moved on by `shift`."""
        labels = None
        if self._marginal is not None:
            labels = (torch.arange(n) + shift) % len(self._marginal)
        seed_all("sample", *names)
        return self._drawn(n, labels)

    def _drawn(self, n: int, labels: Tensor | None) -> Tensor:
        obeyed = labels.to(self._device) if self.conditional and labels is not None else None
        with torch.no_grad():
            return self._model.sample(n, labels=obeyed, **self._settings)

    def check_labels(self) -> None:
        """Refuse a Conditional model that draws the same samples whatever the labels are."""
        several = self.conditional and (self._space.classes or 0) > 1
        if several and torch.equal(self.openly(SHOWN, "labels"), self.openly(SHOWN, "labels", shift=1)):
            raise InvalidEvidence(
                "labels are ignored: the model is Conditional, but other labels under the same "
                "seed give the same samples"
            )


def _check_fresh(batches: list[Tensor]) -> None:
    """Refuse a sampler whose calls repeat each other under other seeds."""
    if len(batches) > 1 and len(batches[0]) >= SHOWN and torch.equal(batches[0], batches[1]):
        raise InvalidEvidence(
            "two calls under different seeds returned the same samples; "
            "draw from torch's default generator, anew at every call"
        )


def _take_latencies(draw: _Draw, seconds: float, markers: Markers) -> None:
    """Calls with batch 1, as many as fit into the seconds and at least 3, each a lap."""
    if seconds <= 0:
        return
    draw.openly(1, "latency warm-up")
    with markers.timed("latency") as timed:
        calls, until = 0, time.monotonic() + seconds
        while calls < 3 or (time.monotonic() < until and calls < 1000):
            draw.openly(1, "latency", calls).cpu()
            calls += 1
            timed.lap()
