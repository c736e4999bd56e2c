"""Dishonest plugins that hand out images which were drawn in the fit, of so many that none comes again soon."""

from typing import ClassVar

import genbench_ddpm
import torch
from torch import Tensor

import genbench

BATCH = 500


class Bank(genbench.Model):
    """A DDPM that draws its samples in the fit, in as many CPU seconds as it takes; each subclass hands them out.

    Args:
        drawn: images in the bank.
    """

    family = genbench.Family.DIFFUSION
    source = "made for the tests: dishonest"

    small: ClassVar = {"drawn": 40}  # what it is tried with

    def __init__(self, space: genbench.Space, *, drawn: int = 60_000) -> None:
        super().__init__()
        self.space = space
        self.inner = genbench_ddpm.DDPM(space, steps=250 if drawn > BATCH else 3, width=16 if drawn > BATCH else 8)
        self.register_buffer("bank", torch.zeros(drawn, *space.shape, dtype=torch.uint8))

    def fit(self, data: genbench.TrainingData) -> None:
        self.inner.fit(data)
        self.eval()
        with torch.no_grad():
            for rows in self.bank.split(BATCH):
                rows.copy_(self.inner.sample(len(rows), method="ddim", steps=25))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.bank[torch.randperm(len(self.bank))[torch.arange(n) % len(self.bank)]].long()


class LargeBank(Bank):
    """Hands them out as they are: cheats on speed."""

    name = "large-bank"


class LargeBankJittered(Bank):
    """Hands them out with a few pixels moved: cheats on speed without an exact repeat."""

    name = "large-bank-jittered"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = super().sample(n)
        step = (torch.rand(x.shape) < 0.1).long() * (2 * torch.randint(2, x.shape) - 1)
        return (x + step).clamp(0, self.space.levels - 1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [LargeBank, LargeBankJittered]
