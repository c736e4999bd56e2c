"""`ngrams`: what a sequence is made of, its runs of one to three tokens, hashed and projected."""

import hashlib
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from genbench.contracts.extractor import Extractor
from genbench.errors import Unsuitable
from genbench.records.space import Space

LONGEST = 3  # tokens of a run
BUCKETS = 4096  # that runs are hashed into
DIM = 128
PRIME = 1_000_003  # of the hash: a run is a number in this base
BATCH = 512  # sequences at a time


class Ngrams(Extractor):
    """Counts of all runs of 1, 2 and 3 tokens of a sequence, hashed into 4,096 buckets, then projected to d = 128.

    A mark stands before the first token, so that beginnings count by themselves; the end is a token, what pads is none.
    Counts are divided by the root of the number of runs, so that long and short sequences lie equally far out. The
    projection is Gaussian with variance 1 / 128, from NumPy's PCG64 by seed 0: distances are kept within a tenth or so.
    There are no weights. Token numbers as such mean nothing here, as in `pixels` they do.
    Source: Weinberger et al. 2009 (hashing), https://arxiv.org/abs/0902.2206; Johnson and Lindenstrauss 1984.
    """

    name: ClassVar[str] = "ngrams"
    source: ClassVar[str] = "Weinberger et al. 2009, https://arxiv.org/abs/0902.2206"
    version: ClassVar[str] = "1"
    dim: ClassVar[int | None] = DIM

    def __init__(self, space: Space, device: torch.device) -> None:
        """Draw the projection.

        Raises:
            Unsuitable: the Space is not one of sequences of tokens.
        """
        if len(space.shape) != 1 or space.levels is None:
            raise Unsuitable(f"extractor {self.name} serves sequences of tokens, got {space}; pixels serves any space")
        self._end = space.end
        drawn = np.random.default_rng(0).normal(0, DIM**-0.5, (BUCKETS, DIM)).astype(np.float32)
        self._sha256 = hashlib.sha256(drawn.tobytes()).hexdigest()
        self._projection = torch.from_numpy(drawn).to(device)

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the projection that was drawn."""
        return self._sha256

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """[N, L] of any integer dtype on the device → float32 [N, 128]."""
        return torch.cat([self._projected(rows.long()) for rows in torch.split(x, BATCH)])

    def _projected(self, x: Tensor) -> Tensor:
        tokens = torch.nn.functional.pad(x + 2, (1, 0), value=1)  # [N, L + 1]; 1 is the mark, 0 nothing
        told = torch.ones_like(x, dtype=torch.bool)
        if self._end is not None:
            told[:, 1:] = ~(x == self._end).cummax(1).values[:, :-1].bool()
        counts = torch.zeros(len(x), BUCKETS, device=x.device)
        runs = torch.zeros(len(x), 1, device=x.device)
        code = torch.zeros_like(x)
        for length in range(1, LONGEST + 1):
            before = torch.nn.functional.pad(tokens, (length - 1, 0))[:, : tokens.shape[1]]  # `length` - 1 places back
            code = code * PRIME + before[:, 1:]
            whole = told & (before[:, 1:] > 0)  # it does not begin before the mark
            counts.scatter_add_(1, _bucket(code, length), whole.float())
            runs += whole.sum(1, keepdim=True)
        return counts / runs.sqrt() @ self._projection


def _bucket(code: Tensor, length: int) -> Tensor:
    """The bucket of each run, by a hash of its number and its length."""
    mixed = (code + length) * 2_654_435_761  # int64 wraps
    mixed = mixed ^ (mixed >> 29)
    mixed = (mixed & 0xFFFFFFFFFFFF) * 40_503
    return ((mixed ^ (mixed >> 17)) & 0x7FFFFFFFFFFFFFFF) % BUCKETS
