"""Scores: the one loop over metrics that a run's `score` stage and `genbench score` share."""

import math
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from genbench.contracts.evidence import Embed, Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable, Unsuitable
from genbench.geometry.comparison import Comparison
from genbench.records.score import LARGEST, Missing, ScoreRecord, failed, not_applicable


@dataclass(frozen=True)
class Scores:
    """What was computed of one candidate, and what was not and why; by the name that was asked for."""

    scores: Mapping[str, ScoreRecord]
    missing: Mapping[str, Missing]


@dataclass(frozen=True)
class Compared:
    """What one extractor makes of a candidate's samples and of real data.

    Args:
        comparison: of the features.
        identity: the extractor's; None for features that were given.
        reference: what the samples are compared with, in words.
        embed: the features of any samples by the same extractor; None for features that were given.
        held: gives that of the split held in the place of the samples; None where no such split is known.
    """

    comparison: Comparison
    identity: str | None
    reference: str
    embed: Embed | None = None
    held: Callable[[], Comparison] | None = None


Features = Callable[[str], Compared]  # the name of an extractor, "" in a score's name that has none → what it makes


def scored(names: Iterable[str], metrics: Mapping[str, type[Metric]], evidence: Evidence, features: Features) -> Scores:
    """The scores of one candidate. A metric that fails, whatever it raises, costs its own score alone.

    Args:
        names: `metric` or `metric@extractor`.
        metrics: name → class.
        evidence: without features, which are added for each metric that uses them.
        features: asked once for each metric that uses features; what it raises is that metric's fault too.
    """
    scores: dict[str, ScoreRecord] = {}
    missing: dict[str, Missing] = {}
    for name in names:
        metric, _, extractor = name.partition("@")
        try:
            scores[name] = _score(metrics[metric], extractor, evidence, features)
        except (Unavailable, Unsuitable) as error:
            missing[name] = not_applicable(str(error))
        except Exception as error:  # noqa: BLE001  # a metric, and an extractor, are a part's code
            traceback.print_exc()
            missing[name] = failed(f"{type(error).__name__}: {error}")
    return Scores(scores, missing)


def _score(cls: type[Metric], extractor: str, evidence: Evidence, features: Features) -> ScoreRecord:
    found = features(extractor) if cls.uses_features else None
    if found is not None:
        evidence = replace(evidence, features=found.comparison, embed=found.embed, held=found.held)
    return recorded(cls, cls().score(evidence), _count(evidence), found)


def _count(evidence: Evidence) -> int:
    return len(evidence.samples if evidence.answers is None else evidence.answers)


def recorded(cls: type[Metric], score: Score, n: int, compared: Compared | None = None) -> ScoreRecord:
    """A metric's score with the identity that makes it comparable. Numbers that no record holds are left out.

    Args:
        n: samples, or answers, that it was computed from.
        compared: what made its features; None for a metric that uses none.
    Raises:
        ValueError: the value itself is not finite, or beyond 1e30.
    """
    if not _holds(score.value):
        raise ValueError(f"the metric returned {score.value}")
    identity = compared.identity if compared else None
    details = {name: float(value) for name, value in score.details.items() if _holds(value)}
    low, high = (float(end) if end is not None and _holds(end) else None for end in (score.low, score.high))
    return ScoreRecord(
        value=float(score.value),
        title=cls.titles.get((identity or "").partition("/")[0], cls.title),
        axis=cls.axis,
        direction=cls.direction,
        unit=cls.unit if score.unit is None else score.unit,
        version=cls.version,
        source=cls.source,
        extractor=identity,
        reference=compared.reference if compared else None,
        n=n,
        low=low,
        high=high,
        details=details,
        shown={words: detail for words, detail in cls.shown.items() if detail in details},
        scale=cls.scale,
        guard=cls.guard,
        tie=cls.tie,
    )


def _holds(number: float) -> bool:
    return math.isfinite(number) and abs(number) < LARGEST
