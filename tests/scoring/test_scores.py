"""The loop over metrics: what each score says of itself, and that whatever a metric does costs its own cell alone."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from genbench.builtin.metrics.fd import FrechetDistance
from genbench.builtin.metrics.kid import KernelInceptionDistance
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import GenbenchError, Unavailable, Unsuitable
from genbench.files.codec import decoded, encoded
from genbench.geometry.comparison import Comparison
from genbench.records.kinds import Axis, Direction, Scale
from genbench.records.score import Missing, ScoreRecord, failed, not_applicable
from genbench.records.space import Space
from genbench.scoring.scores import Compared, recorded, scored

SPACE = Space((4,), levels=None)
REAL, OTHERS = (np.random.default_rng(seed).standard_normal((40, 4), np.float32) for seed in (1, 2))
EVIDENCE = Evidence(SPACE, OTHERS)


def compared(extractor: str) -> Compared:
    return Compared(Comparison(REAL, OTHERS), f"{extractor or 'given'}/1/0123", "data/test", embed=np.negative)


class Stated(Metric):
    """A metric that says whatever `says` makes of the evidence."""

    name = "stated"
    title = "Stated"
    axis = Axis.COVERAGE
    direction = Direction.HIGHER
    unit = "m"
    source = "The tests 2026, https://example.org"
    version = "7"
    scale = Scale.SHARE
    shown: ClassVar[dict[str, str]] = {"floor of": "floor", "above": "ceiling"}
    guard = "fd"

    def score(self, evidence: Evidence) -> Score:
        return Score(0.5, 0.25, 0.75, {"floor": 0.125})


def one(metric: type[Metric], name: str = "") -> ScoreRecord | Missing:
    found = scored([name or metric.name], {metric.name: metric}, EVIDENCE, compared)
    (outcome,) = (*found.scores.values(), *found.missing.values())
    return outcome


def saying(score: Score) -> type[Metric]:
    return type("Saying", (Stated,), {"score": lambda self, evidence: score})


def raising(error: Exception) -> type[Metric]:
    def score(self: Metric, evidence: Evidence) -> Score:
        raise error

    return type("Raising", (Stated,), {"score": score})


def test_a_score_carries_all_that_its_metric_states():
    assert one(Stated) == ScoreRecord(
        value=0.5,
        title="Stated",
        axis=Axis.COVERAGE,
        direction=Direction.HIGHER,
        unit="m",
        version="7",
        source="The tests 2026, https://example.org",
        n=40,
        low=0.25,
        high=0.75,
        details={"floor": 0.125},
        shown={"floor of": "floor"},  # there is no ceiling
        scale=Scale.SHARE,
        guard="fd",
    )


def test_a_score_of_features_names_its_extractor_and_what_it_was_compared_with():
    found = one(KernelInceptionDistance, "kid@pixels")
    assert (found.extractor, found.reference, found.n) == ("pixels/1/0123", "data/test", 40)
    assert (
        found.value == KernelInceptionDistance().score(Evidence(SPACE, OTHERS, features=Comparison(REAL, OTHERS))).value
    )


def test_what_was_answered_is_counted_where_something_was_asked():
    asked = replace(EVIDENCE, task="between", answers=np.zeros((7, 3, 4), np.float32))
    assert scored(["stated"], {"stated": Stated}, asked, compared).scores["stated"].n == 7


def test_a_score_survives_its_json():
    for found in (one(KernelInceptionDistance, "kid@pixels"), one(Stated)):
        assert decoded(ScoreRecord, encoded(found)) == found


def test_only_the_extractor_that_has_a_right_to_it_makes_a_fid():
    names = ("inception-v3-compat", "inception-v3-compat-64", "pixels")
    titles = {name: one(FrechetDistance, f"fd@{name}").title for name in names}
    assert titles == {"inception-v3-compat": "FID", "inception-v3-compat-64": "FD", "pixels": "FD"}


def test_a_metric_gets_the_features_and_the_embedding_of_its_own_extractor():
    seen = {}

    class Looking(Stated):
        uses_features: ClassVar[bool] = True

        def score(self, evidence: Evidence) -> Score:
            seen["features"], seen["embedded"] = evidence.comparison.generated, evidence.embed(np.ones(3, np.float32))
            return super().score(evidence)

    assert one(Looking, "stated@pixels").extractor == "pixels/1/0123"
    np.testing.assert_array_equal(seen["features"], OTHERS)
    np.testing.assert_array_equal(seen["embedded"], -np.ones(3))


def test_a_metric_without_features_is_asked_without_any():
    def never(extractor: str) -> Compared:
        raise AssertionError("nobody asked for features")

    assert scored(["stated"], {"stated": Stated}, EVIDENCE, never).scores["stated"].extractor is None


@pytest.mark.parametrize(
    ("error", "missing"),
    [
        (Unavailable("too few samples"), not_applicable("too few samples")),
        (Unsuitable("another space"), not_applicable("another space")),
        (GenbenchError("no weights; get them"), failed("GenbenchError: no weights; get them")),
        (KeyError("x"), failed("KeyError: 'x'")),
        (ZeroDivisionError("by zero"), failed("ZeroDivisionError: by zero")),
    ],
)
def test_a_metric_that_raises_costs_its_own_cell_and_says_why(error, missing, capfd):
    names = ["raising", "stated"]
    found = scored(names, {"raising": raising(error), "stated": Stated}, EVIDENCE, compared)
    assert (found.missing, list(found.scores)) == ({"raising": missing}, ["stated"])
    assert not str(found.missing["raising"]).startswith("n/a: failed")
    assert ("Traceback" in capfd.readouterr().err) == (missing == failed(missing.reason))


def test_an_extractor_that_fails_costs_the_scores_of_its_features_alone():
    def broken(extractor: str) -> Compared:
        raise RuntimeError("boom")

    metrics = {"kid": KernelInceptionDistance, "stated": Stated}
    found = scored(["kid@pixels", "stated"], metrics, EVIDENCE, broken)
    assert found.missing == {"kid@pixels": failed("RuntimeError: boom")}
    assert list(found.scores) == ["stated"]


def test_no_features_at_all_are_no_failure():
    def none(extractor: str) -> Compared:
        raise Unavailable("needs an extractor")

    found = scored(["kid"], {"kid": KernelInceptionDistance}, EVIDENCE, none)
    assert found.missing == {"kid": not_applicable("needs an extractor")}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e31])
def test_a_value_that_no_record_holds_is_a_failure(value):
    assert one(saying(Score(value))) == failed(f"ValueError: the metric returned {value}")


def test_numbers_beside_the_value_that_no_record_holds_are_left_out():
    found = one(saying(Score(1.0, float("-inf"), 2.0, {"floor": float("nan"), "b": 3.0, "c": 1e30})))
    assert (found.low, found.high, found.details, found.shown) == (None, 2.0, {"b": 3.0}, {})


def test_what_is_no_score_is_a_failure():
    assert str(one(saying(0.5))).startswith("failed: AttributeError")


def test_numpys_numbers_become_pythons():
    found = recorded(Stated, Score(np.float32(0.5), details={"n": np.int64(3)}), 1)
    assert (type(found.value), type(found.details["n"])) == (float, float)
