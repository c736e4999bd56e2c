"""Resume: a fit that was killed goes on from its last checkpoint and ends with the bytes of an undisturbed one."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import genbench
from genbench.builtin.datasets.digits import Digits
from genbench.contracts.training import BestWeights, Position, Split, TrainingData
from genbench.errors import GenbenchError
from genbench.store.checkpoints import FolderKeeper

IMAGES, BATCH = 960, 32


class Killed(BaseException):
    """Ends a fit at any line, as SIGKILL does."""


class Net(nn.Module):
    """Whatever a fit may carry from batch to batch: momentum, dropout, a moving average, a schedule, best weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Dropout(0.2), nn.Linear(16, 64))
        self.register_buffer("noise", torch.zeros(3))

    def fit(self, data: TrainingData, killed_after: float = float("inf"), share: float = 1.0) -> None:
        optimiser = torch.optim.Adam(self.parameters(), 1e-2)
        schedule = torch.optim.lr_scheduler.StepLR(optimiser, 5)
        average = torch.optim.swa_utils.AveragedModel(self.layers)
        best = BestWeights(self)
        data.checkpoint(model=self, optimiser=optimiser, schedule=schedule, average=average, best=best)
        for part in (share, 1 - share) if share < 1 else (1.0,):
            for x, _ in data.batches(BATCH, share=part):
                x = x.flatten(1).float()
                loss = (self.layers(x + torch.randn_like(x)) - x).square().mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                average.update_parameters(self.layers)
                self.noise += torch.tensor([random.random(), np.random.rand(), torch.rand(()).item()])
                best.offer(loss.item())
                data.log(loss=loss.item())
                if data.seen >= killed_after:
                    raise Killed
        self.load_state_dict(best.state_dict()["state"])
        self.layers.load_state_dict(average.module.state_dict())


@pytest.fixture(scope="module")
def splits():
    return Digits().splits()


@pytest.fixture
def fitted(splits, tmp_path):
    """`fitted(killed_after, …)`: a network fitted from the start, or from where the last call was killed."""

    def fit(killed_after: float = float("inf"), folder: str = "resume", interval: float = 0.0, **options):
        keeper = FolderKeeper(tmp_path / folder, interval)
        data = TrainingData(splits.space, Split(splits.train), Split(splits.valid), IMAGES, seed=1, keeper=keeper)
        torch.manual_seed(5)
        np.random.seed(5)
        random.seed(5)
        net = Net()
        net.fit(data, killed_after, **options)
        return net, data

    return fit


def position_at(seen: int) -> Position:
    """A position with what is hard to write down: an infinite loss, a generator's long integers."""
    rng = np.random.default_rng(0).bit_generator.state
    return Position(seen, 1, 2.5, [{"loss": float("inf")}], rng, torch.arange(4))


def _same(one: nn.Module, other: nn.Module) -> bool:
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("share", [1.0, 0.4])
@pytest.mark.parametrize("killed_after", [BATCH, 10 * BATCH, 12 * BATCH, 13 * BATCH, IMAGES - BATCH])
def test_a_killed_fit_ends_with_the_bytes_of_an_undisturbed_one(fitted, killed_after: int, share: float):
    whole, _ = fitted(folder="undisturbed", share=share)
    with pytest.raises(Killed):
        fitted(killed_after, share=share)
    resumed, data = fitted(share=share)
    assert _same(whole, resumed)
    assert data.seen == IMAGES
    assert [point["images"] for point in data.curve] == list(range(BATCH, IMAGES + 1, BATCH))


def test_it_goes_on_and_does_not_begin_again(fitted):
    with pytest.raises(Killed):
        fitted(20 * BATCH)
    _, data = fitted()
    assert data._resumed.seen == 19 * BATCH  # the last moment between two batches


def test_without_the_random_generators_the_bytes_would_differ(fitted, monkeypatch):
    with pytest.raises(Killed):
        fitted(10 * BATCH)
    monkeypatch.setattr(FolderKeeper, "restore_generators", lambda keeper: None)
    assert not _same(fitted()[0], fitted(folder="undisturbed")[0])


def test_only_the_last_two_checkpoints_stay_and_a_broken_one_is_passed_over(fitted, tmp_path):
    with pytest.raises(Killed):
        fitted(10 * BATCH)
    files = sorted((tmp_path / "resume").iterdir())
    assert [int(path.name[:15]) for path in files] == [8 * BATCH, 9 * BATCH]
    data = bytearray(files[-1].read_bytes())
    data[-1] ^= 1
    files[-1].write_bytes(data)
    resumed, _ = fitted()
    assert _same(resumed, fitted(folder="undisturbed")[0])


def test_nothing_is_kept_before_its_time_or_without_a_call(fitted, tmp_path):
    fitted(interval=3600)
    assert not (tmp_path / "resume").exists()


def test_a_part_that_holds_something_else_than_tensors_and_values_is_refused(tmp_path):
    class Odd:
        def state_dict(self):
            return {"f": print}

        def load_state_dict(self, state):
            """Nothing."""

    keeper = FolderKeeper(tmp_path / "resume", 0)
    keeper.register({"odd": Odd()})
    with pytest.raises(GenbenchError, match="a checkpoint keeps tensors and plain values, got builtin_function"):
        keeper.keep(position_at(0))


def test_states_of_optimisers_come_back_as_they_were(tmp_path):
    net = nn.Linear(3, 2)
    optimiser = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    net(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    keeper = FolderKeeper(tmp_path / "resume", 0)
    keeper.register({"optimiser": optimiser})
    left = position_at(3)
    keeper.keep(left)
    fresh = torch.optim.SGD(net.parameters(), 0.5, momentum=0.1)
    position = FolderKeeper(tmp_path / "resume", 0).register({"optimiser": fresh})
    assert replace(position, order=None) == replace(left, order=None)
    assert position.order.tolist() == left.order.tolist()
    assert fresh.state_dict()["param_groups"] == optimiser.state_dict()["param_groups"]
    momentum = optimiser.state_dict()["state"][0]["momentum_buffer"]
    assert torch.equal(fresh.state_dict()["state"][0]["momentum_buffer"], momentum)


def test_a_plugin_author_reaches_it_through_the_training_data():
    assert genbench.TrainingData.checkpoint.__doc__
