"""The task: its pairs are what it says, and its marks go from every other one right to all of them."""

import numpy as np

import genbench
from genbench.templates.parts.task import NewPlugin, NewPluginAccuracy

SPACE = genbench.Space((1, 4, 4), levels=8)
ROWS = genbench.Examples(np.random.default_rng(0).integers(8, size=(80, *SPACE.shape)).astype(np.uint8))


def exam() -> genbench.Exam:
    return NewPlugin().pose(genbench.Splits(SPACE, ROWS, ROWS, ROWS, ROWS), 40, np.random.default_rng(1))


def marked(answers: np.ndarray) -> float:
    samples, key = ROWS.x, exam().key
    return NewPluginAccuracy().score(genbench.Evidence(SPACE, samples, answers=answers, key=key)).value


def test_a_pair_is_a_test_row_and_its_entries_in_another_order() -> None:
    pair, real = exam().questions["pair"].reshape(40, 2, -1), exam().key["real"]
    assert np.array_equal(np.sort(pair[:, 0]), np.sort(pair[:, 1]))
    known = {row.tobytes() for row in ROWS.x}
    assert all(pair[i, real[i]].tobytes() in known for i in range(40))
    assert not any(pair[i, 1 - real[i]].tobytes() in known for i in range(40))


def test_marks_go_from_a_half_to_one() -> None:
    assert marked(np.zeros((40, 2))) == 0.5
    assert marked(np.eye(2)[exam().key["real"]]) == 1
    assert marked(-np.eye(2)[exam().key["real"]]) == 0
