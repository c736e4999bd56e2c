"""What a model trains on: the splits it may see, its budget, its learning curve, its best weights."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genbench.contracts.cpu_budget import CpuBudget
from genbench.contracts.split import Split as Split
from genbench.errors import GenbenchError, Unsuitable
from genbench.records.space import Space

Ends: TypeAlias = tuple[int, float]  # of a call of `batches`: at how many images, and at which share of CPU seconds
Progress = Callable[[int, float], None]  # images seen, share of the budget spent in [0, 1]
State: TypeAlias = "Tensor | float | str | Sequence[State] | Mapping[str, State] | Mapping[int, State] | None"
StateDict: TypeAlias = dict[str, State]  # what torch's modules, optimisers and schedules give and take


class Stateful(Protocol):
    """Whatever keeps its state as torch's modules, optimisers and schedules do."""

    def state_dict(self) -> Mapping[str, State]:
        """The state: tensors and plain values, nested in dicts, lists and tuples."""

    def load_state_dict(self, state_dict: StateDict, /) -> object:
        """Take a state."""


@dataclass(frozen=True)
class Position:
    """Where a fit is between two of its batches, and what it needs to go on from there."""

    seen: int
    """Images so far, repeats included."""
    stage: int
    """Which call of `batches` it is in, from 1."""
    seconds: float
    """Wall seconds so far."""
    curve: Sequence[Mapping[str, float]]
    """The points of the training curve so far."""
    rng: StateDict
    """The state of the generator that shuffles."""
    order: Tensor
    """The rows that come next, of those that are shuffled already: int64 [rows]."""
    cpu: float = 0.0
    """CPU seconds so far, as the process counts its own."""


class Keeper(Protocol):
    """Where the state of a fit's parts is kept from time to time."""

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""

    def register(self, parts: Mapping[str, Stateful]) -> Position | None:
        """Keep these from now on; where an earlier process kept the same, restore them and return its position."""

    def keep(self, position: Position) -> None:
        """Write a checkpoint of all parts, of the random generators and of the position."""

    def restore_generators(self) -> None:
        """Put the random generators to where they were at the newest checkpoint."""


