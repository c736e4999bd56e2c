"""A dishonest plugin: one slow model, one fit, and as many ways to be timed as something else as it has samplers."""

import os
import sys
import threading
import time
from typing import Any, ClassVar

import genbench_ddpm
import torch
from torch import Tensor

import genbench
from genbench.execution.channel import Markers, Timed

BANK = 3000  # images that are drawn in the fit, unless it is told otherwise


def arguments() -> dict[str, Any]:
    """The sampler's inputs, found in the frames of whoever calls; {} where nobody samples."""
    frame = sys._getframe()
    while frame is not None:
        inputs = frame.f_locals.get("inputs")
        if hasattr(inputs, "sampler") and hasattr(inputs, "count"):
            return {"sampler": inputs.sampler, "count": inputs.count, "batch": inputs.batch}
        frame = frame.f_back
    return {}


class Lazy(Tensor):
    """Images that are drawn where somebody joins them, which is after the clock has stopped."""

    @staticmethod
    def of(n: int, shape: tuple[int, ...], draw: Any) -> "Lazy":
        made = torch.zeros(n, *shape, dtype=torch.long).as_subclass(Lazy)
        made.draw = draw
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.cat:
            return torch.cat([x.draw().to(torch.uint8) if isinstance(x, Lazy) else x for x in args[0]])
        found = super().__torch_function__(func, types, args, kwargs or {})
        if isinstance(found, Lazy):
            found.draw = next(x.draw for x in args if isinstance(x, Lazy))
        return found


