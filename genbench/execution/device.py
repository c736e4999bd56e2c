"""Device: what `--device` names."""

from genbench.errors import GenbenchError

AUTO, CPU = "auto", "cpu"


def resolved_device(asked: str) -> str:
    """What torch calls the device that `auto`, `cpu`, `cuda`, `cuda:1` or `mps` names; `auto` is the GPU, if any.

    Raises:
        GenbenchError: it is not here, or the name is none.
    """
    if asked == CPU:
        return asked
    import torch  # here: it takes seconds, and who asks for the CPU may need none of it

    if asked == AUTO:
        return "cuda:0" if torch.cuda.is_available() else CPU
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
    return f"cuda:{device.index or 0}" if device.type == "cuda" else device.type
