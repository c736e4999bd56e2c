"""Agreement: samples of a Space that have a given measurement, as nearly as integers can."""

import torch
from torch import Tensor

from genbench.builtin.solvers.scale import settled
from genbench.contracts.operator import Operator
from genbench.records.space import Space

GOLDEN = (5**0.5 - 1) / 2
ROUNDS = 20  # of projections onto what agrees and what is in range, in turn


def agreeing(x: Tensor, y: Tensor, operator: Operator, space: Space) -> Tensor:
    """Samples near x that agree with y, in range and rounded.

    Both sets are convex and some sample lies in both: projections onto one and the other in turn get to it. Rounding
    comes last, and moves A(x) by about `operator.rounding`. Where equal entries are averaged all of them would be
    rounded the same way: rounding at thresholds that differ from entry to entry is tried too, and whichever of the two
    measures nearer to y is taken.

    Args:
        x: float [N, *space.shape] in levels.
        y: [N, *operator.shape].
    Returns:
        int64 [N, *space.shape]; float32 where the Space has no levels.
    Source: Cheney and Goldstein 1959, https://doi.org/10.1090/S0002-9939-1959-0105008-8
    """
    if space.levels is None:
        return operator.project(x, y).float()
    for _ in range(ROUNDS):
        x = operator.project(x.clamp(0, space.levels - 1), y)
    near, dithered = settled(x, space), settled(x + _thresholds(x), space)
    off, other = ((operator.measure(z.float()) - y).flatten(1).square().sum(1) for z in (near, dithered))
    return torch.where((off <= other).view(-1, *[1] * (x.dim() - 1)), near, dithered)


def _thresholds(x: Tensor) -> Tensor:
    """What is added to each entry before it is rounded, in (-½, ½): the multiples of the golden ratio without their
    whole parts, of which neighbours in rows and blocks are spread evenly. [*shape] of samples [N, *shape].
    """
    shape = x.shape[1:]
    place = torch.arange(shape.numel(), dtype=torch.float64, device=x.device).view(shape)
    return ((place * GOLDEN) % 1 - 0.5).to(x.dtype)
