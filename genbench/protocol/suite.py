"""Suite: the protocol of a board, in one TOML file. Whatever changes a number stands in it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from genbench.contracts.job import Caps
from genbench.contracts.settings import Name
from genbench.errors import GenbenchError, unknown
from genbench.files.codec import Count, Meta, Positive, Seconds
from genbench.files.plain import digest
from genbench.protocol.tune import Tune
from genbench.records.record import QUICK, SuiteTerms, TaskTerms

GIB, MIB = 2**30, 2**20
MOST = 1e18  # bytes
ALL = "all"  # tasks
LIMIT = 3600.0  # wall seconds of a stage that the suite does not limit
CAPS: Mapping[str, float] = {"memory_gib": 8.0, "device_memory_gib": 16.0, "disk_gib": 4.0, "log_mib": 16.0}

Whole = Annotated[int, Meta(ge=1, le=10**12)]


@dataclass(frozen=True)
class Budget:
    """What a fit may spend besides images: it ends by whichever is spent first."""

    seconds_cpu: Positive
    """CPU seconds of its whole process tree."""


@dataclass(frozen=True)
class Quick:
    """What `--quick` changes."""

    images: Whole | None = None
    """The training budget."""
    seconds_cpu: Positive | None = None
    """The budget in CPU seconds, where the suite has one."""
    seeds: Whole | None = None
    """Training seeds per model."""
    latency_seconds: Seconds | None = None
    """How long calls with batch 1 are timed."""
    run_seconds: Seconds | None = None
    """That the timed run of a sampler lasts at least."""
    density_rows: Whole | None = None
    """Test rows whose density is asked for."""
    tasks: tuple[Name, ...] = ()
    """Those of the suite's that are asked; none named: as without `--quick`."""


