"""The `probe` stage: what this machine is, as every record carries it."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from genbench.execution import isolation, machine
from genbench.execution.channel import Markers
from genbench.execution.device import free_memory, resolved_device
from genbench.version import VERSION

PACKAGES = ("torch", "numpy", "scipy", "safetensors")


def probe(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Resolve the device that was asked for and describe the machine, as a flat JSON object.

    Raises:
        GenbenchError: the device is not here.
    """
    device = resolved_device(str(arguments["device"]))
    facts: dict[str, Any] = {
        "genbench": VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "device": str(device),
        "device_name": device_name(device),
        "device_free": free_memory(device),
        "cpu_name": _cpu_name(),
        "cpus": machine.cpus(),
        "isolation": isolation.level(),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        **{name: _version(name) for name in PACKAGES},
    }
    if device.type == "cuda":
        facts["cuda"] = torch.version.cuda
    return facts


def device_name(device: torch.device) -> str:
    """The hardware's own name for a device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name()


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
