"""Suite: the protocol of a board, in one TOML file. Whatever changes a number stands in it."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

from genbench.contracts.job import Caps
from genbench.contracts.settings import NAME, Name
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.codec import Count, Meta, Positive, Seconds
from genbench.files.plain import digest
from genbench.protocol.tune import Tune
from genbench.records.record import QUICK, SuiteTerms, TaskTerms

GIB, MIB = 2**30, 2**20
MOST = 1e18  # bytes
LIMIT = 3600.0  # wall seconds of a stage that the suite does not limit
CAPS: Mapping[str, float] = {"memory_gib": 8.0, "device_memory_gib": 16.0, "disk_gib": 4.0, "log_mib": 16.0}
FEWEST = 2  # samples, or questions, that say anything of a distribution
GENERATE = ("count", "scores", "axes")  # keys that stood at the top when samples were all that was asked for

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
    """Those of the suite's that are asked; none named: all."""


TABLES: Mapping[str, type] = {"quick": Quick, "budget": Budget, "tune": Tune}  # of a file, besides its tasks


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
            tasks={name: terms for name, terms in self.tasks.items() if name in (self.quick.tasks or self.tasks)},
            density_rows=self.quick.density_rows or self.density_rows,
            seeds=self.quick.seeds or self.seeds,
            latency_seconds=self.latency_seconds if latency is None else latency,
            run_seconds=self.run_seconds if run is None else run,
            typical={stage: value * (share if stage == "fit" else 1) for stage, value in self.typical.items()},
            quick=None,
        )

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


@dataclass(frozen=True)
class SuiteFile:
    """A suite as it was read.

    Args:
        notes: what its author should write anew, one line each.
    """

    suite: Suite
    notes: tuple[str, ...] = ()


def read(path: Path) -> SuiteFile:
    """Read a suite file.

    Raises:
        GenbenchError: not there, not TOML, an unknown or missing key, a value of the wrong kind.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GenbenchError(f"suite {path}: {_unread(error)}") from error
    values, notes = _renewed(values, path)
    _check_keys(values, path)
    try:
        suite = codec.decoded(Suite, values, "suite")
    except GenbenchError as error:
        raise GenbenchError(f"suite {path}: {str(error).removeprefix('suite.').removeprefix('suite: ')}") from None
    _check(suite, path)
    places = {name: str(path.parent / place) for name, place in suite.python.items()}
    return SuiteFile(replace(suite, title=suite.title or suite.name, python=places), notes)


def _unread(error: Exception) -> str:
    """Why a file cannot be read as TOML."""
    if isinstance(error, OSError):
        return f"it cannot be read ({error.strerror})"
    return "it is no UTF-8; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _renewed(values: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A file in today's form, and what to say of one in an older form."""
    old = {key: values[key] for key in GENERATE if key in values}
    if not old or "tasks" in values:
        return dict(values), ()
    note = f"suite {path}: {', '.join(old)} stand in a table [tasks.generate] now; write them there"
    return {**{key: value for key, value in values.items() if key not in old}, "tasks": {"generate": old}}, (note,)


def _check_keys(values: Mapping[str, Any], path: Path) -> None:
    """Name a key that is none before the one that is missing in its place: most are misspelt.

    Raises:
        GenbenchError: there is one.
    """
    tasks = values.get("tasks")
    tables: list[tuple[str, object, type]] = [("", values, Suite)]
    tables += [(f" in [{name}]", values.get(name), kind) for name, kind in TABLES.items()]
    if isinstance(tasks, dict):
        tables += [(f" in [tasks.{name}]", terms, TaskTerms) for name, terms in tasks.items()]
    for place, table, kind in tables:
        known = sorted(field.name for field in fields(kind))
        for key in table if isinstance(table, dict) else ():
            if key not in known:
                raise GenbenchError(f"suite {path}: unknown key{place} {key} (known: {', '.join(known)})")


def _check(suite: Suite, path: Path) -> None:
    """Refuse what no type says.

    Raises:
        GenbenchError: no task, an unknown stage or cap, a task that names no three axes or an axis without its score.
    """
    if suite.quick and suite.quick.seconds_cpu and not suite.budget:
        raise GenbenchError(f"suite {path}: [quick] seconds_cpu changes a [budget], and there is none")
    for name in suite.quick.tasks if suite.quick else ():
        if name not in suite.tasks:
            raise GenbenchError(f"suite {path}: unknown task {name!r} in [quick] (known: {', '.join(suite.tasks)})")
    if not suite.tasks:
        raise GenbenchError(f"suite {path}: it asks nothing; write a table [tasks.generate]")
    for name in suite.caps:
        if name not in CAPS:
            raise GenbenchError(f"suite {path}: unknown name {name!r} in [caps] (known: {', '.join(CAPS)})")
    for name, terms in suite.tasks.items():
        if not NAME.fullmatch(name):
            raise GenbenchError(f"suite {path}: a task's name matches {NAME.pattern}, got {name!r}")
        if terms.count < FEWEST:
            words = f"count is a number of samples or questions, at least {FEWEST}: one has no spread"
            raise GenbenchError(f"suite {path}: [tasks.{name}] {words}; got {terms.count}")
        if not terms.scores:
            raise GenbenchError(f"suite {path}: [tasks.{name}] scores names no score")
