"""The parent's clock: it adds up what the markers say at the times that the parent read."""

import pytest
from hypothesis import given, settings, strategies as st

from genbench.processes.clock import Clock


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
    clock = noted(*[(at, "null", t) for start, end in [(0, 1), (2, 12), (20, 22)] for at, t in
                    [("ready", float(start)), ("done", float(end))]])  # fmt: skip
    assert clock.null_call() == 2.0
    assert Clock().null_call() == 0.0


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
