"""The yardstick of speeds: a fixed workload of the harness's own, run between the batches of a timed run.

What a machine's other users take from a process in caches, clock rate and shared cores, they take from this too. It
does what sampling does, products, functions and gathers in single precision, by loops of numpy alone: no BLAS threads.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean

import numpy as np

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
        self._once()  # the first pass is slower

    def seconds(self, passes: int, core: int | None = None) -> float:
        """CPU seconds that one pass takes now, the mean of some, in every thread.

        Args:
            core: where it runs if it has one thread: that of the timed process has the same neighbours. None: anywhere.
        """
        with _on(core if self._pool is None else None):
            return fmean(self._once() for _ in range(passes))

    def _once(self) -> float:
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


@contextlib.contextmanager
def _on(core: int | None) -> Iterator[None]:
    """Keep this thread on one core, where the system allows it."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
