"""A dishonest plugin: one slow model, whose work is done by processes that nobody is meant to count."""

import ctypes
import mmap
import os
from typing import ClassVar

import genbench_ddpm
import torch
from torch import Tensor

import genbench

SUBREAPER = 36  # prctl's PR_SET_CHILD_SUBREAPER
CHILD_ENDS, WITHOUT_WAIT = 17, 2  # SIGCHLD; SA_NOCLDWAIT: the kernel does not account for children either
AT_ONCE = 3  # steps that a child of a short life takes


class _Action(ctypes.Structure):
    _fields_: ClassVar = [
        *(("handler", ctypes.c_void_p), ("mask", ctypes.c_byte * 128)),
        *(("flags", ctypes.c_int), ("restorer", ctypes.c_void_p)),
    ]


class Trees(genbench.Model):
    """A DDPM of 60 steps whose samplers cheat on speed: the CPU seconds are another process's."""

    name = "cheat-trees"
    family = genbench.Family.DIFFUSION
    source = "made for the tests: dishonest"
    samplers: ClassVar = {
        name: {"mode": name.replace("-", "_")} for name in ("honest", "daemon", "disowned", "short-lived")
    }

    small: ClassVar = {"steps": 6}  # what it is tried with

    def __init__(self, space: genbench.Space, *, steps: int = 60) -> None:
        super().__init__()
        self.space = space
        self.inner = genbench_ddpm.DDPM(space, steps=steps, width=16 if steps > 6 else 8)
        self.pipes: tuple[int, int] | None = None

    def fit(self, data: genbench.TrainingData) -> None:
        self.inner.fit(data)

    def sample(self, n: int, *, labels: Tensor | None = None, mode: str = "honest") -> Tensor:
        return getattr(self, mode)(n)

    def honest(self, n: int) -> Tensor:
        """All steps, in its own process."""
        return self.inner.sample(n)

    def daemon(self, n: int) -> Tensor:
        """A process in a session of its own, whose parent has ended, draws what it is asked for: cheats on speed."""
        if self.pipes is None:
            questions, answers = os.pipe(), os.pipe()
            if not (child := os.fork()):
                if os.fork():
                    os._exit(0)
                os.setsid()
                self.serve(questions[0], answers[1])
            os.waitpid(child, 0)
            self.pipes = questions[1], answers[0]
        os.write(self.pipes[0], b"%20d %19d\n" % (n, torch.initial_seed()))
        found, size = b"", n * self.space.dim
        while len(found) < size:
            found += os.read(self.pipes[1], size - len(found))
        return torch.frombuffer(bytearray(found), dtype=torch.uint8).long().view(n, *self.space.shape)

    def serve(self, questions: int, answers: int) -> None:
        """Draw until nobody asks any more; never returns."""
        while line := os.read(questions, 41):
            n, seed = map(int, line.split())
            torch.manual_seed(seed)
            drawn, start = bytes(self.inner.sample(n).flatten().to(torch.uint8).tolist()), 0
            while start < len(drawn):
                start += os.write(answers, drawn[start:])
        os._exit(0)

    def disowned(self, n: int) -> Tensor:
        """The same, once it has given up taking in orphans, so that the daemon is somebody else's: cheats on speed."""
        if self.pipes is None:
            ctypes.CDLL(None).prctl(SUBREAPER, 0, 0, 0, 0)
        return self.daemon(n)

    def short_lived(self, n: int) -> Tensor:
        """Children that live shorter than anybody looks take a few steps each, and nobody hears of their end: cheats on
        speed."""
        action = _Action(flags=WITHOUT_WAIT)
        ctypes.CDLL(None).sigaction(CHILD_ENDS, ctypes.byref(action), None)
        x_t = torch.frombuffer(mmap.mmap(-1, 4 * n * self.space.dim), dtype=torch.float32).view(n, *self.space.shape)
        x_t.copy_(torch.randn(x_t.shape))
        for first in range(self.inner.steps, 0, -AT_ONCE):
            reading, writing = os.pipe()
            seed = int(torch.randint(2**62, ()))
            if not os.fork():
                torch.manual_seed(seed)
                x_t.copy_(self.some_steps(x_t, first))
                os._exit(0)
            os.close(writing)
            os.read(reading, 1)  # which ends when the child does
            os.close(reading)
        return self.inner.integers(x_t.clone())

    def some_steps(self, x_t: Tensor, first: int) -> Tensor:
        """A few of the steps of algorithm 2."""
        own = self.inner
        for t in range(first, max(0, first - AT_ONCE), -1):
            x_t = own.posterior_mean(own.predicted(x_t, t), x_t, t)
            if t > 1:
                x_t = x_t + own.sigma2[t].sqrt() * torch.randn_like(x_t)
        return x_t


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Trees]
