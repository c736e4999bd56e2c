"""The yardstick of speeds: a fixed workload of the harness's own, run between the batches of a timed run.

What a machine's other users take from a process in caches, clock rate and shared cores, they take from this too. It
does what sampling does, products, functions and gathers in single precision, by loops of numpy alone: no BLAS threads.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

INTERVAL = 0.025  # seconds of a run after which it is measured again
MOST = 8  # times in a row, after a batch that took many intervals
ROWS, COLUMNS = 96, 256


class Workload:
    """The workload in as many threads as the timed process has.

    Args:
        threads: how many.
    """

    def __init__(self, threads: int) -> None:
        rng = np.random.default_rng(0)
        self._x = rng.standard_normal((ROWS, COLUMNS), dtype=np.float32)
        self._w = rng.standard_normal((COLUMNS, ROWS), dtype=np.float32)
        self._order = rng.permutation(ROWS * COLUMNS)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def seconds(self) -> float:
        """CPU seconds that one pass takes now, in every thread together divided by the threads."""
        if self._pool is None:
            return self._pass(0)
        return sum(self._pool.map(self._pass, range(self._threads))) / self._threads

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def _pass(self, _: int) -> float:
        started = time.thread_time()
        x = self._x
        for _ in range(2):
            h = np.einsum("ij,jk->ik", x, self._w)  # [ROWS, ROWS]
            x = np.tanh(x) + np.exp(-np.abs(x)) * h.mean(dtype=np.float32) * np.float32(1e-3)
            x = x.ravel()[self._order].reshape(ROWS, COLUMNS)
        return time.thread_time() - started