@dataclass(frozen=True)
class Suite:
    """The fixed protocol under which candidates are compared: the keys of its file."""

    name: Name
    """The board's."""
    dataset: str
    """NAME or NAME:ARGUMENT."""
    images: Whole
    """Training budget: how many training images, repeats included, a fit may see."""
    batch: Whole
    """Samples per call of `sample`, of `log_prob`, and questions per call of a task."""
    seeds: Whole
    """Training seeds per model: 0, 1, …"""
    extractor: str
    """Of the scores that name none."""
    tasks: Mapping[str, TaskTerms]
    """Name → what is asked; the first one is the board that people see first."""
    default_tasks: tuple[Name, ...] = ()
    """Those that are asked where `--tasks` names none; none named: all."""
    title: str = ""
    """The board's; "": its name."""
    core: tuple[str, ...] = ()
    """Models that stand for their families: what `--core` runs."""
    density_rows: Count = 0
    """Test rows whose density is asked for, drawn by the run's secret; 0: all."""
    threads: Whole = 1
    """Of each child process; the bytes that come out depend on it."""
    latency_seconds: Seconds = 5.0
    """How long calls with batch 1 are timed, for the first seed."""
    run_seconds: Seconds = 2.0
    """How long the timed run of a sampler lasts at least, with batches that are not scored; 0: as long as those."""
    checkpoint_seconds: Seconds = 60.0
    """How often a fit keeps what a killed one goes on from, where the model offers it."""
    limits: Mapping[str, Positive] = field(default_factory=dict)
    """Stage → wall seconds after which a trial has failed."""
    caps: Mapping[str, Positive] = field(default_factory=dict)
    """Of a stage: memory_gib of its processes, device_memory_gib for torch, disk_gib of its folder, log_mib."""
    typical: Mapping[str, Positive] = field(default_factory=dict)
    """Seconds of each stage as measured once on two CPU cores: for estimates before there are any others."""
    budget: Budget | None = None
    """What a fit may spend besides images; null: images alone are counted."""
    quick: Quick | None = None
    """What `--quick` changes."""
    tune: Tune | None = None
    """By what `genbench tune` chooses settings; null: it cannot."""
    python: Mapping[str, str] = field(default_factory=dict)
    """Model plugin → the interpreter of the environment of its own that it is installed in."""

    def quickened(self) -> "Suite":
        """The suite that `--quick` runs: a protocol of its own, with a name of its own.

        Raises:
            GenbenchError: the suite declares no quick form.
        """
        if self.quick is None:
            raise GenbenchError(f"suite {self.name} has no [quick] table, so there is no --quick form of it")
        images = self.quick.images or self.images
        seconds = self.quick.seconds_cpu
        share = images / self.images
        latency, run = self.quick.latency_seconds, self.quick.run_seconds
        return replace(
            self,
            name=f"{self.name}{QUICK}",
            title=f"{self.title} (quick look)",
            images=images,
            budget=Budget(seconds) if seconds else self.budget,
            default_tasks=self.quick.tasks or self.default_tasks,
            density_rows=self.quick.density_rows or self.density_rows,
            seeds=self.quick.seeds or self.seeds,
            latency_seconds=self.latency_seconds if latency is None else latency,
            run_seconds=self.run_seconds if run is None else run,
            typical={stage: value * (share if stage == "fit" else 1) for stage, value in self.typical.items()},
            quick=None,
        )

    def asking(self, names: Sequence[str]) -> "Suite":
        """The suite that asks some of its tasks, in its own order.

        Args:
            names: of those; none named: its default ones; "all": all of them.
        Raises:
            GenbenchError: an unknown task.
        """
        if unknown_names := [name for name in names if name not in (*self.tasks, ALL)]:
            raise unknown("task", unknown_names[0], [*self.tasks, ALL])
        wanted = self.tasks if ALL in names else names or self.default_tasks or self.tasks
        return replace(self, tasks={name: terms for name, terms in self.tasks.items() if name in wanted})

    def limited(self, texts: Iterable[str], stages: Sequence[str]) -> "Suite":
        """The suite with limits and caps that `--limit NAME=VALUE` sets; they change no number.

        Args:
            stages: names of those that there are.
        Raises:
            GenbenchError: an unknown name, or no positive number.
        """
        limits, caps = dict(self.limits), dict(self.caps)
        for text in texts:
            name, _, value = text.partition("=")
            if name not in (*stages, *CAPS):
                known = ", ".join([*stages, *CAPS])
                raise GenbenchError(f"--limit takes NAME=VALUE with a name of {known}, got {text!r}")
            (limits if name in stages else caps)[name] = _positive(name, value)
        return replace(self, limits=limits, caps=caps)

    def limit(self, stage: str) -> float:
        """Wall seconds of a stage."""
        return self.limits.get(stage, LIMIT)

    @property
    def job_caps(self) -> Caps:
        """The caps in bytes."""
        caps = {**CAPS, **self.caps}
        return Caps(
            memory=_whole(caps["memory_gib"] * GIB),
            disk=_whole(caps["disk_gib"] * GIB),
            log=_whole(caps["log_mib"] * MIB),
            device_memory=_whole(caps["device_memory_gib"] * GIB),
        )

    def protocol(self, dataset_sha256: str) -> str:
        """SHA-256 of what makes two numbers comparable, apart from the task: the data, the budget and the batch."""
        some: dict[str, float] = {"density_rows": self.density_rows} if self.density_rows else {}
        some |= {"seconds_cpu": self.budget.seconds_cpu} if self.budget else {}
        return digest({"dataset": dataset_sha256, "images": self.images, "batch": self.batch, **some})

    @property
    def terms(self) -> SuiteTerms:
        """What a record says of it."""
        return SuiteTerms(
            name=self.name,
            title=self.title,
            dataset=self.dataset,
            images=self.images,
            seconds_cpu=self.budget.seconds_cpu if self.budget else None,
            batch=self.batch,
            seeds=self.seeds,
            extractor=self.extractor,
            density_rows=self.density_rows,
            tasks=self.tasks,
            threads=self.threads,
            latency_seconds=self.latency_seconds,
            run_seconds=self.run_seconds,
            checkpoint_seconds=self.checkpoint_seconds,
            limits=self.limits,
            caps={**CAPS, **self.caps},
        )


def _whole(count: float) -> int:
    """Bytes as a process can be told them: what nothing could have is no cap."""
    return int(min(count, MOST))


def _positive(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise GenbenchError(f"--limit {name} takes a positive number, got {value!r}")
    return number
