"""Models trained in two stages go on from a checkpoint in either of them, and end with the same weights."""

import pytest
import torch
from genbench_hierarchical_vae import HierarchicalVAE
from genbench_latent_diffusion import LatentDiffusion
from genbench_stages import stage
from genbench_vq_vae import VQVAE

from genbench.contracts.training import TrainingData
from genbench.store.checkpoints import FolderKeeper

pytestmark = pytest.mark.slow

BATCH, BATCHES = 16, 20
SMALL = {
    HierarchicalVAE: {"width": 8},
    LatentDiffusion: {"width": 8, "prior_width": 8, "prior_depth": 1, "share": 0.5},
    VQVAE: {"width": 8, "prior_width": 8, "prior_layers": 1, "share": 0.5},
}


class Killed(BaseException):
    """Ends a fit between two batches."""


def fitted(cls, data: TrainingData, folder, killed_after: int | None) -> torch.nn.Module:
    def report(images: int, share: float) -> None:
        if killed_after is not None and images > killed_after * BATCH:
            raise Killed

    torch.manual_seed(3)
    model = cls(data.space, batch=BATCH, **SMALL[cls])
    told = (data.space, data.train, data.valid, BATCH * BATCHES)
    model.fit(TrainingData(*told, seed=1, report=report, keeper=FolderKeeper(folder, 0)))
    return model


@pytest.mark.parametrize("cls", SMALL)
@pytest.mark.parametrize("killed_after", [4, 14])
def test_a_fit_that_is_killed_in_either_stage_ends_with_the_weights_of_an_undisturbed_one(
    cls, killed_after, digits, tmp_path
):
    data = digits(BATCH * BATCHES)
    whole = fitted(cls, data, tmp_path / "undisturbed", None)
    with pytest.raises(Killed):
        fitted(cls, data, tmp_path / "resume", killed_after)
    resumed = fitted(cls, data, tmp_path / "resume", None)
    states = whole.state_dict(), resumed.state_dict()
    assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []


def test_a_stage_has_its_share_and_a_learning_rate_that_rises_soon_and_falls_to_nothing(digits):
    data, weight = digits(3_200), torch.nn.Parameter(torch.zeros(1))
    first, second = (torch.optim.AdamW([weight]) for _ in range(2))
    rates = [
        [optimiser.param_groups[0]["lr"] for _ in stage(data, optimiser, part, most=2_400, batch=8, lr=0.1)]
        for optimiser, part in ((first, (0.0, 0.25)), (second, (0.25, 1.0)))
    ]
    assert [len(each) for each in rates] == [75, 225]
    for each in rates:
        assert max(each) == pytest.approx(0.1, rel=0.05)
        assert each[0] < 0.1
        assert each[-1] == 0
        top = each.index(max(each))
        assert top < 0.05 * len(each)
        assert each[top:] == sorted(each[top:], reverse=True)
