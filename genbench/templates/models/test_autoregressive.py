"""The autoregressive network: all probabilities sum to one, and its factors look at nothing later."""

import numpy as np
import torch

import genbench
from genbench.templates.models.autoregressive import NewPlugin

SPACE = genbench.Space((1, 2, 2), levels=4)
X = np.random.default_rng(0).integers(4, size=(200, *SPACE.shape)).astype(np.uint8)


@torch.enable_grad()
def fitted() -> NewPlugin:
    """A model after a moment of training."""
    torch.manual_seed(0)
    model, split = NewPlugin(SPACE), genbench.Split(genbench.Examples(X))
    model.fit(genbench.TrainingData(SPACE, split, split, images=1000))
    return model.eval()


@torch.no_grad()
def test_it_draws_samples_of_its_space() -> None:
    x = fitted().sample(50)
    assert (x.shape, x.dtype) == ((50, *SPACE.shape), torch.int64)
    assert 0 <= x.min() <= x.max() < 4


@torch.no_grad()
def test_the_probabilities_of_all_samples_sum_to_one() -> None:
    every = torch.cartesian_prod(*[torch.arange(4)] * SPACE.dim).view(-1, *SPACE.shape)
    torch.testing.assert_close(fitted().log_prob(every).exp().sum(), torch.tensor(1.0))


@torch.no_grad()
def test_a_factor_looks_at_earlier_entries_alone() -> None:
    model, x = fitted(), torch.from_numpy(X[:1]).long().flatten(1)
    for i in range(SPACE.dim):
        other = x.clone()
        other[:, i] = (x[:, i] + 1) % 4
        changed = (model.logits(other) != model.logits(x)).any(2)[0]
        assert not changed[: i + 1].any()
        assert changed[i + 1 :].all()
