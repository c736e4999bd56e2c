"""The parent's clock: it adds up what the markers say at the times that the parent read."""

import pytest
from hypothesis import given, settings, strategies as st

from genbench.contracts.job import Timeline
from genbench.execution.clock import Clock


def noted(*messages: tuple[str, str, float]) -> Timeline:
    clock = Clock()
    for at, section, now in messages:
        {"ready": clock.begin, "lap": clock.lap, "done": clock.end}[at](section, now)
    return clock.timeline


def test_a_section_lasts_from_ready_to_done():
    assert noted(("ready", "run", 10.0), ("done", "run", 12.5)).seconds("run") == 2.5


def test_sections_of_one_name_are_added():
    timeline = noted(("ready", "run", 0.0), ("done", "run", 1.0), ("ready", "run", 5.0), ("done", "run", 7.0))
    assert timeline.seconds("run") == 3.0


def test_laps_follow_each_other_and_the_first_begins_with_the_section():
    timeline = noted(("ready", "run", 1.0), ("lap", "run", 2.0), ("lap", "run", 4.0), ("done", "run", 9.0))
    assert timeline.laps("run") == [1.0, 2.0]


def test_a_section_that_has_not_ended_counts_nothing():
    timeline = noted(("ready", "run", 1.0), ("lap", "run", 2.0))
    assert timeline.seconds("run") == 0.0
    assert timeline.laps("run") == [1.0]


@pytest.mark.parametrize("at", ["lap", "done"])
def test_a_marker_of_a_section_that_never_began_is_ignored(at):
    assert noted((at, "run", 3.0)).sections == {}


def test_a_section_ran_once_only_if_it_began_once_and_ended():
    once = ("ready", "run", 0.0), ("done", "run", 1.0)
    assert noted(*once).ran_once("run")
    assert not noted().ran_once("run")
    assert not noted(once[0]).ran_once("run")
    assert not noted(*once, ("ready", "run", 2.0)).ran_once("run")


def test_the_first_of_a_name_is_known():
    clock = Clock()
    assert [clock.begin("run", 0.0), clock.begin("run", 1.0), clock.begin("null", 2.0)] == [True, False, True]


def test_the_null_call_is_the_median_of_the_empty_sections():
    timeline = noted(*_empty((0, 0.0001), (2, 2.0005), (20, 20.0002)))
    assert timeline.null_call == pytest.approx(0.0002)
    assert Timeline().null_call == 0.0


def _empty(*sections: tuple[float, float]) -> list[tuple[str, str, float]]:
    return [marker for start, end in sections for marker in (("ready", "null", start), ("done", "null", end))]


def test_a_null_call_that_somebody_slowed_takes_at_most_half_of_a_time_away():
    timeline = noted(*_empty((0, 3), (4, 7)))
    assert timeline.null_call == 0.001
    assert timeline.net(1.0) == 0.999
    assert timeline.net(1.0, calls=100) == 0.9
    assert timeline.net(0.0004) == 0.0002


def test_nothing_is_remembered_without_bound():
    timeline = noted(*[("ready", f"section {i}", 0.0) for i in range(1000)])
    assert len(timeline.sections) == 32
    assert len(noted(*_empty(*[(t, t + 1) for t in range(500)])).sections["null"]) == 100
    laps = [("ready", "run", 0.0), *[("lap", "run", float(t)) for t in range(100_010)]]
    assert len(noted(*laps).laps("run")) == 100_000


def test_the_open_section_is_the_last_that_began_and_has_not_ended():
    clock = Clock()
    assert clock.open_section == ""
    clock.begin("load", 1.0)
    assert clock.open_section == "load"
    clock.end("load", 2.0)
    assert clock.open_section == ""


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(0, 1000))
def test_laps_add_up_to_the_section_when_the_last_one_ends_it(steps, start):
    clock, now = Clock(), start
    clock.begin("run", now)
    for step in steps:
        now += step
        clock.lap("run", now)
    clock.end("run", now)
    assert clock.timeline.laps("run") == steps
    assert clock.timeline.seconds("run") == sum(steps)
