"""Instance: a plugin's model class, its fitted state in a fresh object, and the seeds that a trial runs under."""

import random

import numpy as np
import torch

from genbench.catalogue.plugins import load
from genbench.contracts.model import Learner
from genbench.errors import InvalidEvidence, unknown
from genbench.execution.channel import Timed
from genbench.protocol.inputs import Fitted, Subject
from genbench.records.space import Space
from genbench.seeds import secret_seed, seed_for
from genbench.store.weights import load_weights


def model_class(subject: Subject) -> type[Learner]:
    """Import the plugin of a trial and return the class of its model.

    Raises:
        GenbenchError: the plugin offers no such model.
    """
    offered = load(subject.plugin).of("genbench_models")
    classes: dict[str, type[Learner]] = {
        cls.name: cls for cls in reversed(offered)
    }  # of a name that comes twice, the first
    if subject.model not in classes:
        raise unknown("model", subject.model, classes)
    return classes[subject.model]


def seed_all(*names: object) -> None:
    """Seed every generator that a model may draw from by names alone."""
    _seed(seed_for(*names))


def seed_secretly(secret: str, *names: object) -> None:
    """Seed every generator that a model may draw from by names under a secret."""
    _seed(secret_seed(secret, *names))


def begun(timed: Timed) -> str:
    """The secret of the first batch of a run.

    Raises:
        InvalidEvidence: somebody else has been told it.
    """
    if not timed.secret:
        raise InvalidEvidence("somebody began the run before it began")
    return timed.secret


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def reloaded(fitted: Fitted, space: Space, device: torch.device, purpose: str = "") -> Learner:
    """A fresh instance, made under another seed than the fitted one, with the fitted state.

    Args:
        purpose: what for, so that no two stages make it under the same seed.
    """
    subject = fitted.subject
    seed_all("reload", purpose, *subject.names)
    model = model_class(subject)(space, **subject.settings)
    load_weights(model, fitted.checkpoint.path)
    return model.to(device).eval()
