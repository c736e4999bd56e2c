"""Record: the immutable, typed, versioned result of one trial. Every score of it can be traced to what made it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from genbench.files.codec import Count, Meta, Number, Positive, Seconds
from genbench.records.audits import AuditVerdict
from genbench.records.effort import Effort
from genbench.records.gates import CopyVerdict
from genbench.records.kinds import ControlKind, Family, Likelihood, Value
from genbench.records.machine import Machine
from genbench.records.score import Missing, ScoreRecord
from genbench.records.space import Space
from genbench.records.status import Status
from genbench.records.timing import TimingRecord

FORMAT = 3
QUICK = "-quick"  # how the name of a suite ends in its quick form
TUNING = "-tuning"  # and in those that `genbench tune` runs besides; a budget may follow
Text = Annotated[str, Meta(min_length=1)]
Line = Annotated[str, Meta(max_length=1000)]
Exhibit = str | Annotated[tuple[Line, ...], Meta(max_length=1000)]  # a base64 PNG, or lines of text


@dataclass(frozen=True)
class DataFacts:
    """The dataset of a trial."""

    name: str
    """NAME or NAME:ARGUMENT, as the suite says it."""
    sha256: str
    """Of its Space and of the bytes of every split."""
    source: str
    """Paper or page."""
    license: str
    """Of the data."""
    space: Space | None
    """Where its samples live; null where an older record does not say."""
    rows: Mapping[str, Count]
    """Rows of each split."""

    @property
    def row_bytes(self) -> int | None:
        """Of one sample, as it is stored; None where it is not known."""
        return None if self.space is None else self.space.dim * (1 if self.space.storage == "uint8" else 4)

    @property
    def shown_bytes(self) -> int | None:
        """Of the splits that a model is shown, train and valid, as they are stored; None where it is not known."""
        shown = sum(self.rows.get(split, 0) for split in ("train", "valid"))
        return None if self.row_bytes is None else self.row_bytes * shown


@dataclass(frozen=True)
class TaskTerms:
    """What a suite asks in one task."""

    count: Count
    """Questions, or samples, of each candidate; 0 where an older record does not say."""
    scores: tuple[str, ...]
    """In column order: `metric` or `metric@extractor`."""
    axes: Annotated[Mapping[str, str], Meta(min_length=3, max_length=3)]
    """Axis → the score that stands for it; "": none does, and nobody is ranked there."""
    ask: str = ""
    """The task with its settings; "": the name of the table."""
    solvers: tuple[str, ...] = ()
    """By which a model that lacks the capability may answer, with their settings."""
    batch: Count | None = None
    """Questions a call; null: as many as the suite's. One call comes before the clock, and two are made again."""

    def exam(self, task: str) -> str:
        """What is asked in which way, in words: two boards of one exam compare.

        Args:
            task: the suite's name of it.
        """
        return f"{self.ask or task}, {self.count:,} questions" + (f", {self.batch:,} a call" if self.batch else "")

    @property
    def ranked(self) -> tuple[tuple[str, str], ...]:
        """The axes with their scores, in the order of the columns; a board's rows stand in the order of the first.

        A JSON object has no order, and a file that another tool wrote anew would rank by another axis.
        """
        places = {score: place for place, score in enumerate(self.scores)}
        return tuple(sorted(self.axes.items(), key=lambda pair: places.get(pair[1], len(places))))


@dataclass(frozen=True)
class SuiteTerms:
    """The protocol that a trial ran under."""

    name: str
    """Of the suite."""
    title: str
    """Of its board."""
    dataset: str
    """NAME or NAME:ARGUMENT."""
    images: Count
    """Training budget: images that a fit may see, repeats included; 0 where an older record does not say."""
    batch: Count
    """Samples a call; 0 likewise."""
    seeds: Count
    """Training seeds a model; 0 likewise."""
    extractor: str
    """Of the scores that name none."""
    tasks: Annotated[Mapping[str, TaskTerms], Meta(min_length=1)]
    """Name → what is asked."""
    seconds_cpu: Positive | None = None
    """Training budget in CPU seconds of the whole process tree of a fit; null: there was none."""
    density_rows: Count = 0
    """Test rows whose density was asked for; 0: all."""
    threads: Count = 1
    """Of each child process."""
    latency_seconds: Seconds = 0.0
    """How long calls with batch 1 were timed."""
    run_seconds: Seconds = 0.0
    """How long the timed run of a sampler lasted at least."""
    checkpoint_seconds: Seconds = 0.0
    """How often a fit kept what a killed one goes on from."""
    limits: Mapping[str, Positive] = field(default_factory=dict)
    """Stage → wall seconds after which it has failed."""
    caps: Mapping[str, Positive] = field(default_factory=dict)
    """memory_gib, device_memory_gib, disk_gib and log_mib of a stage."""


