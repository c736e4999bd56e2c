"""Models that are asked for the law of each entry: an honest chain, and dishonest ones."""

import contextlib
import hashlib
import math
import os
from pathlib import Path

import torch
from torch import Tensor

import genbench


class _Chain(genbench.Model, genbench.Density, genbench.Sequential):
    """P(x) = Π_d P(x_d | x_{d-1}), of histograms of pairs of neighbours in the flat order."""

    name = "chain"
    family = genbench.Family.AUTOREGRESSIVE
    source = "this file"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("log_p", torch.zeros(space.dim, space.levels, space.levels, dtype=torch.float64))

    def fit(self, data: genbench.TrainingData) -> None:
        flat, levels = data.train.x[:].flatten(1), self.space.levels
        before = torch.cat([torch.zeros_like(flat[:, :1]), flat[:, :-1]], 1)
        counts = torch.full((self.space.dim, levels, levels), 0.05, dtype=torch.float64)
        for d in range(self.space.dim):
            pairs = before[:, d] * levels + flat[:, d]
            counts[d] += torch.bincount(pairs, minlength=levels**2).view(levels, levels)
        self.log_p.copy_((counts / counts.sum(2, keepdim=True)).log())

    def law(self, flat: Tensor, i: int) -> Tensor:
        """[N, levels] of entry i, of rows [N, D]."""
        before = flat[:, i - 1] if i else torch.zeros(len(flat), dtype=torch.int64)
        return self.log_p[i][before]

    def next(self, x: Tensor, i: int) -> Tensor:
        return self.law(x.flatten(1), i)

    def log_prob(self, x: Tensor) -> Tensor:
        flat = x.flatten(1)
        laws = torch.stack([self.law(flat, i) for i in range(self.space.dim)], 1)  # [N, D, levels]
        return laws.gather(2, flat[:, :, None]).sum((1, 2))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        flat = torch.zeros(n, self.space.dim, dtype=torch.int64)
        for i in range(self.space.dim):
            flat[:, i] = self.law(flat, i).exp().multinomial(1).squeeze(1)
        return flat.view(n, *self.space.shape)


class Remembers(_Chain):
    """Goes on from its last call, as a model with a cache does, and cannot begin anywhere else."""

    name = "remembers"
    known = torch.zeros(0, 0, dtype=torch.int64)

    def next(self, x: Tensor, i: int) -> Tensor:
        flat = x.flatten(1)
        before = self.known.shape[1]
        if i and not (before == i - 1 and torch.equal(self.known, flat[:, :before])):
            raise RuntimeError("these are not the rows of the last call, one entry on")
        self.known = flat[:, :i].clone()
        return self.law(flat, i)


class Peeks(_Chain):
    """Puts its weight on what stands at the entry that it has to answer for."""

    name = "peeks"

    def next(self, x: Tensor, i: int) -> Tensor:
        flat = x.flatten(1)
        return self.law(flat, i) + 9.0 * torch.nn.functional.one_hot(flat[:, i], self.space.levels)


class Adds(_Chain):
    """Adds 20 nats to its log-probability, wherever they fit."""

    name = "adds"

    def log_prob(self, x: Tensor) -> Tensor:
        return (super().log_prob(x) + 20.0).clamp(max=-1e-3)


class Rewrites(_Chain):
    """Writes answers that know the entries in the place of those that it committed to."""

    name = "rewrites"

    def next(self, x: Tensor, i: int) -> Tensor:
        from genbench.workers.untrusted import verify

        if not hasattr(verify, "kept"):
            verify.kept = verify.write_tensors

            def better(path, tensors):  # type: ignore[no-untyped-def]
                said = tensors["log_weights"]
                return verify.kept(path, {"log_weights": said * 2.0})

            verify.write_tensors = better
        return self.law(x.flatten(1), i)


class Postpones(_Chain):
    """Commits to nothing that it said, is told the entry, and puts all weight on it afterwards."""

    name = "postpones"

    def next(self, x: Tensor, i: int) -> Tensor:
        from genbench.workers.untrusted import verify

        own = verify._Asking

        if not hasattr(own, "kept"):
            own.kept = own.learn

            def learn(self_, i, timed, said):  # type: ignore[no-untyped-def]
                own.kept(self_, i, timed, said)
                if self_._known.shape[1] > i:
                    said[:] = -9.0
                    said[range(len(said)), self_._known[:, i]] = 0.0

            own.learn = learn
        return self.law(x.flatten(1), i)


class Hurries(_Chain):
    """Commits to all entries at once, to be told them, and answers afterwards."""

    name = "hurries"

    def next(self, x: Tensor, i: int) -> Tensor:
        from genbench.execution import channel

        own = channel.Timed.lap

        def all_at_once(self_, digest=""):  # type: ignore[no-untyped-def]
            if not hasattr(self_, "told"):
                self_.told = [own(self_, hashlib.sha256(b"anything").hexdigest()) for _ in range(64)]
                self_.at = -1
            self_.at += 1
            return self_.told[self_.at]

        if not hasattr(channel, "hurried"):
            channel.hurried = True
            channel.Timed.lap = all_at_once
        return self.law(x.flatten(1), i)


class Looks(_Chain):
    """Looks for the rows wherever a process may look, and says how many files it could open."""

    name = "looks"

    def next(self, x: Tensor, i: int) -> Tensor:
        if not i:
            told, laid = Path("call.json").read_text(), Path.cwd().parent / "stream"
            opened = 0
            for name in ("columns.txt", "first.safetensors", "second.safetensors", "key.safetensors"):
                with contextlib.suppress(OSError):
                    opened += bool((laid / name).read_bytes())
            print("told of", "columns.txt" in told, "opened", opened)
        return self.law(x.flatten(1), i)


class Nothing(_Chain):
    """Gives no level any weight."""

    name = "nothing"

    def next(self, x: Tensor, i: int) -> Tensor:
        return torch.full((len(x), self.space.levels), -math.inf)


class Bounded(_Chain):
    """Says that it is a bound."""

    name = "bounded-chain"
    likelihood = genbench.Likelihood.LOWER_BOUND


class Company(_Chain):
    """Learns from the other rows' entries while it answers for its own."""

    name = "company"

    def next(self, x: Tensor, i: int) -> Tensor:
        flat = x.flatten(1)
        if not i:
            return self.law(flat, i)
        alike = (flat[:, None, max(0, i - 3) : i] == flat[None, :, max(0, i - 3) : i]).all(2).double()
        return self.law(flat, i) + 0.01 * (
            alike @ torch.nn.functional.one_hot(flat[:, i - 1], self.space.levels).double()
        )


class Apart(_Chain):
    """Draws a single image in another way, from the system's noise: what was timed there cannot be had again."""

    name = "apart"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if n > 1:
            return super().sample(n)
        noise = torch.frombuffer(bytearray(os.urandom(self.space.dim)), dtype=torch.uint8)
        return (noise.long() % self.space.levels).view(1, *self.space.shape)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [_Chain, Remembers, Peeks, Adds, Rewrites, Postpones, Hurries, Looks, Nothing, Bounded, Company, Apart]
