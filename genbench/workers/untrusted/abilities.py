"""Asks a fitted model, reloaded, for all that the contracts of its capabilities promise, method by method."""

from bdb import BdbQuit
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from genbench.contracts.captioned import Captioned, Guided
from genbench.contracts.model import (
    Classifier,
    Conditional,
    ConditionalDenoiser,
    ConditionalDensity,
    Decoder,
    Denoiser,
    Density,
    Encoder,
    Interpolator,
    Latent,
    Model,
    Restorer,
    Sequential,
)
from genbench.errors import GenbenchError, InvalidEvidence
from genbench.execution.channel import Markers
from genbench.execution.child import described
from genbench.protocol.probing import AbilityInputs, Probed
from genbench.records.checks import CheckFinding, broken, ok
from genbench.store import datasets
from genbench.workers.source import method_of, raised
from genbench.workers.untrusted import caption_promises, class_promises, promises
from genbench.workers.untrusted.instance import reloaded, seed_all
from genbench.workers.untrusted.promises import Asked, Broken
from genbench.workers.untrusted.reload import verify


@dataclass(frozen=True)
class Promise:
    """What one capability promises of one method.

    Args:
        check: its name.
        capability: the type that promises it.
        method: where to look.
        holds: tries it; what it saw, in words. Raises Broken.
    """

    check: str
    capability: type
    method: str
    holds: Callable[[Asked], str]


PROMISES = (
    Promise("samples", Model, "sample", promises.samples),
    Promise("seeds", Model, "sample", promises.seeds),
    Promise("state", Model, "sample", promises.state),
    Promise("labels", Conditional, "sample", promises.labels),
    Promise("density", Density, "log_prob", promises.density),
    Promise("conditional-density", ConditionalDensity, "log_prob", class_promises.conditional_density),
    Promise("sequential", Sequential, "next", promises.sequential),
    Promise("encoder", Encoder, "encode", promises.encoder),
    Promise("decoder", Decoder, "render", promises.decoder),
    Promise("latent", Latent, "render", promises.latent),
    Promise("denoiser", Denoiser, "denoise", promises.denoiser),
    Promise("conditional-denoiser", ConditionalDenoiser, "denoise", class_promises.conditional_denoiser),
    Promise("classifier", Classifier, "posterior", class_promises.classifier),
    Promise("interpolator", Interpolator, "between", promises.interpolator),
    Promise("restorer", Restorer, "restore", promises.restorer),
    Promise("captioned", Captioned, "illustrate", caption_promises.captioned),
    Promise("guided", Guided, "illustrate", caption_promises.guided),
)


def probed(folder: Path, inputs: AbilityInputs, markers: Markers) -> Probed:
    """Reload the model, and hold it against every promise of its types.

    Raises: whatever the plugin raises where it is made.
    """
    subject = inputs.fitted.subject
    space, device = datasets.read_space(inputs.data.path), torch.device(subject.device)
    with markers.timed("load"):
        model = reloaded(inputs.fitted, space, device, "check")
    examples = datasets.read(inputs.data.path, "valid").rows(np.arange(inputs.rows))
    dtype = torch.float32 if space.levels is None else torch.int64
    asked = Asked(model, space, torch.from_numpy(examples.x).to(device, dtype))
    with markers.timed("run"), torch.no_grad():
        try:
            verify(model, space, inputs.check.path, subject)
            found = [ok("reload", "", "a fresh process, under another seed, draws and says the same after reloading")]
        except GenbenchError as error:
            found = [broken("reload", "", "what the fitted model gave, under the same seed", str(error))]
        found += kept(asked)
    return Probed(tuple(found))


def kept(asked: Asked) -> Iterator[CheckFinding]:
    """What becomes of each promise that the types of a model, or of what a solver made of one, give."""
    for promise in PROMISES:
        if isinstance(asked.able, promise.capability):
            seed_all("check", promise.check)
            yield _tried(promise, asked)


def _tried(promise: Promise, asked: Asked) -> CheckFinding:
    cls = type(asked.able)
    try:
        return ok(promise.check, "", promise.holds(asked))
    except Broken as found:
        return broken(promise.check, found.of, found.expected, found.got, method_of(cls, promise.method))
    except InvalidEvidence as error:
        return broken(promise.check, "", "what the contract says", str(error), method_of(cls, promise.method))
    except BdbQuit:
        raise  # who quits a debugger says nothing of the model
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything
        where = raised(error, cls) or method_of(cls, promise.method)
        return broken(promise.check, "", "an answer", described(error)[1], where)
