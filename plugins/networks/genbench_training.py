"""How the first-party models are trained: down a loss by AdamW, with an average of the late weights and a curve."""

import math
from collections.abc import Callable
from itertools import islice
from typing import Any

import torch
from genbench_networks import labels_of
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import genbench

VALIDATED = 500  # rows of the validation split, about, at most: a look costs little beside what is trained between two

Loss = Callable[[Tensor, Tensor | None, float], dict[str, Tensor]]
Nats = Callable[[nn.Module, Tensor, Tensor], Tensor]
Schedule = Callable[[float], float]


def linear(spent: float) -> float:
    """The share of the learning rate after a share of the training: a short rise, then a line to 0."""
    return min(1, 50 * spent, 1 - spent)


def cosine(warm: float) -> Schedule:
    """A rise over a share `warm` of the training, then a quarter of a cosine to 0."""
    return lambda spent: min(1, spent / warm) * math.cos(math.pi / 2 * spent)


def descend(
    model: nn.Module,
    data: genbench.TrainingData,
    loss: Loss,
    *,
    lr: float,
    batch: int,
    epochs: int,
    schedule: Schedule = linear,
    decay: float = 1e-4,
    clip: float = 1.0,
    looks: int = 100,
    nats: Nats | None = None,
) -> None:
    """Go down a loss by AdamW, and keep an average of the late weights.

    Args:
        loss: of integers [N, C, H, W], classes [N] or None, and the share of the training that is spent. It says
            numbers by name, of which the first goes down; all are points of the curve.
        lr, batch: the learning rate, of which `schedule` takes a share; images a step.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
        decay, clip: of weights, AdamW's; the norm of a gradient at most.
        looks: points on the curve, spread evenly.
        nats: log P(x|y) or a bound on it, [N], of a model, images and classes: looks are at the valid split, too.
    """
    most = min(data.images, epochs * len(data.train))
    optimiser = torch.optim.AdamW(model.parameters(), lr, weight_decay=decay)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / (1 + most / batch / 20)))
    data.checkpoint(model=model, optimiser=optimiser, averaged=averaged)
    for x, y in data.batches(batch, most=most):
        spent = data.progress_to(most)
        optimiser.param_groups[0]["lr"] = lr * schedule(spent)
        said = loss(x, y, spent)
        _step(optimiser, next(iter(said.values())), clip)
        averaged.update_parameters(model)
        if spent * looks >= len(data.curve) + 1:
            valid = {"valid_nats_per_dim": validated(averaged.module, data, nats, batch)} if nats else {}
            data.log(**{name: value.item() for name, value in said.items()}, **valid)
    model.load_state_dict(averaged.module.state_dict())


def _step(optimiser: torch.optim.Optimizer, loss: Tensor, clip: float) -> None:
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(optimiser.param_groups[0]["params"], clip)
    optimiser.step()


def ascend(model: nn.Module, data: genbench.TrainingData, nats: Nats, **settings: Any) -> None:
    """`descend` the negative mean of log P(x|y), or of a bound on it, per dimension."""

    def loss(x: Tensor, y: Tensor | None, _: float) -> dict[str, Tensor]:
        return {"nats_per_dim": -nats(model, x, labels_of(x, y)).mean() / data.space.dim}

    descend(model, data, loss, looks=20, nats=nats, **settings)


@torch.no_grad()
def validated(model: nn.Module, data: genbench.TrainingData, nats: Nats, batch: int) -> float:
    """Minus the mean of `nats` over rows of the validation split given their classes, per dimension."""
    model.eval()
    batches = islice(data.valid.batches(batch, data.device), -(-VALIDATED // batch))
    told = torch.cat([nats(model, x, labels_of(x, y)) for x, y in batches])
    model.train()
    return -told.mean().item() / data.space.dim
