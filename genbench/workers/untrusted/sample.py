"""Samples a fitted model in the suite's batches on the parent's clock; leaves the samples and scores nothing."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.contracts.model import Conditional, Model
from genbench.errors import GenbenchError, InvalidEvidence
from genbench.execution.channel import Markers
from genbench.execution.pacing import AGAIN, ALONE
from genbench.protocol.stages.clocking import RUN, CountedFacts
from genbench.protocol.stages.sample import DRAWN, SAMPLES, SampleFacts, SampleInputs
from genbench.records.space import Space
from genbench.seeds import secret_seed
from genbench.store import datasets
from genbench.store.commitment import committed
from genbench.store.tensors import narrowed, write_tensors
from genbench.workers.untrusted.accounting import accounted, null_calls, peak_memory, reset_memory
from genbench.workers.untrusted.freshness import Freshness
from genbench.workers.untrusted.instance import begun, model_class, reloaded, seed_all, seed_secretly
from genbench.workers.untrusted.reload import verify
from genbench.workers.untrusted.spool import Drawn, Spool

MOST_SHARE = 0.99  # of the run, before its end: nobody knows how long it goes on
SHOWN = 8  # samples of a call under other labels that are compared


def sample(folder: Path, inputs: SampleInputs, markers: Markers) -> SampleFacts:
    """Draw the scored samples, among others.

    Raises:
        GenbenchError: lost on reload. InvalidEvidence: what was drawn is not what the Space asks for.
    """
    subject = inputs.fitted.subject
    draw = _ready(inputs, markers)
    with markers.timed("construct"):
        verify(draw.model, draw.space, inputs.check.path, subject)
    with markers.timed("warm-up"):
        draw.check_labels()
        narrowed(draw.openly(inputs.size, "warm-up", 0), draw.space, inputs.size)
    _take_calls(draw, "latency" if inputs.latency_seconds else "call", inputs.latency_seconds, markers)
    null_calls(markers)
    reset_memory(draw.device)
    draw.model.eval()
    count, batch = inputs.count, inputs.size
    with Spool(folder, draw.space, batch) as spool:
        with markers.timed(RUN) as timed:
            told, fresh = begun(timed), Freshness(draw.space, batch)
            while told:
                drawn = draw.secretly(batch, told)
                if not subject.is_control:  # one of them shows one image on purpose
                    fresh.check(drawn.x)
                spool.add(drawn)
                told = timed.lap(committed(drawn.x.numpy(), inputs.head))
                markers.progress(spool.count, min(MOST_SHARE, spool.count / count))
        tensors = spool.chosen([int(place) for place in timed.last_word.split(",")], count)
        write_tensors(folder / DRAWN, {"x": spool.first(inputs.kept_batches)})
    write_tensors(folder / SAMPLES, tensors)
    return SampleFacts(peak_memory(draw.device), draw.conditional)


def again(folder: Path, inputs: SampleInputs, markers: Markers) -> CountedFacts:
    """Draw a scored batch again while its calls are counted; and once more without, where that may have changed it.

    Raises:
        GenbenchError, InvalidEvidence: as `sample` does.
    """
    draw = _ready(inputs, markers)
    with markers.timed(AGAIN) as timed:
        secret = timed.secret.split()[0]
        drawn: list[Drawn] = []
        counts = accounted(draw.model, lambda: drawn.append(draw.secretly(inputs.size, secret)), inputs.size)
        if secret := timed.lap(committed(drawn[0].x.numpy(), inputs.head)):
            timed.lap(committed(draw.secretly(inputs.size, secret).x.numpy(), inputs.head))
    return CountedFacts(*counts, *_alone(draw, markers))


def _alone(draw: "_Draw", markers: Markers) -> tuple[float | None, float | None]:
    """What a timed call for one sample takes, network evaluations and operations: it is made again, twice."""
    counts: tuple[float | None, float | None] = (None, None)
    with markers.timed(ALONE) as timed:
        if timed.secret:
            secret, section, number = timed.secret.split()
            drawn: list[Tensor] = []
            counts = accounted(draw.model, lambda: drawn.append(draw.alone(secret, section, int(number))), 1)
            timed.lap(committed(drawn[0].numpy()))
            timed.lap(committed(draw.alone(secret, section, int(number)).numpy()))
    return counts


def _ready(inputs: SampleInputs, markers: Markers) -> "_Draw":
    """The reloaded model, in this process for the first time."""
    home, subject = inputs.data.path, inputs.fitted.subject
    space, device = datasets.read_space(home), torch.device(subject.device)
    with markers.timed("load"):
        model_class(subject)
    with markers.timed("construct"):
        model = reloaded(inputs.fitted, space, device, inputs.sampler)
    if not isinstance(model, Model):
        raise GenbenchError(f"{subject.model} draws no samples")
    return _Draw(model, space, device, model.samplers[inputs.sampler], _marginal(home, space))


def _marginal(home: Path, space: Space) -> NDArray[np.float64] | None:
    """The share of each class in the training labels; None where the Space has no classes."""
    y = datasets.read_labels(home, "train")
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
        self.model, self.space, self.device, self._settings = model, space, device, settings
        self._marginal = marginal
        self.conditional = isinstance(model, Conditional) and marginal is not None

    def secretly(self, n: int, secret: str) -> Drawn:
        """n samples under a batch's own secret, on the host, with labels [n] int64 drawn from the training marginal."""
        labels = None
        if self._marginal is not None:
            rng = np.random.default_rng(secret_seed(secret, "labels"))
            drawn = rng.choice(len(self._marginal), size=n, p=self._marginal)
            labels = torch.from_numpy(drawn.astype(np.int64))
        seed_secretly(secret, "samples")
        return Drawn(narrowed(self._drawn(n, labels), self.space, n), labels)

    def openly(self, n: int, *names: object, shift: int = 0) -> Tensor:
        """n samples that are not scored, under the seed of names; labels in turn, each class moved on by `shift`."""
        labels = None
        if self._marginal is not None:
            labels = (torch.arange(n) + shift) % len(self._marginal)
        seed_all("sample", *names)
        return self._drawn(n, labels)

    def alone(self, secret: str, section: str, number: int) -> Tensor:
        """The one sample [1, *shape] of a call of a section of such calls, on the host."""
        seed_secretly(secret, section, number)
        labels = None if self._marginal is None else torch.zeros(1, dtype=torch.int64)
        return narrowed(self._drawn(1, labels), self.space, 1)

    def _drawn(self, n: int, labels: Tensor | None) -> Tensor:
        obeyed = labels.to(self.device) if self.conditional and labels is not None else None
        with torch.no_grad():
            return self.model.sample(n, labels=obeyed, **self._settings)

    def check_labels(self) -> None:
        """Refuse a Conditional model that draws the same samples whatever the labels are."""
        several = self.conditional and (self.space.classes or 0) > 1
        if several and torch.equal(self.openly(SHOWN, "labels"), self.openly(SHOWN, "labels", shift=1)):
            raise InvalidEvidence(
                "labels are ignored: the model is Conditional, but other labels under the same "
                "seed give the same samples"
            )


def _take_calls(draw: _Draw, section: str, seconds: float, markers: Markers) -> None:
    """Calls with batch 1, as many as fit into the seconds and at least 3, each a lap that commits to its sample."""
    draw.openly(1, section, "warm-up")
    with markers.timed(section) as timed:
        calls, until = 0, time.monotonic() + seconds
        while calls < 3 or (time.monotonic() < until and calls < 1000):
            drawn = draw.alone(timed.secret, section, calls)
            calls += 1
            timed.lap(committed(drawn.numpy()))