@dataclass(frozen=True)
class ModelFacts:
    """The model of a trial."""

    name: str
    """What users type."""
    reference: Text
    """The name with the settings that differ from its defaults: `ddpm[steps=200]`."""
    family: Family | None
    """The kind of model that it is; null where an older record does not say."""
    source: str
    """Paper, year and URL."""
    description: str
    """The first sentence of its docstring."""
    capabilities: tuple[str, ...]
    """Names of what it can be asked for."""
    settings: Mapping[str, Value]
    """Every setting with its value."""
    distribution: str
    """What it was installed from, or the name of a loose file."""
    version: str
    """Of the distribution; "" for a loose file."""
    code: str
    """SHA-256 over the plugin's Python files."""
    control: ControlKind | None = None
    """What it is on the board for; null for a candidate."""
    parameters: Count | None = None
    """How many numbers it learnt; null where it was not fitted."""
    images: Count | None = None
    """Training images that its fit was handed, repeats included, as its process says; null where it was not fitted."""
    checkpoint_bytes: Count | None = None
    """Of the file that it was kept in, buffers included; null likewise, and where an older record does not say."""
    fit: Effort | None = None
    """What its fit took of the machine; null where it was not fitted, or where an older record does not say."""
    needs: tuple[str, ...] = ()
    """What it asked for beyond its own folder."""
    pretrained_on: tuple[str, ...] = ()
    """What its external assets were trained on."""
    samples_only: bool = False
    """Whether there is no model here, only samples that somebody brought: of its fit and its speed nothing is known."""


@dataclass(frozen=True)
class StageFacts:
    """How one stage of a trial ended."""

    status: Status
    """Whether it did its work, or what ended it."""
    reason: str | None = None
    """Why, in words; null where it is ok."""
    seconds: Seconds | None = None
    """Wall time of its process; null where there was none."""
    exit_code: int | None = None
    """Of its process; negative: the signal that ended it; null where there was none."""
    measured: str = ""
    """When it ended, UTC; "" where it did not run, or where an older record does not say."""


@dataclass(frozen=True)
class Candidate:
    """A row of one task's board: a model with its settings, by one of its samplers or by a solver."""

    task: str
    """The suite's name of the task that it answered."""
    name: Text
    """As the board shows it: `ddpm[steps=200]/ddim-25`."""
    sampler: str
    """The sampler's or solver's name with its settings."""
    status: Status
    """How it ended."""
    stage: str | None = None
    """The stage that failed, or that was skipped; null where it is ok."""
    reason: str | None = None
    """Why, in words; null where it is ok."""
    exit_code: int | None = None
    """Of the process that failed."""
    elapsed: Seconds | None = None
    """Wall seconds of the fit and of its own stages."""
    log: str = ""
    """The end of the log of the stage that failed."""
    scores: Mapping[str, ScoreRecord] = field(default_factory=dict)
    """Score, by the name that the suite gives it → its value, and how it came about."""
    missing: Mapping[str, Missing] = field(default_factory=dict)
    """Score that is not there, by name → why."""
    likelihood: Likelihood | None = None
    """What its log-probabilities are; null where it has none."""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """File → SHA-256 of what it left to be scored."""
    timing: TimingRecord | None = None
    """The clock of its scored run; null where there was none."""
    memorisation: CopyVerdict | None = None
    """What the gate against copies says; null where the task has no such gate."""
    audits: AuditVerdict | None = None
    """What the audits of its density say; null where it has none."""
    barred: Mapping[str, str] = field(default_factory=dict)
    """Further gates of the task that it did not pass → why, in words."""
    exhibits: Mapping[str, Exhibit] = field(default_factory=dict)
    """What a page shows of it: name → base64 PNG, or lines of text."""

    @property
    def ok(self) -> bool:
        """Whether it was scored."""
        return self.status is Status.OK


@dataclass(frozen=True)
class Record:
    """The result of one trial: a model with its settings × a dataset × a training seed."""

    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)]
    """Of this schema: 3."""
    protocol: Text
    """SHA-256 of what makes two numbers comparable."""
    suite: SuiteTerms
    """What was asked, and how."""
    dataset: DataFacts
    """The data that it was trained on and held against."""
    model: ModelFacts
    """The model, with its settings."""
    seed: Count
    """Of the training."""
    machine: Machine
    """The hardware and the software that it ran on."""
    stages: Mapping[str, StageFacts]
    """Stage, with sampler, solver or task behind a slash → how it ended."""
    candidates: tuple[Candidate, ...]
    """The rows that come out of it."""
    curve: tuple[Mapping[str, Number], ...] = ()
    """The training curve: named numbers at counts of images and seconds."""
    secret: str = ""
    """What the seeds of its scored draws were made of, 64 hexadecimal digits; `--replay` draws with it again."""
    finished: str = ""
    """When it was written, UTC; when each stage was measured stands with it."""
    sha256: str = ""
    """Of the file's other fields, as they were written."""
