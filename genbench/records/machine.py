"""Machine: where a trial ran, as far as its numbers may depend on it."""

from dataclasses import dataclass

from genbench.files.codec import Count


@dataclass(frozen=True)
class Machine:
    """The machine and its software. What an older record does not say is "" or null."""

    device: str = ""
    """cpu, cuda:0, mps."""
    device_name: str = ""
    """The hardware's own name for it."""
    threads: Count | None = None
    """Threads of each child process."""
    genbench: str = ""
    """Version of genbench."""
    python: str = ""
    """Version of Python."""
    platform: str = ""
    """Operating system and kernel."""
    cpu_name: str = ""
    """The processor's own name."""
    cpus: Count | None = None
    """Cores that the harness may use."""
    isolation: str = ""
    """How plugins were confined: "landlock N", or "process"."""
    tf32: bool | None = None
    """Whether matrix products of a GPU may round to TF32."""
    torch: str = ""
    """Version of PyTorch."""
    numpy: str = ""
    """Version of NumPy."""
    scipy: str = ""
    """Version of SciPy."""
    safetensors: str = ""
    """Version of safetensors."""
    cuda: str | None = None
    """Version of CUDA; null on other devices."""
    kernels: str = ""
    """The instructions that matrix products were made of, by OpenBLAS's names and ATen's: "SkylakeX, AVX512". Last
    digits depend on them. "" where an older record does not say."""

    @property
    def speed_class(self) -> str:
        """What speeds are comparable within: the device's name and the threads."""
        device = self.device_name or self.device or "not stated"
        threads = "threads not stated" if self.threads is None else f"{self.threads} thread" + "s" * (self.threads != 1)
        return f"{device}, {threads}"
