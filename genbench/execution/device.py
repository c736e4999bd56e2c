"""Device: what `--device` names."""

import time

import torch

from genbench.errors import GenbenchError


def resolved_device(asked: str) -> torch.device:
    """The device that `auto`, `cpu`, `cuda`, `cuda:1` or `mps` names; `auto` is the GPU where there is one.

    Raises:
        GenbenchError: it is not here, or the name is none.
    """
    if asked == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
    except RuntimeError as error:
        raise GenbenchError(f"--device takes auto, cpu, cuda, cuda:N or mps, got {asked!r}") from error
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == "cuda" and (device.index or 0) >= count:
        raise GenbenchError(f"--device {asked}: this machine has {count} CUDA devices that torch can use; try cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise GenbenchError("--device mps: torch cannot use it on this machine; try cpu")
    if device.type not in ("cpu", "cuda", "mps"):
        raise GenbenchError(f"--device takes auto, cpu, cuda, cuda:N or mps, got {asked!r}")
    return torch.device("cuda", device.index or 0) if device.type == "cuda" else device


def free_memory(device: torch.device) -> int | None:
    """Bytes of a GPU that nobody has taken; None for a device that shares the host's."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else None


def limit_memory(device: torch.device, limit: int) -> None:
    """Let torch take at most `limit` bytes of a GPU in this process; what goes around its allocator is not seen."""
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, limit / total), device)


def await_memory(device: torch.device, wanted: int | None, patience: float = 10.0) -> bool:
    """Wait until what an ended process held of a GPU has come back.

    Args:
        wanted: bytes that were free before; None: nobody asks.
        patience: seconds after which it is given up.
    Returns:
        Whether they are free.
    """
    until = time.monotonic() + patience
    while wanted is not None and (free_memory(device) or 0) < wanted:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
