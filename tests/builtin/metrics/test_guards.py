"""What FD shows to be worse than noise stands on no axis of quality or coverage."""

import pytest

from genbench.builtin import genbench_metrics
from genbench.records.kinds import Axis

SIDES = [metric for metric in genbench_metrics() if metric.axis in (Axis.QUALITY, Axis.COVERAGE)]


@pytest.mark.parametrize("metric", [metric for metric in SIDES if metric.uses_features], ids=lambda metric: metric.name)
def test_a_score_of_one_side_is_guarded_by_the_distance_of_both(metric):
    assert metric.guard == "fd"


def test_both_axes_of_the_default_board_are_among_them():
    assert {"quality-share", "coverage-share"} <= {metric.name for metric in SIDES}