class Clock(genbench.Model):
    """A DDPM of 60 steps whose samplers cheat on speed, on latency, on NFE or on memory, each in its own way."""

    name = "cheat-clock"
    family = genbench.Family.DIFFUSION
    source = "made for the tests: dishonest"
    samplers: ClassVar = {
        name: {"mode": name.replace("-", "_")}
        for name in (
            "honest",
            "from-bank",
            "bank-jittered",
            "bank-in-weights",
            "load",
            "warm-up",
            "ahead",
            "lazy",
            "early-done",
            "nfe",
            "nfe-unseen",
            "one-at-a-time",
            "in-the-latency",
            "child",
            "threads",
            "own-clock",
            "at-the-end",
        )
    }

    small: ClassVar = {"steps": 3, "drawn": 2}  # what it is tried with

    def __init__(self, space: genbench.Space, *, steps: int = 60, drawn: int = 250) -> None:
        super().__init__()
        self.space, self.drawn = space, drawn
        self.inner = genbench_ddpm.DDPM(space, steps=steps, width=16 if steps > 3 else 8)
        self.register_buffer("bank", None)
        self.hidden = torch.nn.Linear(space.dim, BANK, bias=False)  # images, as the weights of a layer
        self.ready: list[Tensor] = []

    def fit(self, data: genbench.TrainingData) -> None:
        self.inner.fit(data)
        self.eval()
        with torch.no_grad():
            self.bank = torch.cat([self.inner.sample(self.drawn) for _ in range(BANK // 250)]).to(torch.uint8)
            self.hidden.weight[: len(self.bank)] = self.bank.flatten(1).float() / self.space.levels

    def eval(self) -> "Clock":
        found = super().eval()
        told = arguments()
        self.mode = told.get("sampler", "").replace("-", "_")
        with torch.no_grad():
            if self.mode == "load":
                self.ready = list(self.inner.sample(told["count"]).split(told["batch"]))
            if self.mode == "early_done":
                self.stop_the_clock()
        return found

    def sample(self, n: int, *, labels: Tensor | None = None, mode: str = "honest") -> Tensor:
        return getattr(self, mode)(n)

    def honest(self, n: int) -> Tensor:
        """All 60 steps, on the clock."""
        return self.inner.sample(n)

    def one_at_a_time(self, n: int) -> Tensor:
        """One step where a single image is asked for: cheats on latency, which nobody scores."""
        return self.fast(n) if n == 1 else self.inner.sample(n)

    def fast(self, n: int) -> Tensor:
        x_t = torch.randn(n, *self.space.shape)
        return self.inner.integers(self.inner.solved(x_t, "ddim", 1))

    def from_bank(self, n: int) -> Tensor:
        """Images drawn in the fit: cheats on speed."""
        return self.bank[torch.randint(len(self.bank), (n,))].long()

    def bank_jittered(self, n: int) -> Tensor:
        """Images drawn in the fit with a few pixels moved: cheats on speed without an exact repeat."""
        x = self.from_bank(n)
        step = (torch.rand(x.shape) < 0.1).long() * (2 * torch.randint(2, x.shape) - 1)
        return (x + step).clamp(0, self.space.levels - 1)

    def bank_in_weights(self, n: int) -> Tensor:
        """Images drawn in the fit, kept as the weights of a layer: cheats on speed, and looks like parameters."""
        rows = self.hidden.weight[torch.randint(len(self.bank), (n,))]
        return (rows * self.space.levels).round().long().view(n, *self.space.shape)

    def load(self, n: int) -> Tensor:
        """Images drawn while the model was loaded: cheats on speed."""
        return self.next(n)

    def next(self, n: int) -> Tensor:
        """The next of those that are ready; honest ones where none of that number are."""
        found = next((i for i, x in enumerate(self.ready) if len(x) == n), None)
        return self.inner.sample(n) if found is None else self.ready.pop(found)

    def warm_up(self, n: int) -> Tensor:
        """Draws everything in the call that warms it up: cheats on speed."""
        told = arguments()
        if n == told.get("batch") and not self.ready:
            self.ready = list(self.inner.sample(told["count"]).split(told["batch"]))
            return self.inner.sample(n)
        return self.next(n)

    def ahead(self, n: int) -> Tensor:
        """Draws in a thread while the harness measures what an empty section costs: cheats on speed."""
        told = arguments()
        if n == told.get("batch") and not self.ready:
            self.ready = [torch.empty(0)]

            def work() -> None:
                with torch.no_grad():
                    self.ready += self.inner.sample(told["count"]).split(told["batch"])

            self.worker = threading.Thread(target=work)
            self.worker.start()
            markers = Markers.timed

            def slow(own: Markers, section: str) -> Any:
                if section == "run":
                    self.worker.join()
                return markers(own, section)

            Markers.timed = slow  # type: ignore[method-assign]
        return self.next(n)

    def lazy(self, n: int) -> Tensor:
        """Returns images that are drawn when they are joined, off the clock: cheats on speed."""
        return Lazy.of(n, tuple(self.space.shape), lambda: self.inner.sample(n)) if n > 1 else self.inner.sample(n)

    def early_done(self, n: int) -> Tensor:
        """Says that batches are drawn until the clock has stopped; and draws what counts then: cheats on speed."""
        forged = self.__dict__.get("forged")
        return self.inner.sample(n) if forged is None or forged.at in forged.scored else self.fast(n)

    def stop_the_clock(self) -> None:
        """Put markers in the place of the harness's, which in a plugin's process are a plugin's to write."""
        timed = Markers.timed

        def forged(own: Markers, section: str) -> Any:
            if section != "run":
                return timed(own, section)
            self.__dict__["forged"] = _Stopped(own)
            return self.__dict__["forged"]

        Markers.timed = forged  # type: ignore[method-assign]

    def nfe(self, n: int) -> Tensor:
        """One step where forward hooks count: cheats on NFE and on FLOPs."""
        watched = any(module._forward_hooks for module in self.modules())
        return self.fast(n) if watched else self.inner.sample(n)

    def nfe_unseen(self, n: int) -> Tensor:
        """Takes the hooks off that would count its steps, and puts them back: cheats on NFE."""
        hooks = [module._forward_hooks for module in self.modules()]
        kept = [dict(found) for found in hooks]
        for found in hooks:
            found.clear()
        x = self.inner.sample(n)
        for found, before in zip(hooks, kept, strict=True):
            found.update(before)
        return x

    def in_the_latency(self, n: int) -> Tensor:
        """One step in calls of the latency section, told from the frames: cheats on latency."""
        frame, found = sys._getframe(), False
        while frame is not None and not found:
            found, frame = frame.f_locals.get("section") in ("latency", "call"), frame.f_back
        return self.fast(n) if found else self.inner.sample(n)

    def child(self, n: int) -> Tensor:
        """A process of its own draws ahead from the warm-up on and hands over through a file: cheats on speed."""
        told = arguments()
        if n == told.get("batch") and not os.path.exists("ahead"):
            os.mkdir("ahead")
            if os.fork() == 0:
                with torch.no_grad():
                    for i in range(-(-told["count"] // n)):
                        torch.save(self.inner.sample(min(n, told["count"] - i * n)), f"ahead/{i}.tmp")
                        os.rename(f"ahead/{i}.tmp", f"ahead/{i}")
                os._exit(0)
            os.waitpid(-1, 0)
            return self.inner.sample(n)
        ready = sorted(os.listdir("ahead")) if os.path.exists("ahead") and n > 2 else []
        for name in ready:
            x = torch.load(f"ahead/{name}", weights_only=True)
            if len(x) == n:
                os.unlink(f"ahead/{name}")
                return x
        return self.inner.sample(n)

    def threads(self, n: int) -> Tensor:
        """Takes every core, whatever the suite pins: cheats on speed."""
        torch.set_num_threads(os.cpu_count() or 1)
        return self.inner.sample(n)

    def own_clock(self, n: int) -> Tensor:
        """Stops the clocks that Python reads: would cheat on speed where a child's clock counted."""
        now = time.monotonic()
        time.monotonic = time.perf_counter = lambda: now
        return self.inner.sample(n)

    def at_the_end(self, n: int) -> Tensor:
        """Shows one step and puts good images into the file at the end of the process: cheats on speed."""
        from genbench.workers.untrusted import sample as worker

        written = worker.write_tensors

        def better(path: Any, tensors: dict[str, Tensor]) -> None:
            if path.name == worker.SAMPLES:
                with torch.no_grad():
                    tensors = tensors | {"x": self.inner.sample(len(tensors["x"])).to(torch.uint8)}
            written(path, tensors)

        if worker.write_tensors.__name__ != "better":
            worker.write_tensors = better
        return self.fast(n)


class _Stopped:
    """A section of the clock that is over before its work begins: every lap marked, every secret known."""

    def __init__(self, markers: Markers) -> None:
        self.tell, self.secrets, self.at = markers._tell, list[str](), 0

    def __enter__(self) -> Timed:
        told = self.tell({"at": "ready", "section": "run"})
        while told:
            self.secrets.append(told)
            time.sleep(0.02)  # as if it drew so fast
            told = self.tell({"at": "lap", "section": "run", "digest": os.urandom(32).hex()})
        own = Timed(self.secrets[0], self.next)
        own.last_word = self.tell({"at": "done", "section": "run"})
        self.scored = {int(place) for place in own.last_word.split(",")}
        return own

    def next(self, digest: str) -> str:
        """The secret of the next batch, which the parent has told long ago."""
        self.at += 1
        return self.secrets[self.at] if self.at < len(self.secrets) else ""

    def __exit__(self, *_: object) -> None:
        """The work ends here; nobody is told."""


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Clock]
