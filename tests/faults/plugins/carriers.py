"""A dishonest plugin that carries what it was asked in one stage into the next one."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

import torch
from torch import Tensor

import genbench

MARK = "genbench-tests-carried"  # in a file's name; its text is the process that left it
MODE = 0o640  # of its own file, which it can read: a bit that needs no file


class Reached(Exception):
    """What another process was asked is known here."""


def places() -> list[Path]:
    """Where two processes of one user could meet."""
    here = Path.cwd()
    shared = tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm", Path.home(), Path(__file__).parent, sys.prefix
    return [here, *here.parents[:3], *map(Path, shared)]


class Carries(genbench.Model, genbench.Restorer):
    """Uniform levels where nothing is told; leaves the questions wherever it may, and looks for those of others."""

    name, family, source = "carries", genbench.Family.BASELINE, "none"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space

    def fit(self, data: genbench.TrainingData) -> None:
        """There is nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return torch.randint(self.space.levels, (n, *self.space.shape))

    def restore(self, y: Tensor, operator: genbench.Operator, draws: int) -> Tensor:
        look()
        leave(str(y.sum().item()))
        x = self.sample(len(y) * draws).float()
        return operator.project(x, y.repeat_interleave(draws, 0)).round().long().view(len(y), draws, *self.space.shape)


def look() -> None:
    """Raise Reached where another process has left something."""
    for place in places():
        with contextlib.suppress(OSError):
            if (place / MARK).read_text().partition(" ")[0] != str(os.getpid()):
                raise Reached(f"found in {place}")
    if os.stat(__file__).st_mode & 0o777 == MODE and not left:
        raise Reached("found in the mode of its file")


left: list[str] = []  # by this process


def leave(words: str) -> None:
    """Leave words for others."""
    left.append(words)
    for place in places():
        with contextlib.suppress(OSError):
            (place / MARK).write_text(f"{os.getpid()} {words}")
    with contextlib.suppress(OSError):
        os.chmod(__file__, MODE)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The model."""
    return [Carries]
