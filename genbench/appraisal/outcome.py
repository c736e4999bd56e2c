"""Outcome: the scores of some samples, with what they were computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genbench.files.codec import encoded
from genbench.files.plain import Json
from genbench.records.gates import CopyVerdict
from genbench.records.score import Missing, ScoreRecord

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Identity:
    """What an appraisal was computed from. Rows are named by the SHA-256 of their shape, type and bytes."""

    n: int
    """Samples that were scored."""
    samples: str
    """Where they come from."""
    samples_sha256: str
    """Of their rows."""
    extractor: str | None
    """The identity of what made the features; null for features that were given."""
    reference: str
    """The real data: where they come from."""
    reference_n: int | None
    """Their number; null: their file does not tell."""
    reference_sha256: str
    """Of their rows; of statistics, of mean and covariance."""
    train: str | None
    """The training data: where they come from; null: there are none, or no score needs them."""
    train_n: int | None
    """Their number."""
    train_sha256: str | None
    """Of their rows."""
    device: str
    """Where features were extracted."""
    genbench: str
    """The version that scored."""
    protocol: str | None = None
    """The name that fixes how was scored; null: none."""
    resize: str | None = None
    """How images were brought to one size: transform/version/size; null: they were not."""


@dataclass(frozen=True)
class ClassScores:
    """The scores of the samples of one class."""

    n: int
    """Samples of it."""
    reference_n: int
    """Real rows of it."""
    scores: Mapping[str, ScoreRecord]
    """By name."""
    missing: Mapping[str, Missing]
    """By name, why there is no such score."""


@dataclass(frozen=True)
class Appraisal:
    """The scores of some samples, with what they were computed from.

    Args:
        name: of what was scored.
        scores: by name.
        missing: by name, why there is no such score.
        memorisation: the verdict; None where no training data are known, or none was asked for.
        identity: what was compared with what, and by what.
        warnings: what moves the scores and may not be meant.
        per_class: by label, where it was asked for.
        labels: where the labels come from, in words; "" where none were asked for.
        come_true: the conditions on scores that were met, or cannot be told, in words.
    """

    name: str
    scores: Mapping[str, ScoreRecord]
    missing: Mapping[str, Missing]
    memorisation: CopyVerdict | None
    identity: Identity
    warnings: tuple[str, ...] = ()
    come_true: tuple[str, ...] = ()
    per_class: Mapping[str, ClassScores] = field(default_factory=dict)
    labels: str = ""

    def to_json(self) -> dict[str, Json]:
        """Plain JSON: the identity's entries stand beside the scores."""
        found = {"scores": self.scores, "missing": self.missing, "memorisation": self.memorisation}
        told: dict[str, object] = {"warnings": self.warnings, "come_true": self.come_true}
        if self.labels:
            told |= {"labels": self.labels, "per_class": self.per_class}
        plain: dict[str, Json] = encoded({"name": self.name, **found, **vars(self.identity), **told})
        return plain

    def frame(self) -> "pd.DataFrame":
        """A row per score, by its name: `value`, `low` and `high` of its 95 % interval, `missing`; NA where none is."""
        import pandas as pd

        found = [(name, own.value, own.low, own.high, None) for name, own in self.scores.items()]
        lacking = [(name, None, None, None, str(reason)) for name, reason in self.missing.items()]
        frame = pd.DataFrame([*found, *lacking], columns=["score", "value", "low", "high", "missing"])
        return frame.set_index("score").astype({"value": "Float64", "low": "Float64", "high": "Float64"})

    def _repr_html_(self) -> str:
        """The frame, as a notebook shows it."""
        return str(self.frame().to_html(escape=True, na_rep="–"))
