"""A stream shows a density test rows among others, in an order and in batches that tell nothing."""

from pathlib import Path

import numpy as np
import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.scoring.audits import stream_files
from genbench.scoring.audits.answers import sorted_by
from genbench.scoring.audits.facts import HALVES, KEY, QUESTIONS
from genbench.scoring.audits.findings import SAME_LIMIT, same_scatter
from genbench.scoring.audits.stream import OWN_JUDGED, SMALL, RealData, Role, Stream, composed, counts, own_rows

BATCH = 50
TWICE = (Role.KERNEL, Role.LINEAR)


@pytest.fixture(scope="module")
def real() -> RealData:
    splits = Digits().splits()
    return RealData(splits.space, splits.train.x, splits.valid.x, splits.test.x)


@pytest.fixture(scope="module")
def found(real: RealData) -> Stream:
    return composed(real, real.train[:500], Likelihood.EXACT, 0, BATCH, np.random.default_rng(3))


def rows_of(stream: Stream, role: Role) -> dict[tuple[int, int], np.ndarray]:
    """(half, place) → row."""
    return {
        (half, int(place)): row
        for half, asked in enumerate(stream.halves)
        for row, at, place in zip(asked.rows, asked.role, asked.place, strict=True)
        if at == role
    }


def test_every_test_row_is_asked_for_and_those_of_both_halves_half_beside_the_same_rows(found: Stream, real: RealData):
    tests = rows_of(found, Role.TEST)
    assert {place for _, place in tests} == set(range(len(real.test)))
    for (_, place), row in tests.items():
        assert (row == real.test[found.tested[place]]).all()
    twice = {place for half, place in tests if half == 0} & {place for half, place in tests if half == 1}
    alike = [{int(place) for place in half.place[half.alike == 1]} for half in found.halves]
    assert alike[0] == alike[1]
    assert alike[0] < twice
    assert len(twice) == 2 * len(alike[0]) == 48


def test_the_rows_beside_which_a_repeated_row_stands_are_the_same_in_order(found: Stream):
    def batches(half: int) -> list[list[int]]:
        asked = found.halves[half]
        cut = np.split(np.arange(len(asked.role)), asked.ends[:-1])
        return sorted(asked.place[rows].tolist() for rows in cut if asked.alike[rows].all())

    assert batches(0) == batches(1) != []


def test_a_row_and_the_same_with_one_entry_moved_by_one_level_are_never_in_the_same_half(found: Stream, real: RealData):
    tests, moved = rows_of(found, Role.TEST), rows_of(found, Role.MOVED)
    assert len(moved) == 100
    for (half, index), row in moved.items():
        place = int(found.moved[index])
        assert (half, place) not in tests
        apart = np.abs(row.astype(int) - real.test[found.tested[place]])
        assert (apart.sum(), apart.max()) == (1, 1)
        assert 0 <= row.min() <= row.max() <= 16


def test_batches_are_of_random_sizes_up_to_the_suites_and_all_roles_are_mixed(found: Stream):
    for half in found.halves:
        sizes = np.diff(half.ends, prepend=0)
        assert half.ends[-1] == len(half.rows) == len(half.role)
        assert 1 <= sizes.min() < sizes.max() <= BATCH
        assert len({*sizes.tolist()}) > 5
        first, second = np.array_split(half.role, 2)
        assert {*first.tolist()} == {*second.tolist()} == {*Role}


def test_what_the_stream_costs_is_at_most_four_times_the_test_rows():
    for rows in (8, 20, 100, 449, 10_000):
        for kind in Likelihood:
            some = counts(rows, kind, 10_000, 10_000)
            extra = some.valid + some.noise + some.moved + 4 * some.draws + some.own + some.repeated
            assert extra <= max(3 * rows, 64), (rows, kind, some)


def test_batches_that_both_halves_hold_are_no_smaller_than_as_many_others(found: Stream):
    for half in found.halves:
        ends, sizes = half.ends, np.diff(half.ends, prepend=0)
        same = half.alike[ends - 1] == 1
        assert 2 < same.sum() <= (sizes[~same] <= SMALL).sum() <= same.sum() + 1
        assert sizes[same].max() <= SMALL


