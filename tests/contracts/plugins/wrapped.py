"""Models whose `fit` wraps, adds, casts or first calls a module, and fits that read their data in usual ways."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune
from torch.optim.swa_utils import AveragedModel

import genbench

KEPT = 40  # rows; what is drawn of them depends on nothing else


class Wrapped(genbench.Model):
    """Samples noisy training rows; its net is there to be kept."""

    name = "wrapped"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space, self.net = space, nn.Linear(4, 4)
        self.register_buffer("rows", torch.zeros(KEPT, *space.shape, dtype=torch.uint8))

    def fit(self, data: genbench.TrainingData) -> None:
        self.rows.copy_(data.train.x[:KEPT])
        self.change(data)

    def change(self, data: genbench.TrainingData) -> None:
        """Does to the model what it is here for."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        shift = self.net(torch.ones(1, 4, dtype=next(self.net.parameters()).dtype)).sum().sign().long()
        x = self.rows[torch.randint(KEPT, (n,))].long() + shift
        return (x + torch.randint(-3, 4, x.shape)).clamp(0, self.space.levels - 1)


class Lazy(Wrapped):
    """Has a module that takes its form at its first call."""

    name = "lazy"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self.late = nn.LazyLinear(3)

    def change(self, data: genbench.TrainingData) -> None:
        self.late(torch.zeros(1, 7))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return (super().sample(n) + self.late(torch.ones(1, 7)).sum().sign().long()).clamp(0, self.space.levels - 1)


class NeverCalled(Lazy):
    """Has a lazy module that nobody calls."""

    name = "never-called"

    def change(self, data: genbench.TrainingData) -> None:
        """Calls nothing."""


class TensorState(Wrapped):
    """Keeps something through torch's extra state, as a tensor."""

    name = "tensor-state"
    shift = 0

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.shift)

    def set_extra_state(self, state: Tensor) -> None:
        self.shift = int(state)

    def change(self, data: genbench.TrainingData) -> None:
        self.shift = 2

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return (super().sample(n) + self.shift).clamp(0, self.space.levels - 1)


class Plain(torch.utils.data.Dataset):
    """A data set of an author's own; a spawned process has to find its class."""

    def __init__(self, x: Tensor) -> None:
        self.x = x

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Tensor:
        return self.x[i]


def compiled(model: Wrapped, data: genbench.TrainingData) -> None:
    model.net = torch.compile(model.net, backend="eager")


def parallel(model: Wrapped, data: genbench.TrainingData) -> None:
    model.net = nn.DataParallel(model.net)


def averaged(model: Wrapped, data: genbench.TrainingData) -> None:
    model.net = AveragedModel(model.net)


def added(model: Wrapped, data: genbench.TrainingData) -> None:
    model.ema = AveragedModel(model.net)


def pruned(model: Wrapped, data: genbench.TrainingData) -> None:
    prune.l1_unstructured(model.net, "weight", 0.5)


def normed(model: Wrapped, data: genbench.TrainingData) -> None:
    parametrizations.weight_norm(model.net)


def halved(model: Wrapped, data: genbench.TrainingData) -> None:
    model.net.half()


def pairs(model: Wrapped, data: genbench.TrainingData) -> None:
    x, y = next(iter(torch.utils.data.DataLoader(data.train, 64)))
    assert (x.shape, y.dtype, y.tolist()) == ((64, *data.space.shape), torch.int64, data.train.y[:64].tolist())


def one_by_one(model: Wrapped, data: genbench.TrainingData) -> None:
    assert [int(y) for y in data.train.y] == data.train.y[:].tolist()
    assert torch.equal(data.train.x[3], data.train.x[:][3])


def spawning(model: Wrapped, data: genbench.TrainingData) -> None:
    rows = Plain(data.train.x[:])
    loader = torch.utils.data.DataLoader(rows, 64, num_workers=1, multiprocessing_context="spawn")
    assert torch.equal(torch.cat(list(loader)), rows.x)


def named(change: Callable[[Wrapped, genbench.TrainingData], None]) -> type[Wrapped]:
    """The model whose `fit` does this."""
    name = change.__name__.replace("_", "-")
    needs = ("shared-memory",) if change is spawning else ()
    own = {"name": name, "change": change, "needs": needs, "__doc__": f"Its fit is {name}."}
    return type(change.__name__, (Wrapped,), own)


CHANGES = (compiled, parallel, averaged, added, pruned, normed, halved, pairs, one_by_one, spawning)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Lazy, NeverCalled, TensorState, *map(named, CHANGES)]
