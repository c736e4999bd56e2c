"""Reload: a model that was saved and loaded has to be the one that was fitted."""

from bdb import BdbQuit
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from genbench.contracts.model import Conditional, Density, Learner, Model
from genbench.errors import GenbenchError
from genbench.protocol.inputs import Subject
from genbench.records.space import Space
from genbench.store.tensors import checked_nats, narrowed
from genbench.workers.untrusted.instance import seed_all

CHECKS = ("x", "nats")  # a few samples, and the nats of a few rows
ASKED = "rows"  # those rows, which stand beside what was said of them: no later stage is shown others
ROWS = 4


def check_draws(
    names: Iterable[str],
    model: Learner,
    space: Space,
    rows: Tensor,
    subject: Subject,
    *passed_over: type[Exception],
) -> dict[str, Tensor]:
    """What the model gives under fixed seeds; a part that raises one of the exceptions `passed_over` is left out.

    Args:
        names: of CHECKS.
        rows: [4, *shape] that nats are asked of.
    """
    tensors, device = {}, torch.device(subject.device)
    parts = {"x": _samples, "nats": _nats}
    for name in names:
        seed_all("check", *subject.names)
        try:
            with torch.no_grad():
                tensors[name] = parts[name](model, space, rows, device)
        except BdbQuit:
            raise  # who quits a debugger says nothing of the model
        except passed_over:
            continue
    return tensors


def verify(model: Learner, space: Space, check: Path, subject: Subject) -> None:
    """Refuse a model that, saved and loaded, is not the one that was fitted.

    On one CPU the samples must be equal; a GPU's rounding may turn single pixels, never most of them.

    Args:
        check: what `check_draws` gave of the fitted model.
    Raises:
        GenbenchError: it gives something else.
    """
    kept = load_file(check)
    rows = kept.pop(ASKED)
    found = check_draws(kept, model, space, rows, subject)
    exact = torch.device(subject.device).type == "cpu"
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


def _samples(model: Learner, space: Space, rows: Tensor, device: torch.device) -> Tensor:
    """A few samples of the first sampler."""
    if not isinstance(model, Model):
        raise GenbenchError("draws no samples")
    settings = dict(next(iter(model.samplers.values())))
    labels = None
    if isinstance(model, Conditional) and space.classes:
        labels = torch.arange(ROWS, device=device) % space.classes
    return narrowed(model.sample(ROWS, labels=labels, **settings), space, ROWS)


def _nats(model: Learner, space: Space, rows: Tensor, device: torch.device) -> Tensor:
    """The nats of a few rows."""
    if not isinstance(model, Density):
        raise GenbenchError("no Density")
    return torch.from_numpy(checked_nats(model.log_prob(rows.to(device)), space, len(rows)))


def _equal(found: Tensor | None, kept: Tensor) -> float:
    """The share of equal entries; 0.0 where there is nothing to compare."""
    return 0.0 if found is None else float((found == kept).double().mean())
