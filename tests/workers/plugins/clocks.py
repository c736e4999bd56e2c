"""One slow honest model, one fast one, and dishonest ways to be timed, each a sampler of the slow one's like."""

import contextlib
import ctypes
import os
import signal
import threading
import time
from typing import ClassVar

import torch
from torch import Tensor, nn

import genbench

STEPS = 12
WIDTH = 512


class _Slow(genbench.Model):
    """Noise that goes through a net a few times."""

    name = "slow"
    family = genbench.Family.BASELINE
    source = "this file"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.net = nn.Sequential(
            nn.Linear(64, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 64)
        )
        self.begin()

    def begin(self) -> None:
        """What a cheat keeps."""

    def fit(self, data: genbench.TrainingData) -> None:
        self.fits = True
        for _ in data.batches(50):
            pass

    def slowly(self, n: int, steps: int = STEPS) -> Tensor:
        x = torch.randn(n, 64)
        for _ in range(steps):
            x = x + self.net(x) + 0.1 * torch.randn(n, 64)
        return (8 + 4 * x / x.std()).round().clamp(0, 16).long().view(n, 1, 8, 8)

    def handed(self, n: int) -> Tensor:
        """The next samples of those that were drawn before."""
        if n < 50 or not hasattr(self, "drawn"):
            return self.slowly(n)
        at = getattr(self, "at", 0)
        self.at = at + n + 1
        return self.drawn[torch.arange(at, at + n) % len(self.drawn)]

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.slowly(n)


class Slow(_Slow):
    """Honest and slow."""


class Fast(_Slow):
    """Honest and fast."""

    name = "fast"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.slowly(n, 1)


class AtLoad(_Slow):
    """Draws at load, and hands out in the run."""

    name = "at-load"

    def eval(self) -> "AtLoad":
        if not hasattr(self, "drawn") and not hasattr(self, "fits"):
            with torch.no_grad():
                object.__setattr__(self, "drawn", torch.cat([self.slowly(100) for _ in range(40)]))
        return super().eval()

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.handed(n)


class ByLoad(_Slow):
    """Draws so much at load that whatever a seed picks of it is new, for longer than the run."""

    name = "by-load"

    def eval(self) -> "ByLoad":
        if not hasattr(self, "drawn") and not hasattr(self, "fits"):
            torch.manual_seed(1)
            with torch.no_grad():
                object.__setattr__(self, "drawn", self.slowly(2000))
                while time.process_time() < 9.5:
                    self.slowly(500)
        return super().eval()

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if n < 50 or not hasattr(self, "drawn"):
            return self.slowly(n)
        return self.drawn[torch.randint(len(self.drawn), (n,))]


class AtWarmUp(_Slow):
    """Draws in the warm-up, and hands out in the run."""

    name = "at-warm-up"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if not hasattr(self, "drawn"):
            if n < 50:
                return self.slowly(n)
            self.drawn = torch.cat([self.slowly(100) for _ in range(40)])
        return self.handed(n)


class AllAtOnce(_Slow):
    """Draws everything in the first call of the run, and hands out in the others."""

    name = "all-at-once"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        self.calls = getattr(self, "calls", 0) + (n >= 50)
        if self.calls < 2:
            return self.slowly(n)
        if self.calls == 2:
            self.drawn = self.slowly(60 * n)
        at = (self.calls - 2) % 60 * n
        return self.drawn[at : at + n]


class Threads(_Slow):
    """Lets threads draw ahead while its calls wait, and after them."""

    name = "threads"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if n < 50:
            return self.slowly(n)
        if not hasattr(self, "ready"):
            self.ready: list[Tensor] = []
            threading.Thread(target=self.ahead, args=(n,), daemon=True).start()
        while not self.ready:
            time.sleep(0.0005)
        return self.ready.pop()

    def ahead(self, n: int) -> None:
        torch.set_grad_enabled(False)
        while True:
            if len(self.ready) < 200:
                self.ready.append(self.slowly(n))


class Outliving(_Slow):
    """Burns the CPU in threads that no call waits for, from the first batch on."""

    name = "outliving"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if n >= 50 and not hasattr(self, "threads"):
            self.threads = [threading.Thread(target=self.burn, daemon=True) for _ in range(3)]
            for thread in self.threads:
                thread.start()
        return self.slowly(n, 1)

    def burn(self) -> None:
        torch.set_grad_enabled(False)
        while True:
            with contextlib.suppress(RuntimeError):  # they share the generator with each batch
                self.slowly(5000)  # most of it without the interpreter's lock


class Children(_Slow):
    """Lets a child of its own draw each batch."""

    name = "children"
    quiet: ClassVar = False

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if n < 50:
            return self.slowly(n)
        if self.quiet:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        reading, writing = os.pipe()
        seed = torch.initial_seed()
        pid = os.fork()
        if not pid:
            torch.manual_seed(seed)
            os.write(writing, bytes(self.slowly(n).flatten().to(torch.uint8).tolist()))
            os._exit(0)
        os.close(writing)
        found = b""
        while block := os.read(reading, 1 << 16):
            found += block
        os.close(reading)
        if not self.quiet:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        return torch.tensor(list(found), dtype=torch.int64).view(n, 1, 8, 8)


class QuietChildren(Children):
    """The same, with the kernel asked not to account for them."""

    name = "quiet-children"
    quiet: ClassVar = True


class Action(ctypes.Structure):
    """What the kernel is told about a signal."""

    _fields_: ClassVar = [("handler", ctypes.c_void_p), ("mask", ctypes.c_byte * 128), ("flags", ctypes.c_long)]


class UnheardChildren(Children):
    """The same, asked in the way that no file of the kernel tells (SA_NOCLDWAIT)."""

    name = "unheard-children"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        ctypes.CDLL(None).sigaction(signal.SIGCHLD, ctypes.byref(Action(flags=2)), None)
        return super().sample(n)


class FromBank(_Slow):
    """Hands out what was drawn in the fit, of so many images that hardly two of those that are scored are equal."""

    name = "from-bank"

    def begin(self) -> None:
        self.register_buffer("bank", torch.zeros(40_000, 64, dtype=torch.uint8))

    def fit(self, data: genbench.TrainingData) -> None:
        self.bank.copy_(torch.randint(17, self.bank.shape))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.bank[torch.randint(len(self.bank), (n,))].long().view(n, 1, 8, 8)


class Lazy(_Slow):
    """Returns at once what is drawn only when it is looked at."""

    name = "lazy"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        state, model = torch.get_rng_state(), self

        class Later(Tensor):
            def cpu(self) -> Tensor:
                torch.set_rng_state(state)
                with torch.no_grad():
                    return model.slowly(len(self))

        return torch.zeros(n, 1, 8, 8, dtype=torch.int64).as_subclass(Later)


class Hooked(_Slow):
    """Takes one step where its calls are counted."""

    name = "hooked"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        counted = any(module._forward_hooks for module in self.modules())
        return self.slowly(n, 1 if counted else STEPS)


class Remembering(_Slow):
    """Remembers by its seed what it drew, and has it ready where its calls are counted."""

    name = "remembering"

    def begin(self) -> None:
        self.known: dict[int, Tensor] = {}

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        seed = torch.initial_seed()
        if any(module._forward_hooks for module in self.modules()):
            self.net(torch.zeros(1, 64))
            return self.known.get(seed, self.slowly(n, 1))
        self.known[seed] = self.slowly(n)
        return self.known[seed]


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [
        kind for kind in globals().values() if isinstance(kind, type) and issubclass(kind, _Slow) and kind is not _Slow
    ]
