"""The meter: stages overlap, and idle is the time in which none ran."""

import pytest

from genbench.records.status import Status
from genbench.runs.listener import Silence
from genbench.runs.meter import Meter
from genbench.store.stage_folder import Result


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def meter(clock):
    return Meter(Silence(), clock)


def ended(meter: Meter, clock: Clock, at: float, seconds: float, reused: bool = False) -> None:
    clock.now = at
    meter.ended(None, Result(Status.OK, seconds=seconds, own_seconds=seconds / 2, reused=reused))


def test_two_stages_beside_each_other_leave_their_union_busy(meter, clock):
    ended(meter, clock, 10.0, 8.0)  # from 2 to 10
    ended(meter, clock, 12.0, 7.0)  # from 5 to 12
    clock.now = 15.0
    assert meter.stage_seconds == 15.0
    assert meter.own_seconds == 7.5
    assert meter.idle_seconds == 2.0 + 3.0  # before the first, after the last
    assert meter.seconds == 15.0


def test_a_gap_between_two_stages_is_idle(meter, clock):
    ended(meter, clock, 4.0, 4.0)
    ended(meter, clock, 10.0, 3.0)
    assert meter.idle_seconds == 3.0


def test_a_stage_that_ran_all_the_while_leaves_nothing_idle(meter, clock):
    ended(meter, clock, 3.0, 1.0)
    ended(meter, clock, 9.0, 9.0)
    assert meter.idle_seconds == 0.0


def test_what_was_found_finished_took_no_time(meter, clock):
    ended(meter, clock, 1.0, 100.0, reused=True)
    assert (meter.stage_seconds, meter.own_seconds, meter.idle_seconds) == (0.0, 0.0, 1.0)