def test_a_bound_whose_scatter_is_common_to_a_batch_is_not_taken_for_one_that_uses_its_batch(real: RealData):
    rng = np.random.default_rng(0)
    p = []
    for _ in range(150):
        asked = composed(real, real.train, Likelihood.LOWER_BOUND, 0, BATCH, rng)
        said = tuple(np.repeat(rng.normal(size=len(half.ends)), np.diff(half.ends, prepend=0)) for half in asked.halves)
        answers = sorted_by(asked, (said[0], said[1]))
        p.append(same_scatter(answers.alike, answers.elsewhere).value)
    assert np.min(p) > SAME_LIMIT
    assert np.mean(np.array(p) < 0.01) < 0.06  # rows that share one of their batches are not quite independent


def test_of_many_test_rows_no_more_own_samples_are_judged_than_tell():
    assert counts(10_000, Likelihood.EXACT, 5000, 10_000).own == OWN_JUDGED
    assert own_rows(449, Likelihood.EXACT, 1000) == 449 + 224


def test_draws_of_known_densities_are_in_both_halves_with_what_they_are_worth(found: Stream):
    for role, log_q in zip(TWICE, (found.kernel, found.linear), strict=True):
        rows = rows_of(found, role)
        assert len(rows) == 2 * len(log_q) == 80
        assert all((rows[0, place] == rows[1, place]).all() for place in range(len(log_q)))
        assert np.isfinite(log_q).all()


def test_answers_are_sorted_back_to_what_was_asked(found: Stream, real: RealData):
    said = tuple(half.role * 1000.0 + half.place + index * 0.25 for index, half in enumerate(found.halves))
    answers = sorted_by(found, (said[0], said[1]))
    assert (np.floor(answers.test) == np.arange(len(real.test))).all()
    assert (np.floor(answers.moved[0]) == found.moved).all()
    assert (np.floor(answers.moved[1]) == 3000 + np.arange(100)).all()
    for role, pairs in zip(TWICE, (answers.kernel, answers.linear), strict=True):
        assert (pairs == role * 1000 + np.arange(40) + np.array([[0], [0.25]])).all()
    for pairs in (answers.alike, answers.elsewhere):
        assert (pairs.nats[1] - pairs.nats[0] == 0.25).all()
    assert (np.floor(answers.own) == 6000 + np.arange(own_rows(len(real.test), Likelihood.EXACT, 500))).all()


def test_a_part_of_the_test_rows_is_drawn_by_the_secret(real: RealData):
    some = [composed(real, real.train, None, 100, BATCH, np.random.default_rng(seed)) for seed in (0, 1)]
    assert len(some[0].tested) == 100
    assert {*some[0].tested.tolist()} != {*some[1].tested.tolist()}


def test_real_numbers_have_no_decoys():
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    asked = composed(RealData(Space((3,), levels=None), x, x, x), x, Likelihood.EXACT, 0, 7, np.random.default_rng(0))
    assert {int(role) for half in asked.halves for role in half.role} == {Role.TEST}
    assert {half.rows.dtype for half in asked.halves} == {np.dtype("float32")}


def test_a_stream_is_read_as_it_was_written_and_its_questions_do_not_say_what_they_are(found: Stream, tmp_path: Path):
    stream_files.write(found, tmp_path)
    questions = tuple(tmp_path / name for name in QUESTIONS.values())
    again = stream_files.read((questions[0], questions[1]), tmp_path / KEY)
    for name in ("tested", "moved", "kernel", "linear"):
        assert (getattr(again, name) == getattr(found, name)).all()
    for own, other in zip(again.halves, found.halves, strict=True):
        for name in ("rows", "ends", "role", "place", "alike"):
            assert (getattr(own, name) == getattr(other, name)).all()
    assert len(questions) == len(HALVES)
    for path in questions:
        assert set(stream_files.read_named(path)) == {"rows", "ends"}