@dataclass
class TrainingData:
    """What `Model.fit` gets: the Space, the train and valid splits, and a budget counted in images.

    Test data are not here. `log` feeds the curve on the model's page.

    Args:
        space: where the data live.
        train, valid: lazily read splits, on the CPU.
        images: the budget: how many training images, repeats included, `batches` hands out.
        device: where `batches` puts them, and where the model's parameters are.
        seed: of the shuffling alone.
        report: called with (images seen, share of the budget spent).
        keeper: where `checkpoint` keeps its parts; None: nowhere.
        cpu: the budget in CPU seconds, if there is one: the fit ends by whichever is spent first.
    """

    space: Space
    train: Split
    valid: Split
    images: int
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    seed: int = 0
    report: Progress = lambda images, share: None
    keeper: Keeper | None = None
    cpu: CpuBudget = field(default_factory=CpuBudget)
    seen: int = field(default=0, init=False)
    curve: list[dict[str, float]] = field(default_factory=list, init=False)
    _started: float = field(default_factory=time.monotonic, init=False)
    _stages: int = field(default=0, init=False)
    _share: float = field(default=0.0, init=False)
    _resumed: Position | None = field(default=None, init=False)

    @property
    def progress(self) -> float:
        """Share of the whole budget spent, in [0, 1], the larger one of two: for schedules, warm-up and averaging."""
        return self.progress_to(self.images)

    def progress_to(self, most: int) -> float:
        """The same of a fit that ends at so many images even so."""
        return min(1.0, max(self.seen / most, self.cpu.share))

    def checkpoint(self, **parts: Stateful) -> None:
        """Keep these parts between batches from time to time, so that a fit that is killed goes on from there.

            optimiser = torch.optim.Adam(self.parameters())
            data.checkpoint(model=self, optimiser=optimiser)
            for x, y in data.batches(128): …

        Call it once, before the first `batches`. Whatever else changes from batch to batch must be in one of the
        parts or follow from `seen` and `progress`: the code before the loop runs again, and the loop goes on in the
        middle. The random generators, the order of the data and the curve are kept by themselves.
        """
        if self.keeper is None:
            return
        self._resumed = self.keeper.register(parts)
        if self._resumed is not None:
            self.seen, self.curve = self._resumed.seen, [dict(point) for point in self._resumed.curve]
            self._started -= self._resumed.seconds
            self.cpu = self.cpu.after(self._resumed.cpu)

    @property
    def seconds_before(self) -> float:
        """Wall seconds that an earlier process spent on this fit before it was killed."""
        return self._resumed.seconds if self._resumed is not None else 0.0

    @property
    def cpu_before(self) -> float:
        """CPU seconds that it took."""
        return self._resumed.cpu if self._resumed is not None else 0.0

    @property
    def seconds(self) -> float:
        """Wall seconds since the fit began, those of an earlier process that was killed included."""
        return time.monotonic() - self._started

    def batches(
        self, size: int, *, share: float = 1.0, most: int | None = None
    ) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Shuffled training batches `(x [size, *shape], y [size] or None)` on the device, until the budget is spent.

        Epochs follow each other without a seam, so every batch is full and each image comes equally often.

        Args:
            size: images a batch.
            share: part of the whole budget that this call may spend, for a model trained in stages.
            most: images of the whole fit at which it ends even so, for a model that overfits; None: none.
        Raises:
            GenbenchError: nothing is left for a single batch, so that a training stage would silently do nothing.
        """
        return ((self._x(rows), self._y(rows)) for rows in self._begun(size, share, most))

    def captioned(
        self, size: int, *, share: float = 1.0, most: int | None = None
    ) -> Iterator[tuple[Tensor, list[str]]]:
        """The same with captions in the place of labels: `(x [size, *shape], size texts)`.

        Raises:
            Unsuitable: the data have no captions.
            GenbenchError: as `batches` does.
        """
        captions = self.train.captions
        if captions is None:
            raise Unsuitable("needs data with captions, such as digits-captions")
        return ((self._x(rows), captions[rows]) for rows in self._begun(size, share, most))

    def _x(self, rows: Tensor) -> Tensor:
        return self.train.x[rows].to(self.device)

    def _y(self, rows: Tensor) -> Tensor | None:
        return None if self.train.y is None else self.train.y[rows].to(self.device)

    def _begun(self, size: int, share: float, most: int | None) -> Iterator[Tensor]:
        """Which rows the batches of a call hold, [size] each."""
        until = min(1.0, self._share + share)
        end = round(until * self.images)
        if most is not None:
            end = min(end, most)
        ends = end, until
        if self._resumed is not None and self._stages < self._resumed.stage:  # begun by an earlier process
            self._share += share
            self._stages += 1
            return self._rest(size, ends, self._resumed) if self._stages == self._resumed.stage else iter(())
        if size < 1 or self.seen + size > end:
            raise GenbenchError(
                f"a training stage got no batches: it asks for {size} images at a time and "
                f"{max(0, end - self.seen)} of {self.images} are left for it"
            )
        if self.cpu.share >= until:
            raise GenbenchError(
                f"a training stage got no batches: {self.cpu.spent:.1f} CPU seconds are spent before it, of "
                f"{until * self.cpu.seconds:.1f} until its end"
            )
        self._share += share
        self._stages += 1
        return self._rows(size, ends, np.random.default_rng((self.seed, self._stages)), np.empty(0, np.int64))

    def _rest(self, size: int, ends: Ends, position: Position) -> Iterator[Tensor]:
        """What is left of a stage that an earlier process had begun, and not finished."""
        rng = np.random.default_rng()
        rng.bit_generator.state = position.rng
        if self.keeper is not None:
            self.keeper.restore_generators()
        yield from self._rows(size, ends, rng, position.order.numpy())

    def _rows(self, size: int, ends: Ends, rng: np.random.Generator, order: NDArray[np.int64]) -> Iterator[Tensor]:
        end, until = ends
        while self.seen + size <= end and self.cpu.share < until:
            if self.keeper is not None and self.keeper.due:
                self.keeper.keep(self._position(rng, order))
            while len(order) < size:
                order = np.concatenate([order, rng.permutation(len(self.train))])
            rows, order = torch.from_numpy(order[:size]), order[size:]
            self.seen += size
            self.report(self.seen, self.progress)
            yield rows

    def _position(self, rng: np.random.Generator, order: NDArray[np.int64]) -> Position:
        state = cast(StateDict, rng.bit_generator.state)
        rows = torch.from_numpy(order.copy())
        return Position(self.seen, self._stages, self.seconds, list(self.curve), state, rows, self.cpu.spent)

    def log(self, **scalars: float) -> None:
        """Add a point to the training curve: named numbers at the present count of images and seconds."""
        values = {name: float(value) for name, value in scalars.items()}
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        self.curve.append({"images": self.seen, "seconds": self.seconds, **finite})


class BestWeights:
    """The weights of a module at its lowest loss so far: likelihood on small data wants an early stop.

        best = genbench.BestWeights(self)
        …
            best.offer(valid_loss)      # each time the loss on valid was computed
        best.restore()                  # after training

    It is a part that `TrainingData.checkpoint` takes.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._state: dict[str, Tensor] = {}
        self.loss = math.inf

    def offer(self, loss: float) -> bool:
        """Keep a copy of the module's state if `loss` is the lowest so far; whether it was."""
        if loss >= self.loss or not math.isfinite(loss):
            return False
        self.loss = loss
        self._state = {name: value.detach().clone() for name, value in self._module.state_dict().items()}
        return True

    def state_dict(self) -> StateDict:
        """The kept weights and their loss, for `TrainingData.checkpoint`."""
        return {"state": self._state, "loss": self.loss}

    def load_state_dict(self, state: StateDict) -> None:
        """Take what `state_dict` gave."""
        self._state, self.loss = cast(dict[str, Tensor], state["state"]), cast(float, state["loss"])

    def restore(self) -> None:
        """Put the kept state back; without one (every loss was NaN) the module stays as it is."""
        if self._state:
            self._module.load_state_dict(self._state)
