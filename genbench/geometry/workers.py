"""Workers: threads that share the work which NumPy does, each with one thread of BLAS."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


@contextmanager
def workers() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """As many workers as BLAS may use threads, and their number; meanwhile BLAS has one thread in each.

    So all that NumPy does runs on every core, not products alone, and no result depends on how many there are.
    """
    blas = ThreadpoolController().select(user_api="blas")
    count = max((library.num_threads for library in blas.lib_controllers), default=1)
    with blas.limit(limits=1), ThreadPoolExecutor(count) as pool:
        yield pool, count
