"""The sanity checks: criteria tell right curves from wrong ones, and known flaws of scores are found."""

import numpy as np
import pytest
import sanity_table

from genbench.builtin.metrics import METRICS
from genbench.builtin.metrics.clipped import ClippedDensity
from genbench.builtin.metrics.fd import FrechetDistance
from genbench.builtin.metrics.precision_recall import Precision
from genbench.conformance import sanity
from genbench.conformance.sanity.check import Asked
from genbench.conformance.sanity.checks import checks
from genbench.conformance.sanity.criteria import Curve, bell, falling, falling_by, flat, near, rising, settled
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction

X = np.linspace(-2, 2, 5)
HILL, STAIR = [0.0, 0.6, 1, 0.5, 0.1], [0.0, 0.2, 0.5, 0.8, 1]


def curve(y):
    return Curve(X, np.array(y, float))


@pytest.mark.parametrize(
    ("criterion", "right", "wrong"),
    [
        (bell(0), HILL, [0.9, 0.9, 1, 0.5, 0.0]),
        (bell(0), HILL, [0.0, 0.6, 0.8, 1.0, 0.1]),
        (bell(0), [0.3, 0.3, 1, 0.2, 0.1], [0.3, 0.0, 1, 0.0, 0.3]),
        (rising, STAIR, STAIR[::-1]),
        (rising, STAIR, [0.0, 0.2, 1.2, 0.8, 1]),
        (falling, STAIR[::-1], HILL),
        (falling_by(0), STAIR[::-1], [1, 1, 0.95, 0.9, 0]),
        (flat, [0.5, 0.54, 0.5, 0.5, 0.5], [0.5, 0.56, 0.5, 0.5, 0.5]),
        (settled, [0.9, 0.1, 0.5, 0.54, 0.5], [0.5, 0.5, 0.5, 0.56, 0.5]),
        (near(1, 0), HILL, STAIR),
        (near(0, -np.inf), STAIR, STAIR[::-1]),
        (near(1, np.inf), STAIR, HILL),
    ],
)
def test_criteria_tell_right_curves_from_wrong_ones(criterion, right, wrong):
    assert criterion(curve(right))
    assert not criterion(curve(wrong))


def test_all_fifteen_checks_are_made_with_thirty_rows_between_them():
    made = list(checks(5, 200))
    assert len({check.name for check in made}) == len(made) == 15
    assert sum(len({demand.asked for _, demand in check.demands}) for check in made) == 30


@pytest.mark.parametrize("points", [5, 7, 51])
def test_each_setting_that_is_asked_for_is_on_its_curve(points):
    for check in checks(points, 1000):
        for setting in check.settings:
            assert (np.diff(setting.x) > 0).all()
            if check.name in {"mean", "mean-with-outlier", "mean-beside-heavy-tail"}:
                assert 0 in setting.x
            if check.name in {"deviation", "sphere-surface"}:
                assert 1 in setting.x


class Constant(Metric):
    """A score that says the same of everything."""

    name = title = "constant"
    axis = Axis.COVERAGE
    direction = Direction.HIGHER
    unit, source, version, uses_features = "", "2026", "1", True

    def score(self, evidence):
        return Score(1.0)


def test_a_score_that_says_one_of_everything_passes_only_where_nothing_should_change(monkeypatch):
    few = [check for check in checks(5, 200) if check.name in {"mean", "one-feature-scaled", "deviation"}]
    monkeypatch.setattr(sanity, "checks", lambda *_: few)
    found = {(of.check, of.asked): of.passed for of in sanity.results([Constant])}
    assert {row for row, passed in found.items() if passed} == {("one-feature-scaled", Asked.INVARIANCE)}


def test_precision_is_lost_to_one_outlier_and_clipped_density_is_not(monkeypatch):
    few = [check for check in checks(5, 200) if check.name in {"mean", "mean-with-outlier"}]
    monkeypatch.setattr(sanity, "checks", lambda *_: few)
    found = {
        (of.metric, of.check): of.passed
        for of in sanity.results([Precision, ClippedDensity])
        if of.asked is Asked.PURPOSE
    }
    assert found == {
        ("precision", "mean"): True,
        ("precision", "mean-with-outlier"): False,
        ("clipped-density", "mean"): True,
        ("clipped-density", "mean-with-outlier"): True,
    }


class ForEqualSets(Precision):
    """Precision that refuses sets of different sizes."""

    def score(self, evidence):
        if len(evidence.comparison.real) != len(evidence.comparison.generated):
            raise Unavailable("needs sets of one size")
        return super().score(evidence)


def test_a_score_that_refuses_unequal_sets_is_neither_passed_nor_failed(monkeypatch):
    few = [check for check in checks(5, 200) if check.name == "ball-in-torus"]
    monkeypatch.setattr(sanity, "checks", lambda *_: few)
    assert {of.passed for of in sanity.results([ForEqualSets])} == {None}
    assert {of.passed for of in sanity.results([Precision])} == {False}  # which draws sets of one size, and fails


def test_scores_of_quality_and_coverage_are_judged_and_no_others():
    names = {metric.name for metric in METRICS if sanity.judged(metric)}
    assert {"precision", "recall", "density", "coverage", "clipped-density", "clipped-coverage"} <= names
    assert not sanity.judged(FrechetDistance)


def test_the_table_has_a_row_for_each_demand_and_says_what_is_not_seen():
    found = [sanity.Result("density", "mean", asked, asked is Asked.BOUNDS) for asked in (Asked.BOUNDS, Asked.PURPOSE)]
    page = "\n".join(sanity_table._page(found, ["density"], sanity.LIGHT))
    assert "| mean | bounds | yes |" in page
    assert "| mean | purpose | no |" in page
    assert "| passed of 2 | | 1 |" in page
    assert "- **density**: it has no upper bound" in page
