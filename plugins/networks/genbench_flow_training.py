"""How flows are trained: by their bound on the likelihood, with a look at the validation split from time to time."""

import math
from collections.abc import Callable
from itertools import islice

import torch
from genbench_networks import labels_of
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import genbench

CHECKS = 20  # looks at the bound of the validation split, spread evenly over the training
VALIDATED = 500  # of its rows, about, at most: a look costs little beside what is trained between two of them

Bound = Callable[[nn.Module, Tensor, Tensor], Tensor]  # of a model, integers [N, C, H, W] and classes [N]: [N] nats


def train_flow(
    model: nn.Module, data: genbench.TrainingData, bound: Bound, *, lr: float, batch: int, most: int
) -> None:
    """Go up the bound by AdamW, and keep an average over the late steps.

    Args:
        bound: on log P(x|y).
        lr: the learning rate at the start; it falls to 0 along a cosine.
        batch: images a step.
        most: images of the whole fit at which it ends, within the budget.
    """
    optimiser = torch.optim.AdamW(model.parameters(), lr, weight_decay=1e-2)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / (1 + most / batch / 20)))
    data.checkpoint(model=model, optimiser=optimiser, averaged=averaged)
    for x, y in data.batches(batch, most=most):
        spent = data.progress_to(most)
        optimiser.param_groups[0]["lr"] = lr * min(1, 20 * spent) * math.cos(math.pi / 2 * spent)
        loss = -bound(model, x, labels_of(x, y)).mean() / data.space.dim
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        averaged.update_parameters(model)
        if spent * CHECKS >= len(data.curve) + 1:
            data.log(nats_per_dim=loss.item(), valid_nats_per_dim=validated(averaged.module, data, bound, batch))
    model.load_state_dict(averaged.module.state_dict())


@torch.no_grad()
def validated(model: nn.Module, data: genbench.TrainingData, bound: Bound, batch: int) -> float:
    """The negative bound of rows of the validation split given their classes, in nats per dimension."""
    model.eval()
    batches = islice(data.valid.batches(batch, data.device), -(-VALIDATED // batch))
    nats = torch.cat([bound(model, x, labels_of(x, y)) for x, y in batches])
    model.train()
    return -nats.mean().item() / data.space.dim
