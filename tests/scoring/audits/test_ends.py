"""Audits of sequences with an end: every row that is asked for is one, and the known laws are those of cut rows."""

import numpy as np
import pytest
import torch

from genbench.builtin.controls.densities import IndependentPixels, Noise
from genbench.contracts.training import Split, TrainingData
from genbench.files.sequences import cut, fault
from genbench.records.audits import AuditStatus
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits import autoregression, findings, rungs
from genbench.scoring.audits.kernels import Kernels
from genbench.scoring.audits.stream import RealData, composed

WORDS = Space((6,), levels=5, end=0)
TINY = rungs.ladder(WORDS)[0]
EVERY = rungs.states(TINY)


def rows(count: int, seed: int, space: Space = WORDS) -> np.ndarray:
    """Random sequences, most of them short."""
    rng = np.random.default_rng(seed)
    return cut(rng.integers(space.levels, size=(count, *space.shape)), space.end).astype(space.storage)


def test_the_tiny_spaces_have_the_end_and_its_states_are_those_that_end_well():
    assert [(space.shape, space.levels, space.end, rungs.count(space)) for space in rungs.ladder(WORDS)] == [
        ((4,), 4, 0, 121),
        ((7,), 4, 0, 3280),
    ]
    assert fault(EVERY, 0) == ""
    assert rungs.indices(EVERY, TINY).tolist() == list(range(121))
    assert all(fault(rungs.examples(TINY, split).x, 0) == "" for split in ("train", "valid"))


@pytest.mark.parametrize("end", [0, 2])
def test_the_known_densities_sum_to_1_over_the_sequences(end: int):
    space = Space((4,), 3, end=end)
    every, centres = rungs.states(space), rows(7, 0, space).astype(np.int64)
    for q in (Kernels(centres, 3, end), autoregression.fitted(centres, 3, end)):
        assert q is not None
        assert np.exp(q.log_prob(every)).sum() == pytest.approx(1, abs=1e-12)
        assert fault(q.draw(500, np.random.default_rng(1)), end) == ""


def test_a_known_density_draws_as_it_says():
    q = Kernels(rows(7, 0, TINY).astype(np.int64), 4, 0)
    seen = np.bincount(rungs.indices(q.draw(40_000, np.random.default_rng(2)), TINY), minlength=121) / 40_000
    assert np.abs(seen - np.exp(q.log_prob(EVERY))).max() < 0.01


def test_no_row_of_the_stream_goes_on_after_its_end():
    real = RealData(WORDS, *(rows(count, seed) for count, seed in ((200, 0), (80, 1), (160, 2))))
    found = composed(real, rows(160, 3), Likelihood.EXACT, 0, 20, np.random.default_rng(4))
    for half in found.halves:
        assert fault(half.rows, 0) == ""


def test_the_noise_of_sequences_costs_what_its_tokens_do():
    told = np.array([1, 3, 6, 2, 6, 6])
    honest = findings.noise_floor(-told * np.log(5), told, 5)
    assert (honest.status, honest.value) == (AuditStatus.PASSED, pytest.approx(np.log2(5)))
    # A third less for each is more than any law can give; half of what the padding would cost is no excuse.
    assert findings.noise_floor(-told * np.log(5) * 2 / 3, told, 5).status is AuditStatus.FAILED


@pytest.mark.parametrize("cls", [Noise, IndependentPixels])
def test_the_controls_with_a_density_are_laws_of_sequences(cls: type):
    model = cls(TINY)
    split = Split(rungs.examples(TINY, "train"))
    model.fit(TrainingData(TINY, split, split, 1))
    x = torch.from_numpy(EVERY)
    nats = model.log_prob(x)
    assert nats.exp().sum().item() == pytest.approx(1, abs=1e-6)
    laws = torch.stack([model.next(x, i).double().log_softmax(1) for i in range(4)], dim=1)
    assert torch.allclose(laws.gather(2, x[:, :, None])[:, :, 0].sum(1), nats, atol=1e-5)
    assert model.log_prob(torch.tensor([[1, 0, 2, 0]])).item() == -np.inf
    torch.manual_seed(0)
    drawn = model.sample(30_000).numpy()
    seen = np.bincount(rungs.indices(drawn, TINY), minlength=121) / 30_000
    assert np.abs(seen - nats.exp().numpy()).max() < 0.012
