"""Device memory: a GPU's memory is limited, and waited for."""

import time

import torch


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
