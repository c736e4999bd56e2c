"""What one gets who restores without a model: a guess of the truth, and rows into which what was told is pasted."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.builtin.controls.restorers import NeighbourMean
from genbench.contracts.operator import LinearOperator, Operator

LARGEST = 4096  # entries in a sample of which a covariance is taken, and a guess is made
JITTER = 1e-4  # share of the mean variance that is added to each, so that constant entries do no harm
BLOCK, ENTRIES = 4096, 2**25  # rows that are looked up at a time, and their entries or distances, at most


def best_guess(y: Tensor, x: Tensor, rows: Tensor, operator: Operator) -> Tensor:
    """The better of two guesses of what was measured: the linear one, and the mean of 16 neighbours.

    Args:
        y: questions, float32 [n, *operator.shape].
        x: what was measured, float32 [n, *shape]; it is asked which guess has the smaller squared error in all.
        rows: of the training split, [N, *shape].
    Returns:
        float32 [n, *shape].
    """
    neighbours = NeighbourMean(operator.space)
    neighbours.rows = rows
    found = neighbours.restore(y, operator, 1)[:, 0].float(), linear_guess(y, rows, operator)
    return min(found, key=lambda guess: float((guess - x).square().sum()))


def linear_guess(y: Tensor, rows: Tensor, operator: Operator) -> Tensor:
    """E[x | y] if x were normal with the mean and the covariance of `rows`: no linear function of y is nearer to x.

    Where A is not linear it is the same given the entries that are told. It is brought into range and agreement with y.

    Args:
        y: questions, float32 [n, *operator.shape].
        rows: of the training split, [N, *shape].
    Returns:
        float32 [n, *shape], in levels.
    Source: Bishop, Pattern Recognition and Machine Learning, 2006, eq. 2.81
    """
    flat = rows.flatten(1).double()
    mean, cov = flat.mean(0), flat.T.cov(correction=0).view(flat.shape[1], -1)
    cov.diagonal().add_(JITTER * max(cov.diagonal().mean().item(), 1e-12))
    if isinstance(operator, LinearOperator):
        basis = torch.eye(len(mean), dtype=torch.float64).view(-1, *operator.space.shape)
        a = operator.measure(basis).flatten(1).T  # [M, D]
        cross = cov @ a.T
        gain = cross @ torch.linalg.pinv(a @ cross, hermitian=True)
        x = mean + (y.flatten(1).double() - mean @ a.T) @ gain.T
    else:
        entries = operator.project(torch.zeros(len(y), *operator.space.shape), y).flatten(1).double()
        told = operator.hidden(y).flatten(1) == 0
        pairs = zip(entries, told, strict=True)
        x = torch.stack([mean + cov[:, k] @ torch.linalg.solve(cov[k][:, k], z[k] - mean[k]) for z, k in pairs])
    return operator.agreeing(x.float().view(-1, *operator.space.shape), y).float()


def pasted(draws: Tensor, questions: tuple[Tensor, Tensor], rows: Tensor, operator: Operator) -> NDArray[np.float64]:
    """How far each draw is from the two nearest rows, in what was not told: as if that had been pasted into the rows.

    Args:
        draws: [n, k, *shape].
        questions: y, float32 [n, *operator.shape], and x [n, *shape], of which it was measured: the row that equals x
            to the bit is left out where draws of that question are looked up.
        rows: different ones, [N, *shape], of the dtype of x.
    Returns:
        Euclidean distances of (I - A⁺A) x, or where A is not linear of `operator.project(row, y)`, in levels, the
        nearer first, [n, k, 2]; inf where there is no such row.
    """
    (n, k), (y, x) = draws.shape[:2], questions
    asked_of = [row.tobytes() for row in x.numpy()]
    known = {*asked_of}
    places = {own: i for i, row in enumerate(rows.numpy()) if (own := row.tobytes()) in known}
    left_out = torch.tensor([places.get(own, -1) for own in asked_of])
    nearest = torch.full((n, k, 2), torch.inf, dtype=torch.float64)
    block = max(1, min(BLOCK, ENTRIES // max(x[0].numel(), n * k)))
    for asked, left, of in _left_open(draws.double(), y.double(), operator):
        for start in range(0, len(rows), block):
            found = torch.cdist(left, of(rows[start : start + block].double()))
            found = found.view(-1, k, found.shape[1])  # [m, k, rows]
            own = left_out[asked, None] == torch.arange(start, start + found.shape[2])
            found = torch.cat([nearest[asked], found.masked_fill(own[:, None], torch.inf)], dim=2)
            nearest[asked] = found.topk(2, largest=False, sorted=True).values
    return nearest.numpy()


def _left_open(
    draws: Tensor, y: Tensor, operator: Operator
) -> Iterator[tuple[slice, Tensor, Callable[[Tensor], Tensor]]]:
    """Questions that are looked up together; what y leaves open of their draws, [m k, D]; how rows get the same."""
    if isinstance(operator, LinearOperator):

        def left(x: Tensor) -> Tensor:
            return (x - operator.inverse(operator.measure(x))).flatten(1)  # (I - A⁺A) x, whichever y is

        yield slice(len(y)), left(draws.flatten(0, 1)), left
        return
    for i, own in enumerate(draws):

        def with_told(x: Tensor, one: Tensor = y[i : i + 1]) -> Tensor:
            return operator.project(x, one.expand(len(x), *one.shape[1:])).flatten(1)

        yield slice(i, i + 1), own.flatten(1), with_told
