"""Probing: what the processes of `genbench check` are given and report, beside those of a board's own stages."""

from dataclasses import dataclass

from genbench.catalogue.plugins import Plugin
from genbench.protocol.inputs import Fitted, Kept, PartChoice, SplitFiles, Subject
from genbench.records.checks import CheckFinding
from genbench.records.space import Space

SPACES = "genbench.workers.untrusted.spaces:served"
ABILITIES = "genbench.workers.untrusted.abilities:probed"
METRIC = "genbench.workers.trusted.part_contracts:metric"
DATASET = "genbench.workers.trusted.part_contracts:dataset"
EXTRACTOR = "genbench.workers.trusted.part_contracts:extractor"
TASK = "genbench.workers.untrusted.asked_parts:task"
SOLVER = "genbench.workers.untrusted.asked_parts:solver"


@dataclass(frozen=True)
class SpaceInputs:
    """A model class that is tried in a Space."""

    subject: Subject
    """The model."""
    space: Space
    """Which it serves, or refuses."""
    images: int
    """Training images of the fit there."""
    count: int
    """Samples of each preset."""
    rows: int = 0
    """That its abilities are tried on; 0: they are not."""


@dataclass(frozen=True)
class SpaceFacts:
    """What came of it; a refusal is the process's own."""

    images: int
    """That the fit took."""
    presets: tuple[str, ...]
    """That drew samples; none of a learner that draws none."""
    findings: tuple[CheckFinding, ...] = ()
    """Of its abilities."""


@dataclass(frozen=True)
class AbilityInputs:
    """A fitted model whose methods are asked for what their contracts say."""

    fitted: Fitted
    """The model."""
    check: Kept
    """What the reloaded model has to give again."""
    data: SplitFiles
    """The Space, and the rows that it is asked about."""
    rows: int
    """How many of them."""


@dataclass(frozen=True)
class Probed:
    """What checks within one process found."""

    findings: tuple[CheckFinding, ...]
    """In order."""
    identity: str = ""
    """What another process has to come to as well; "" for nothing."""


@dataclass(frozen=True)
class PartInputs:
    """A part that is held against its contract."""

    choice: PartChoice
    """Which: its class, with its settings, or with its argument behind a colon."""
    parts: tuple[Plugin, ...]
    """All part plugins."""
    data: SplitFiles
    """Data of a Space that most parts can serve."""
    data_root: str = ""
    """A folder with copies of datasets, or ""."""
