"""A process's memory as the kernel tells it (Linux); elsewhere nothing is known."""

from pathlib import Path


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


def _field(pid: int, name: str) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")]
    return sizes[0] if sizes else None
