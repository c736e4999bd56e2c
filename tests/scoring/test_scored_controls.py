"""What metrics say of the controls on digits, in pixels, and how blind they are to copies."""

import pytest

from genbench.builtin.metrics import METRICS
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.scoring.novelty.pairs import flat

BY_NAME = {metric.name: metric for metric in METRICS}
NEIGHBOURS = ("precision", "recall", "density", "coverage", "clipped-density", "clipped-coverage")


@pytest.mark.parametrize(
    ("name", "fd", "scores"),
    [  # FD to T and to S; precision, recall, density, coverage; clipped density and coverage; authenticity, AUC
        ("real-held-out", (27, 33), (0.92, 0.92, 1.03, 0.97, 1, 1, 0.55, 0.50)),
        ("copycat", (5, 32), (0.93, 0.93, 1.01, 0.97, 1, 0.98, 0, 0)),
        ("partial-copycat", (24, 32), (0.92, 0.93, 1.01, 0.98, 1, 0.98, 0.51, 0.45)),
        ("mode-dropper", (181, 181), (0.92, 0.34, 1.09, 0.57, 1, 0.54, 0.51, 0.42)),
        ("noise", (2620, 2640), (0, 0, 0, 0, 0, 0, 1, 1)),
    ],
)
def test_the_controls_score_as_they_were_measured_to(features, samples, splits, name, fd, scores):
    found = Evidence(splits.space, samples[name], features=features.of(samples[name]).comparison("levels"))
    distance = BY_NAME["fd"]().score(found)
    assert distance.details["against_train"] == pytest.approx(fd[0], rel=0.03)
    assert distance.value == pytest.approx(fd[1], rel=0.03)
    values = [BY_NAME[column]().score(found).value for column in (*NEIGHBOURS, "authenticity", "copy-auc")]
    assert values == pytest.approx(scores, abs=0.01)  # 449 of each: the order of a replay's rows moves nothing else


def test_no_other_score_sees_what_the_gate_sees(features, samples, splits):
    values = {}
    for name in ("real-held-out", "partial-copycat", "test-copycat"):
        found = Evidence(splits.space, samples[name], features=features.of(samples[name]).comparison("digits-net"))
        values[name] = {column: BY_NAME[column]().score(found).value for column in (*NEIGHBOURS, "copy-rate")}
    for name in NEIGHBOURS:
        assert values["partial-copycat"][name] == pytest.approx(values["real-held-out"][name], abs=0.05)
        assert values["test-copycat"][name] >= values["real-held-out"][name]
    assert values["test-copycat"]["copy-rate"] == pytest.approx(5 / 449, abs=1e-9)  # the nearest 1 %, and one


def test_a_comparison_without_training_data_has_no_copy_rate(splits):
    test = flat(splits.test.x)
    for name in ("copy-rate", "authenticity", "copy-auc"):
        with pytest.raises(Unavailable, match="needs the features of the training data"):
            BY_NAME[name]().score(Evidence(splits.space, splits.test.x, features=Comparison(test, test)))
