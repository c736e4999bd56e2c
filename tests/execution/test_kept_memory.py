"""What a child process frees it keeps: the kernel hands out no page of it a second time."""

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from genbench.execution.machine import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def layer():
    return torch.ones(1 << 22).add(1).sum()  # 16 MiB
for _ in range(5):
    layer()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    layer()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Pages that the kernel hands out for five layers after the first five."""
    own = os.environ | {"MALLOC_MMAP_THRESHOLD_": "131072"}  # or the allocator comes to keep blocks by itself, at times
    told = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True, env=own)
    return int(told.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have no such thresholds")
def test_memory_that_is_freed_is_not_asked_for_again() -> None:
    page, layers = 4096, 5
    given_back = faults("given back")
    assert given_back > layers * 2**24 // page  # or this test could not fail
    assert faults("kept") < given_back / 5  # a piece that does not fit into what was freed is asked for now and then
