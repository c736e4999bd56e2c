"""Workers: threads that share the work which NumPy does, each with one thread of BLAS."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@contextmanager
def workers() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """As many workers as BLAS may use threads, and their number; meanwhile BLAS has one thread in each.

    So all that NumPy does runs on every core, not products alone, and no result depends on how many there are.
    """
    blas = _blas(len(sys.modules))
    count = max((library.num_threads for library in blas.lib_controllers), default=1)
    with blas.limit(limits=1), ThreadPoolExecutor(count) as pool:
        yield pool, count


@lru_cache(1)
def _blas(modules: int) -> ThreadpoolController:
    """The BLAS libraries that are loaded; looked for again once another module has come, with its own perhaps."""
    return ThreadpoolController().select(user_api="blas")
