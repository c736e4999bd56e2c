"""Restoring colour: the one question that needs three channels, on digits tinted by a known law."""

import numpy as np
import pytest
import torch
from restoring import answered_in, fitted_controls, rows_of, scores

from genbench.builtin.datasets.tinted_digits import TintedDigits
from genbench.builtin.metrics.energy import Energy
from genbench.builtin.metrics.psnr import DrawRatio
from genbench.builtin.tasks.restore import Restore

SPLITS = TintedDigits().splits()
SPACE, DRAWS = SPLITS.space, 4
TASK = Restore(operator="colour", draws=DRAWS)
EXAM = TASK.pose(SPLITS, 80, np.random.default_rng(1))


@pytest.fixture(scope="module")
def answers() -> dict[str, np.ndarray]:
    """Of each control."""
    return {name: answered_in(TASK, EXAM, model, SPACE) for name, model in fitted_controls(SPLITS).items()}


def test_the_controls_stand_in_their_order(answers):
    energy = {name: scores(Energy, EXAM, rows, SPACE) for name, rows in answers.items()}
    assert min(energy, key=energy.get) == "truth"
    assert max(energy, key=energy.get) == "pseudo-inverse"
    psnr = {name: scores(DrawRatio, EXAM, rows, SPACE) for name, rows in answers.items() if name != "truth"}
    assert max(psnr, key=psnr.get) == "neighbour-mean"  # PSNR crowns the mean


def test_the_gates_see_the_truth_and_bar_no_control_that_agrees(answers):
    barred = {name: list(TASK.barred(EXAM, rows, rows_of(SPLITS))) for name, rows in answers.items()}
    assert barred.pop("truth") == ["key"]
    assert "consistency" in barred.pop("nearest-train")
    assert not any(barred.values())


@pytest.mark.parametrize("noise", [0.7, 1.0])
def test_who_knows_the_truth_and_adds_a_little_noise_is_barred(noise):
    x = torch.from_numpy(EXAM.key["x"]).float()[:, None].repeat_interleave(DRAWS, 1)
    x = x + noise * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    y = torch.from_numpy(EXAM.questions["y"]).repeat_interleave(DRAWS, 0)
    rows = TASK.operator(SPACE).agreeing(x.flatten(0, 1), y).unflatten(0, (-1, DRAWS))
    assert "key" in TASK.barred(EXAM, TASK.checked(rows.numpy(), EXAM.questions, SPACE), rows_of(SPLITS))
