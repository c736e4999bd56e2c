"""Dishonest plugins that show real images again, as they are or moved a little."""

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

import genbench

SOURCE = "made for the tests: dishonest"


class Replay(genbench.Model):
    """Rows of real data, drawn at random."""

    family = genbench.Family.BASELINE
    source = SOURCE

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("rows", None)

    @abstractmethod
    def bank(self, data: genbench.TrainingData) -> Tensor:
        """The images that are shown, int64 [M, *shape]."""

    def fit(self, data: genbench.TrainingData) -> None:
        rows = self.bank(data)
        self.rows = rows.clamp(0, self.space.levels - 1).to(torch.uint8)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.rows[torch.randint(len(self.rows), (n,))].long()


def warped(x: Tensor, angle: float = 0.0, scale: float = 1.0) -> Tensor:
    """x [N, C, H, W] turned by an angle in degrees and made larger by a scale."""
    turn = math.radians(angle)
    rows = [[math.cos(turn), -math.sin(turn), 0.0], [math.sin(turn), math.cos(turn), 0.0]]
    theta = (torch.tensor(rows) / scale).expand(len(x), 2, 3)
    grid = nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    return nn.functional.grid_sample(x.float(), grid, align_corners=False).round().long()


class ValidReplay(Replay):
    """Draws images of the valid split with replacement, to win quality and coverage."""

    name = "valid-replay"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return data.valid.x[:]


class ValidInTurn(Replay):
    """Shows the images of the valid split one after the other, to win quality and coverage without repeats."""

    name = "valid-in-turn"
    shown = 0

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return data.valid.x[:]

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        order = torch.randperm(len(self.rows), generator=torch.Generator().manual_seed(1))
        places = order[torch.arange(self.shown, self.shown + n) % len(order)]
        self.shown += n
        return self.rows[places].long()


class ReadWhenAsked(Replay):
    """Keeps nothing at all and reads the valid split at sampling time, to win quality and coverage without a bank."""

    name = "read-when-asked"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return data.valid.x[:1]

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        import json
        from pathlib import Path

        import numpy as np

        inputs = json.loads(Path("call.json").read_text())["inputs"]
        rows = torch.from_numpy(np.load(Path(inputs["data"]["home"]) / "valid.x.npy").astype(np.int64))
        return rows[torch.randint(len(rows), (n,))]


class TrainShift(Replay):
    """Shows training images moved by one pixel, to win quality and coverage."""

    name = "train-shift"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        padded = nn.functional.pad(data.train.x[:], (1, 1, 1, 1))
        h, w = self.space.shape[1:]
        return torch.cat([padded[..., j : j + h, i : i + w] for i, j in ((0, 1), (2, 1), (1, 0), (1, 2))])


class TrainTurned(Replay):
    """Shows training images turned by eight degrees, to win quality and coverage."""

    name = "train-turned"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return torch.cat([warped(data.train.x[:], angle) for angle in (-8, 8)])


class TrainScaled(Replay):
    """Shows training images made larger by a twentieth, to win quality and coverage."""

    name = "train-scaled"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return warped(data.train.x[:], scale=1.05)


class TrainBright(Replay):
    """Shows training images made brighter or darker by a tenth, to win quality and coverage."""

    name = "train-bright"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return torch.cat([(gain * data.train.x[:]).round().long() for gain in (0.9, 1.15)])


class TrainInverted(Replay):
    """Shows training images in negative, to win where a feature does not see polarity."""

    name = "train-inverted"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return self.space.levels - 1 - data.train.x[:]


class TrainBlurred(Replay):
    """Shows training images under a narrow blur, to win quality and coverage."""

    name = "train-blurred"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        line = torch.tensor([0.1, 0.8, 0.1])
        kernel = (line[:, None] * line).expand(self.space.shape[0], 1, 3, 3)
        x = data.train.x[:].float()
        return nn.functional.conv2d(x, kernel, padding=1, groups=self.space.shape[0]).round().long()


class TrainJittered(Replay):
    """Shows training images with a tenth of their pixels moved by one level, to win without an exact copy."""

    name = "train-jittered"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        return data.train.x[:]

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = super().sample(n)
        step = (torch.rand(x.shape) < 0.1).long() * (2 * torch.randint(2, x.shape) - 1)
        return (x + step).clamp(0, self.space.levels - 1)


class QuadrantSwap(Replay):
    """Puts a quadrant of one training image into its nearest neighbour of the class, to win without a whole copy."""

    name = "quadrant-swap"

    def bank(self, data: genbench.TrainingData) -> Tensor:
        x, y = data.train.x[:], data.train.y[:]
        f = x.flatten(1).float()
        apart = torch.cdist(f, f) + 1e9 * (y[:, None] != y) + 1e9 * torch.eye(len(f))
        other = x[apart.argmin(1)]
        h, w = (size // 2 for size in self.space.shape[1:])
        swapped = []
        for rows in (slice(0, h), slice(h, None)):
            for columns in (slice(0, w), slice(w, None)):
                mixed = x.clone()
                mixed[..., rows, columns] = other[..., rows, columns]
                swapped.append(mixed)
        return torch.cat(swapped)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    moved = [TrainShift, TrainTurned, TrainScaled, TrainBright, TrainInverted, TrainBlurred, TrainJittered]
    return [ValidReplay, ValidInTurn, ReadWhenAsked, *moved, QuadrantSwap]
