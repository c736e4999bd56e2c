"""Options: what a run is asked to do, as the command line and `genbench.run` say it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.runs.conductor import EXISTING
from genbench.runs.plan import DEFAULT_SUITE

ISOLATION = ("auto", "process")
DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?|mps")
LAST_SEED = 2**31 - 1  # that a run may begin with


@dataclass(frozen=True)
class Options:
    """What a run is asked to do; the command line's options, by the same names.

    Args:
        models: references such as "vae" or "ddpm[steps=200]".
        all: every discovered model as well.
        core: those as well that the suite names as its core.
        suite: a name, or the path of a TOML file.
        tasks: names of those of the suite's tasks that are asked, "all" for all of them; none: its default ones.
        quick: the suite's quick form.
        seeds: training seeds per model; None: the suite's.
        first_seed: of these, where others have run those before it.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        jobs: steps that may run beside each other; None: one per core, or one per GPU.
        plugin: loose model plugins: files or modules.
        out: the folder that gets `runs/SUITE`, with the report in it.
        existing: "reuse" finished results, "retry-failed", or "force" everything anew.
        executor: where steps run.
        address: where the executor's engine is: of Ray, its head's HOST:PORT; "": where the engine looks by itself.
        python: "NAME=PATH" of model plugins with an environment of their own: the interpreter there.
        limit: "NAME=VALUE" for limits and caps that differ from the suite's.
        isolation: "auto", as far as the kernel can, or "process".
        data_root: the folder with copies of datasets; "": what GENBENCH_DATA says, and the cache.
        extractor_weights: NAME=FILE of extractors whose weights are not in the cache.
        replay: records whose trials draw with their secrets again, to the same bytes.
        secret: a file with the secret to draw with; None: the run folder's own.
    """

    models: Sequence[str] = ()
    all: bool = False
    core: bool = False
    suite: str = DEFAULT_SUITE
    tasks: Sequence[str] = ()
    quick: bool = False
    seeds: int | None = None
    first_seed: int = 0
    device: str = "auto"
    jobs: int | None = None
    plugin: Sequence[str] = ()
    out: Path = Path()
    existing: str = "reuse"
    executor: str = "local"
    address: str = ""
    python: Sequence[str] = ()
    limit: Sequence[str] = ()
    isolation: str = "auto"
    data_root: str = ""
    extractor_weights: Sequence[str] = ()
    replay: Sequence[Path] = ()
    secret: Path | None = None

    def __post_init__(self) -> None:
        if self.existing not in EXISTING:
            raise GenbenchError(f"--existing takes {', '.join(EXISTING)}, got {self.existing!r}")
        if self.isolation not in ISOLATION:
            raise GenbenchError(f"--isolation takes {', '.join(ISOLATION)}, got {self.isolation!r}")
        if not DEVICE.fullmatch(self.device):
            raise GenbenchError(f"--device takes auto, cpu, cuda, cuda:N or mps, got {self.device!r}")
        if not 0 <= self.first_seed <= LAST_SEED:
            words = f"an integer from 0 to {LAST_SEED:,}, got {self.first_seed}"
            raise GenbenchError(f"--first-seed takes {words}")
        for name in ("seeds", "jobs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise GenbenchError(f"--{name} takes a positive integer, got {value}")
