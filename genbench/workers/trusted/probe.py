"""Looks at this machine, as every record carries it."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import scipy.linalg  # noqa: F401  # its BLAS is another one than NumPy's
import torch
from threadpoolctl import threadpool_info

from genbench.catalogue.environment import environment
from genbench.execution import isolation, machine
from genbench.execution.channel import Markers
from genbench.execution.device import resolved_device
from genbench.execution.device_memory import free_memory
from genbench.protocol.stages.services import Probe, ProbeInputs
from genbench.records.machine import Machine
from genbench.version import VERSION


def probe(folder: Path, inputs: ProbeInputs, markers: Markers) -> Probe:
    """Resolve the device that was asked for and describe the machine.

    Raises:
        GenbenchError: the device is not here.
    """
    device = torch.device(resolved_device(inputs.device))
    found = Machine(
        device=str(device),
        device_name=device_name(device),
        genbench=VERSION,
        python=platform.python_version(),
        platform=platform.platform(terse=True),
        cpu_name=_cpu_name(),
        cpus=machine.cpus(),
        isolation=isolation.level(),
        tf32=torch.backends.cuda.matmul.allow_tf32,
        torch=_version("torch"),
        numpy=_version("numpy"),
        scipy=_version("scipy"),
        safetensors=_version("safetensors"),
        cuda=torch.version.cuda if device.type == "cuda" else None,
        kernels=kernels(),
    )
    installed = environment() if inputs.environment else {}
    return Probe(found, free_memory(device), spread(inputs.device, device), installed)


def spread(asked: str, device: torch.device) -> tuple[str, ...]:
    """The GPUs that jobs may be spread over; none on other devices.

    Args:
        asked: as the user did: "auto" and "cuda" mean any of them.
        device: the one that was found for it.
    """
    if device.type != "cuda":
        return ()
    if asked not in ("auto", "cuda"):
        return (str(device),)
    every = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    return tuple(str(one) for one in every if device_name(one) == device_name(device))


def device_name(device: torch.device) -> str:
    """The hardware's own name for a device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name()


def kernels() -> str:
    """Which of their kernels the libraries of this process chose for this processor, or were told to."""
    blas = {own["architecture"] for own in threadpool_info() if own.get("architecture")}
    return ", ".join((*sorted(blas), torch.backends.cpu.get_cpu_capability()))


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
