"""Dishonest plugins that hide what their training cost."""

import contextlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import genbench

SOURCE = "made for the tests: dishonest"
LATENT = 16
NOTE = Path("/dev/shm/genbench-tests-weights")


class Generator(nn.Module):
    """A linear autoencoder with Gaussian codes: cheap, learnt by steps, and good for nothing else."""

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.encode = nn.Linear(space.dim, LATENT)
        self.decode = nn.Sequential(nn.Linear(LATENT, 64), nn.GELU(), nn.Linear(64, space.dim))
        self.register_buffer("scale", torch.eye(LATENT))

    def learn(self, batches: Any) -> None:
        optimizer = torch.optim.Adam(self.parameters(), 2e-3)
        for x in batches:
            seen = x.flatten(1).float()
            loss = (self.decode(self.encode(seen)) - seen).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            self.scale.copy_(torch.linalg.cholesky(self.encode(seen).T.cov() + 1e-2 * torch.eye(LATENT)))

    def sample(self, n: int) -> Tensor:
        x = self.decode(torch.randn(n, LATENT) @ self.scale.T)
        return x.round().clamp(0, self.space.levels - 1).long().view(n, *self.space.shape)


class Bent(genbench.Model):
    """Trains the generator on more, or elsewhere, than it says."""

    family = genbench.Family.BASELINE
    source = SOURCE

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.inner = Generator(space)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.inner.sample(n)


class Uncounted(Bent):
    """Trains on rows that it indexes itself, so that it took no image: cheats on the budget."""

    name = "uncounted"

    def fit(self, data: genbench.TrainingData) -> None:
        x = data.train.x[:]
        self.inner.learn(x[torch.randint(len(x), (100,))] for _ in range(3 * data.images // 100))


class Stretched(Bent):
    """Triples its own budget, and says afterwards that it took a third: cheats on the budget."""

    name = "stretched"

    def fit(self, data: genbench.TrainingData) -> None:
        told, data.images = data.images, 3 * data.images
        self.inner.learn(x for x, _ in data.batches(100))
        data.seen = told


class FitLater(Bent):
    """Returns from its fit at once and trains while its state is saved, off the clock: cheats on fit time."""

    name = "fit-later"
    data: Any = None

    def fit(self, data: genbench.TrainingData) -> None:
        self.data = data

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        if self.data is not None:
            data, self.data = self.data, None
            with torch.enable_grad():
                self.inner.learn(x for x, _ in data.batches(100))
        return super().state_dict(*args, **kwargs)


class NoParameters(Bent):
    """Keeps what it has learnt in buffers, which nobody counts: cheats on parameters."""

    name = "no-parameters"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self._bury()

    def _bury(self) -> None:
        for module in self.inner.modules():
            for name, parameter in list(module._parameters.items()):
                del module._parameters[name]
                module.register_buffer(name, parameter.data if parameter is not None else None)

    def fit(self, data: genbench.TrainingData) -> None:
        learning = Generator(data.space)
        learning.learn(x for x, _ in data.batches(100))
        self.inner.load_state_dict(learning.state_dict())


class TrainsAtLoad(Bent):
    """Trains on the rows that a later stage may read, before its clock starts: cheats on the budget."""

    name = "trains-at-load"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self.late = Generator(space)  # of which the checkpoint holds nothing but its first weights
        self.ready = False

    def fit(self, data: genbench.TrainingData) -> None:
        self.ready = True
        self.inner.learn(x for x, _ in itertools.islice(data.batches(100), 20))

    def eval(self) -> "TrainsAtLoad":
        if not self.ready:
            self.ready = True
            with contextlib.suppress(OSError), torch.enable_grad():
                inputs = json.loads(Path("call.json").read_text())["inputs"]
                x = torch.from_numpy(np.load(Path(inputs["data"]["home"]) / "train.x.npy").astype(np.int64))
                torch.manual_seed(1)
                self.late.learn(x[torch.randint(len(x), (100,))] for _ in range(3000))
                self.trained = True
        return super().eval()

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.late.sample(n) if n > 8 and hasattr(self, "trained") else self.inner.sample(n)


class CarriesOn(Bent):
    """Leaves what it has learnt in shared memory, and goes on from there with the next seed: cheats on the budget."""

    name = "carries-on"

    def fit(self, data: genbench.TrainingData) -> None:
        with contextlib.suppress(OSError):
            self.inner.load_state_dict(torch.load(NOTE, weights_only=True))
        self.inner.learn(x for x, _ in data.batches(100))
        with contextlib.suppress(OSError, RuntimeError):
            torch.save(self.inner.state_dict(), NOTE)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Uncounted, Stretched, FitLater, NoParameters, TrainsAtLoad, CarriesOn]
