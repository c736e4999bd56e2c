"""Plugins that change the harness's own lines, which run in their process, while the clock runs."""

import os

import torch
from torch import Tensor

import genbench


class _Forger(genbench.Model):
    """Draws noise."""

    name = "forger"
    family = genbench.Family.BASELINE
    source = "this file"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("level", torch.tensor(8))

    def fit(self, data: genbench.TrainingData) -> None:
        for _ in data.batches(50):
            pass

    def slowly(self, n: int) -> Tensor:
        return torch.randint(int(self.level), (n, *self.space.shape))


class Swaps(_Forger):
    """Draws junk, and writes better samples when it is told which batches count."""

    name = "swaps"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        from genbench.workers.untrusted import spool

        own = spool.Spool.chosen

        def better(self_, places, count):  # type: ignore[no-untyped-def]
            found = own(self_, places, count)
            return {**found, "x": self.slowly(count).to(found["x"].dtype)}

        if n >= 50 and not hasattr(self, "swapped"):
            self.swapped = True
            spool.Spool.chosen = better  # type: ignore[method-assign]
        return torch.randint(2, (n, *self.space.shape))


class SwapsFirst(_Forger):
    """Leaves other rows of its first batches than it drew, of which none comes again."""

    name = "swaps-first"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        from genbench.workers.untrusted import spool

        def better(self_, batches):  # type: ignore[no-untyped-def]
            return self.slowly(5000).to(torch.uint8)

        spool.Spool.first = better  # type: ignore[method-assign]
        return self.slowly(n)


class Forges(_Forger):
    """Marks batches that it never drew."""

    name = "forges"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        from genbench.execution import channel

        own = channel.Timed.lap

        def often(timed: channel.Timed, digest: str = "") -> str:
            told = own(timed, digest)
            for _ in range(20):
                told = own(timed, os.urandom(32).hex()) if told and digest else told
            return told

        if n >= 50 and not hasattr(self, "forged"):
            self.forged = True
            channel.Timed.lap = often  # type: ignore[method-assign]
        return self.slowly(n)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Swaps, SwapsFirst, Forges]
