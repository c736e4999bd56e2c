"""What the kernel tells of this machine and its processes, and does for them; elsewhere psutil tells of memory."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Container
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.execution import elsewhere

PARENT_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
CHILD_SUBREAPER = 36  # prctl's PR_SET_CHILD_SUBREAPER
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD, see mallopt(3)
GPU_FILES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd", "/dev/nvhost-gpu", "/dev/nvgpu")  # CUDA, WSL, ROCm, Jetson


def cpus() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def crowded() -> bool:
    """Whether in the last minute so much ran here that a part of this process's cores was not free."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > cpus() / 2


def check_device(asked: str) -> None:
    """Refuse a device that this machine cannot have, before torch, which could tell, is loaded.

    Raises:
        GenbenchError: there is no sign of it.
    """
    linux = sys.platform == "linux"
    if asked.startswith("cuda") and linux and not any(map(os.path.exists, GPU_FILES)):
        raise GenbenchError(f"--device {asked}: this machine has no GPU that torch could use; try cpu")
    if asked == "mps" and sys.platform != "darwin":
        raise GenbenchError("--device mps: only Macs have it; try cpu")


def die_with_parent(wanted: bool = True) -> None:
    """Ask the kernel for a SIGKILL when the thread that started this process ends, or for none (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL if wanted else 0)


def keep_freed_memory() -> None:
    """Let this process keep freed blocks of up to 32 MiB for what it needs next, not give them to the kernel (glibc).

    The kernel clears whatever it hands out again: a network whose layers' outputs do not fit into a cache spends up to
    half of its time on a CPU on that. What is computed does not change. Of what is kept the free end of the heap is
    given back beyond 1 GiB, holes are not. Larger blocks go back at once: they fit into no hole for long, and the
    process would grow by them.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(MMAP_THRESHOLD, 32 << 20)  # the most that every glibc takes
        libc.mallopt(TRIM_THRESHOLD, 1 << 30)  # alone it would fix the other one at 128 KiB


def give_freed_memory_back() -> None:
    """Give the kernel all that this process has freed and kept, so that its size is that of what it uses (glibc)."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, also of daemons (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1)


def tells_of_others() -> bool:
    """Whether anybody tells of other processes here: Linux itself, else psutil where it is installed."""
    return sys.platform == "linux" or elsewhere.tells()


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    return [child for child, parent in _parents().items() if parent == pid]


def end_children(spared: Container[int] = ()) -> None:
    """Kill this process's children but some, and then theirs, which thereby become its own: see `adopt_orphans`."""
    while left := [pid for pid in children(os.getpid()) if pid not in spared]:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    if sys.platform != "linux":
        return elsewhere.family(pid)
    parents, found = _parents(), [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def private_bytes(pid: int) -> int:
    """Memory that a process holds for itself and in shared memory; a mapped data file is not in it."""
    if sys.platform != "linux":
        return elsewhere.private_bytes(pid)
    return sum(_field(pid, name) or 0 for name in ("RssAnon", "RssShmem"))


def prefer_for_killing() -> None:
    """Let the kernel pick this process, rather than the harness, when the machine runs out of memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def reset_peak(pid: int) -> int | None:
    """Start a new peak for a process; its resident bytes now, or None where the kernel does not tell."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        return None
    return _field(pid, "VmRSS")


def peak(pid: int) -> int:
    """Highest resident bytes since `reset_peak`; 0 where the process is gone."""
    return _field(pid, "VmHWM") or 0


def core(pid: int) -> int | None:
    """The core that a process ran on last; None where nobody tells."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[36])
    return None


def _parents() -> dict[int, int]:
    """Process id → its parent's, of every process."""
    found = {}
    for entry in os.listdir("/proc") if sys.platform == "linux" else ():
        if entry.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                after_name = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                found[int(entry)] = int(after_name[1])
    return found


def _field(pid: int, name: str) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")]
    return sizes[0] if sizes else None
