"""Samplers that repeat themselves are refused at any batch size; honest draws that happen to agree are not."""

import pytest
import torch
from torch import Tensor

from genbench.errors import InvalidEvidence
from genbench.records.space import Space
from genbench.workers.untrusted.freshness import Freshness

IMAGES, BIT = Space((1, 8, 8), levels=17), Space((1,), levels=2)


def drawn(space: Space, size: int, seed: int) -> Tensor:
    return torch.randint(space.levels or 0, (size, *space.shape), generator=torch.Generator().manual_seed(seed))


def judged(space: Space, size: int, seeds: list[int]) -> None:
    """Calls of that many samples under these seeds, judged."""
    fresh = Freshness(space, size)
    for seed in seeds:
        fresh.check(drawn(space, size, seed))
    fresh.conclude()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 300])
@pytest.mark.parametrize("calls", [2, 3, 40])
@pytest.mark.parametrize("period", [1, 2, 5])
def test_a_sampler_that_repeats_itself_is_refused(size, calls, period):
    if period == 1 or calls == 40:  # else there is no call to spare that shows it
        with pytest.raises(InvalidEvidence, match="two calls under different seeds returned the same samples"):
            judged(IMAGES, size, [call % period for call in range(calls)])


@pytest.mark.parametrize("size", [1, 4, 8, 300])
@pytest.mark.parametrize("calls", [1, 2, 40])
def test_a_sampler_that_draws_anew_is_not(size, calls):
    judged(IMAGES, size, list(range(calls)))


@pytest.mark.parametrize(("size", "seeds"), [(1, [0, 0]), (1, [0, 0, 0, 0, 1, 0, 0]), (4, [0, 0])])
def test_a_few_calls_that_agree_in_a_space_of_two_points_are_chance(size, seeds):
    judged(BIT, size, seeds)
