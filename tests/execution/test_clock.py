"""The parent's clock: it adds up what the markers say at the times that the parent read."""

import pytest
from hypothesis import given, settings, strategies as st

from genbench.execution.clock import Clock


def noted(*messages: tuple[str, str, float]) -> Clock:
    clock = Clock()
    for at, section, now in messages:
        clock.note({"at": at, "section": section}, now)
    return clock


def test_a_section_lasts_from_ready_to_done():
    assert noted(("ready", "run", 10.0), ("done", "run", 12.5)).seconds("run") == 2.5


def test_sections_of_one_name_are_added():
    clock = noted(("ready", "run", 0.0), ("done", "run", 1.0), ("ready", "run", 5.0), ("done", "run", 7.0))
    assert clock.seconds("run") == 3.0


def test_laps_follow_each_other_and_the_first_begins_with_the_section():
    clock = noted(("ready", "run", 1.0), ("lap", "run", 2.0), ("lap", "run", 4.0), ("done", "run", 9.0))
    assert clock.laps("run") == [1.0, 2.0]


def test_a_section_that_has_not_ended_counts_nothing():
    clock = noted(("ready", "run", 1.0), ("lap", "run", 2.0))
    assert clock.seconds("run") == 0.0
    assert clock.laps("run") == [1.0]


@pytest.mark.parametrize(
    "message", [{"at": "lap", "section": "run"}, {"at": "done", "section": "run"}, {"at": "what"}, {}]
)
def test_a_marker_of_a_section_that_never_began_is_ignored(message):
    clock = Clock()
    clock.note(message, 3.0)
    assert clock.sections == {}


def test_the_null_call_is_the_median_of_the_empty_sections():
    clock = noted(*_empty((0, 0.0001), (2, 2.0005), (20, 20.0002)))
    assert clock.null_call() == pytest.approx(0.0002)
    assert Clock().null_call() == 0.0


def _empty(*sections: tuple[float, float]) -> list[tuple[str, str, float]]:
    return [marker for start, end in sections for marker in (("ready", "null", start), ("done", "null", end))]


def test_a_null_call_that_somebody_slowed_takes_at_most_half_of_a_time_away():
    clock = noted(*_empty((0, 3), (4, 7)))
    assert clock.null_call() == 0.001
    assert clock.net(1.0) == 0.999
    assert clock.net(1.0, calls=100) == 0.9
    assert clock.net(0.0004) == 0.0002


def test_what_no_stage_has_is_not_remembered_and_nothing_without_bound():
    clock = noted(("ready", "x" * 60_000, 0.0), *_empty(*[(t, t + 1) for t in range(500)]))
    assert set(clock.sections) == {"null"}
    assert clock.finished("null") == 100
    laps = [("ready", "run", 0.0), *[("lap", "run", float(t)) for t in range(100_010)]]
    assert len(noted(*laps).laps("run")) == 100_000


def test_own_seconds_are_those_of_all_sections():
    clock = noted(("ready", "fit", 0.0), ("done", "fit", 4.0), ("ready", "check", 5.0), ("done", "check", 6.0))
    assert clock.own_seconds == 5.0


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(0, 1000))
def test_laps_add_up_to_the_section_when_the_last_one_ends_it(steps, start):
    clock, now = Clock(), start
    clock.note({"at": "ready", "section": "run"}, now)
    for step in steps:
        now += step
        clock.note({"at": "lap", "section": "run"}, now)
    clock.note({"at": "done", "section": "run"}, now)
    assert clock.laps("run") == steps
    assert clock.seconds("run") == sum(steps)
