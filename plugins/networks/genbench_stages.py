"""Training in stages: each has a share of the budget, an optimiser and a learning rate that falls to 0."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

import genbench

LOGS = 40  # points on the training curve of the whole fit


def stage(
    data: genbench.TrainingData,
    optimiser: torch.optim.Optimizer,
    part: tuple[float, float],
    *,
    most: int,
    batch: int,
    lr: float,
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Training batches of one part of a fit, with the optimiser's learning rate set for each.

    Args:
        part: the shares of the fit at which the stage begins and ends, in [0, 1].
        most: images of the whole fit at which it ends, whatever the budget.
        batch: images a step.
        lr: the learning rate at the start, reached within a fiftieth of the stage; it falls linearly to 0.
    """
    begin, end = part
    for x, y in data.batches(batch, share=end - begin, most=round(end * most)):
        spent = (data.progress_to(most) - begin) / (end - begin)
        optimiser.param_groups[0]["lr"] = lr * max(0.0, min(1, 50 * spent, 1 - spent))
        yield x, y


def step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down the loss, by a gradient whose norm is clipped to 1."""
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(optimiser.param_groups[0]["params"], 1.0)
    optimiser.step()


def log(data: genbench.TrainingData, most: int, **scalars: Tensor) -> None:
    """A point on the training curve if it is time for one, of the means of what is told."""
    if data.progress_to(most) * LOGS >= len(data.curve) + 1:
        data.log(**{name: value.detach().mean().item() for name, value in scalars.items()})
