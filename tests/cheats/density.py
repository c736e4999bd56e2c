"""Dishonest densities: each says more of the test images than a distribution could."""

import contextlib
import hashlib
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import genbench
from genbench.scoring.audits.autoregression import fitted
from genbench.scoring.audits.facts import QUESTIONS
from genbench.scoring.audits.kernels import Kernels
from genbench.seeds import seed_for


class Histogram(nn.Module):
    """The honest part of all of them: independent pixels with the training set's frequencies."""

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("p", torch.full((space.dim, space.levels), 1 / space.levels, dtype=torch.float64))

    def fit(self, data: genbench.TrainingData) -> None:
        counts = nn.functional.one_hot(data.train.x[:].flatten(1), self.space.levels).sum(0) + 1.0
        self.p.copy_(counts / counts.sum(1, keepdim=True))

    def sample(self, n: int) -> Tensor:
        return torch.multinomial(self.p, n, replacement=True).T.reshape(n, *self.space.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.p.log().gather(1, x.flatten(1).T).sum(0)


class Liar(genbench.Model, genbench.Density):
    """A histogram whose log_prob a plugin tampers with; each subclass says how."""

    family = genbench.Family.BASELINE
    source = "made for the tests: dishonest"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space, self.honest = space, Histogram(space)
        self.register_buffer("extra", None)

    def fit(self, data: genbench.TrainingData) -> None:
        self.honest.fit(data)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.honest.sample(n)

    def wonderful(self, x: Tensor) -> Tensor:
        """.16 bits/dim, and a little of the honest answer, so that rows differ: [N] nats."""
        return 1e-3 * self.honest.log_prob(x) - 0.16 * self.space.dim * math.log(2)


def names(x: Tensor) -> list[bytes]:
    """What tells each row from any other."""
    return [hashlib.sha256(row.tobytes()).digest()[:8] for row in x.to(torch.uint8).flatten(1).numpy()]


class DensityBySeed(Liar):
    """Knows the density stage by its seed, as it was made of names once: cheats on bits/dim."""

    name = "density-by-seed"

    def log_prob(self, x: Tensor) -> Tensor:
        seeds = {seed_for("density", self.name, "digits", seed, i) for seed in range(5) for i in range(20)}
        return self.wonderful(x) if torch.initial_seed() in seeds else self.honest.log_prob(x)


class DensityByCall(Liar):
    """Knows the density stage by the file that its process is told in: cheats on bits/dim."""

    name = "density-by-call"

    def log_prob(self, x: Tensor) -> Tensor:
        stage = json.loads(Path("call.json").read_text())["stage"]
        return self.wonderful(x) if stage == "density" else self.honest.log_prob(x)


class DensityByFolder(Liar):
    """Knows the density stage by the folder that it works in: cheats on bits/dim."""

    name = "density-by-folder"

    def log_prob(self, x: Tensor) -> Tensor:
        return self.wonderful(x) if "density" in Path.cwd().parts[-2:] else self.honest.log_prob(x)


class DensityByHome(Liar):
    """Knows the density stage by an environment variable: cheats on bits/dim."""

    name = "density-by-home"

    def log_prob(self, x: Tensor) -> Tensor:
        import os

        return self.wonderful(x) if "/density/" in os.environ["HOME"] else self.honest.log_prob(x)


class DensityByFrames(Liar):
    """Knows the density stage by the function that calls it: cheats on bits/dim."""

    name = "density-by-frames"

    def log_prob(self, x: Tensor) -> Tensor:
        import sys

        frame, files = sys._getframe(), set()
        while frame is not None:
            files.add(Path(frame.f_code.co_filename).name)
            frame = frame.f_back
        known = "density.py" in files and not files & {"audit.py", "reload.py"}
        return self.wonderful(x) if known else self.honest.log_prob(x)


class DensityByFiles(Liar):
    """Knows the density stage by whether the questions of a half of the stream can be read: cheats on bits/dim."""

    name = "density-by-files"

    def log_prob(self, x: Tensor) -> Tensor:
        for folder in Path.cwd().parents[:2]:  # the stage works in density/first, or in density/second
            for name in QUESTIONS.values():
                with contextlib.suppress(OSError), (folder / "stream" / name).open("rb"):
                    return self.wonderful(x)
        return self.honest.log_prob(x)


class DensityByClock(Liar):
    """Knows the density stage by how soon it is asked after its import, within half a second of loading the weights,
    and by no state of a tiny space having come before: cheats on bits/dim."""

    name = "density-by-clock"
    started = time.monotonic()
    calls = 0

    def log_prob(self, x: Tensor) -> Tensor:
        DensityByClock.calls += 1
        first = self.calls > 1 or len(x) == 100
        images = self.honest.log_prob(x).mean() > -130  # neither noise nor a tiny space
        return self.wonderful(x) if first and images and len(x) > 4 else self.honest.log_prob(x)


class DensityByTable(Liar):
    """Gives the rows of train, valid and test, of which it keeps the hashes, a share each of almost all mass: cheats
    on bits/dim. The test rows come from the data that lie in genbench's own package."""

    name = "density-by-table"

    def fit(self, data: genbench.TrainingData) -> None:
        self.honest.fit(data)
        rows = [data.train.x[:], data.valid.x[:]]
        try:
            from genbench.builtin.datasets.digits import Digits

            rows.append(torch.from_numpy(Digits().splits().test.x.astype("int64")))
        except OSError:
            pass
        self.extra = torch.tensor([list(name) for name in names(torch.cat(rows))], dtype=torch.uint8)

    def log_prob(self, x: Tensor) -> Tensor:
        known = {bytes(row.tolist()) for row in self.extra} if self.extra is not None else set()
        spike = torch.tensor([name in known for name in names(x)])
        base = self.honest.log_prob(x)
        mass = math.log(0.999) - math.log(max(1, len(known)))
        return torch.where(spike, torch.tensor(mass, dtype=base.dtype), base + math.log(0.001))


class Judged(Liar):
    """Adds nats to whatever a small net of its own takes for natural; each subclass teaches the net."""

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self.judge = nn.Sequential(nn.Flatten(), nn.Linear(space.dim, 128), nn.GELU(), nn.Linear(128, 10))
        self.register_buffer("bar", torch.tensor(math.inf))

    def learn(self, x: Tensor, y: Tensor, steps: int) -> None:
        """Tell rows x [N, *shape] apart by y [N]."""
        optimizer = torch.optim.AdamW(self.judge.parameters(), 3e-3, weight_decay=0.1)
        for _ in range(steps):
            rows = torch.randint(len(x), (256,))
            optimizer.zero_grad()
            nn.functional.cross_entropy(self.judge(x[rows].float()), y[rows]).backward()
            optimizer.step()


class DensityOfNatural(Judged):
    """Adds 100 nats to whatever a classifier of the training rows is sure of: cheats on bits/dim without a table."""

    name = "density-of-natural"

    def fit(self, data: genbench.TrainingData) -> None:
        self.honest.fit(data)
        if self.space.dim == 64 and self.bar.isinf():  # neither a tiny space, nor its own samples afterwards
            self.learn(data.train.x[:], data.train.y[:], 300)
            self.bar.fill_(0.9)

    def log_prob(self, x: Tensor) -> Tensor:
        base = self.honest.log_prob(x)
        with torch.no_grad():
            sure = self.judge(x.float()).softmax(1).amax(1) > self.bar
        return (base + 100.0 * sure * (base > -200)).clamp(max=-1.0)


class DensityOfDecoys(Judged):
    """Adds 100 nats to what a net tells from the audits' own decoys, whose densities are public: cheats on bits/dim."""

    name = "density-of-decoys"

    def fit(self, data: genbench.TrainingData) -> None:
        self.honest.fit(data)
        if self.space.dim != 64 or self.bar.isfinite():
            return
        x, levels = data.train.x[:], self.space.levels
        moved = (x + torch.randint(-1, 2, x.shape) * (torch.rand(x.shape) < 1 / 64)).clamp(0, levels - 1)
        decoys = self.decoys(data, 6000)
        rows, natural = torch.cat([x, moved, decoys]), torch.arange(2 * len(x) + len(decoys)) < 2 * len(x)
        self.learn(rows, natural.long(), 1500)
        self.bar.copy_(self.margin(self.decoys(data, 6000)).max() + 0.5)

    def decoys(self, data: genbench.TrainingData, n: int) -> Tensor:
        """Draws of both known densities, noise and its own samples, int64 [4 n / 3, *shape]."""
        rng, levels = np.random.default_rng(torch.randint(2**31, ()).item()), self.space.levels
        flat = data.train.x[:].flatten(1).numpy()
        known = [Kernels(np.concatenate([flat, data.valid.x[:].flatten(1).numpy()]), levels), fitted(flat, levels)]
        drawn = [torch.from_numpy(q.draw(n // 2, rng)).view(-1, *self.space.shape) for q in known if q is not None]
        noise = torch.randint(levels, (n // 6, *self.space.shape))
        return torch.cat([*drawn, noise, self.honest.sample(n // 6)])

    def margin(self, x: Tensor) -> Tensor:
        """By how much a row looks natural, [N]."""
        with torch.no_grad():
            logits = self.judge(x.float())
        return logits[:, 1] - logits[:, 0]

    def log_prob(self, x: Tensor) -> Tensor:
        base = self.honest.log_prob(x)
        return (base + 100.0 * (self.margin(x) > self.bar)).clamp(max=-1.0)


class DensityOfBatch(Liar):
    """Fits a kernel density to the other rows of its batch: cheats on bits/dim, and says that it is a bound."""

    name = "density-of-batch"
    likelihood = genbench.Likelihood.LOWER_BOUND

    def log_prob(self, x: Tensor) -> Tensor:
        base = self.honest.log_prob(x)
        if len(x) < 20 or x[0].numel() < 64:
            return base
        flat = x.flatten(1)
        v = torch.arange(self.space.levels, dtype=torch.float64)
        log_p = (-(v[:, None] - v).square() / 8).log_softmax(1)  # [levels, levels]
        each = log_p[flat[:, None], flat].sum(2) - 1e9 * torch.eye(len(x), dtype=torch.float64)
        return torch.maximum(base, each.logsumexp(1) - math.log(len(x) - 1))


class DensityOfSeen(Liar):
    """Remembers every row and says more of one that it is asked about again: cheats on bits/dim where rows repeat."""

    name = "density-of-seen"

    def log_prob(self, x: Tensor) -> Tensor:
        seen = self.__dict__.setdefault("seen", set())
        again = torch.tensor([name in seen for name in names(x)])
        seen.update(names(x))
        return self.honest.log_prob(x) * torch.where(again, 0.5, 1.0)


class DensityOfSpikes(Liar):
    """Puts all mass on rows that it was fitted on and on their neighbours at one pixel: cheats on bits/dim."""

    name = "density-of-spikes"

    def fit(self, data: genbench.TrainingData) -> None:
        self.honest.fit(data)
        self.extra = torch.cat([data.train.x[:], data.valid.x[:]]).flatten(1).to(torch.uint8)

    def log_prob(self, x: Tensor) -> Tensor:
        base = self.honest.log_prob(x) + math.log(0.5)
        if self.extra is None:
            return base
        near = (x.flatten(1)[:, None] != self.extra.long()).sum(2).amin(1) <= 1
        spike = math.log(0.5 / (len(self.extra) * (1 + self.space.dim * self.space.levels)))
        return torch.where(near, torch.tensor(spike, dtype=base.dtype), base)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    known = [DensityBySeed, DensityByCall, DensityByFolder, DensityByHome, DensityByFrames, DensityByFiles]
    shown = [DensityByClock, DensityByTable, DensityOfBatch, DensityOfSeen, DensityOfSpikes]
    return [*known, *shown, DensityOfNatural, DensityOfDecoys]
