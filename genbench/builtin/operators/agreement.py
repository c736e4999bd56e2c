"""Agreement: samples of a Space that have a given measurement, as nearly as integers can."""

from torch import Tensor

from genbench.builtin.solvers.scale import settled
from genbench.contracts.operator import Operator
from genbench.records.space import Space

ROUNDS = 10  # of projections onto what agrees and what is in range, in turn


def agreeing(x: Tensor, y: Tensor, operator: Operator, space: Space) -> Tensor:
    """Samples near x that agree with y, in range and rounded.

    Both sets are convex and some sample lies in both: projections onto one and the other in turn get to it. Rounding
    comes last, and moves A(x) by about `operator.rounding`.

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
    return settled(x, space)
