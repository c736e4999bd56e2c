"""The simulation of many devices: its bounds are the work, the longest trial, and the driver."""

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
sys.path.append(str(TOOLS))

import scale  # noqa: E402


def test_one_device_does_all_the_work_one_after_the_other() -> None:
    found = scale.simulated([(3.0, 1.0), (2.0,)], 1, driver=0.0)
    assert (found.seconds, found.work, found.limit) == (6.0, 6.0, "work")


def test_no_number_of_devices_is_faster_than_the_longest_trial() -> None:
    trials = [(10.0, 5.0), *[(1.0, 1.0)] * 50]
    found = scale.simulated(trials, 100, driver=0.0)
    assert (found.seconds, found.limit) == (15.0, "longest trial")


def test_two_devices_share_the_work() -> None:
    assert scale.simulated([(1.0,)] * 10, 2, driver=0.0).seconds == 5.0


def test_a_driver_that_hands_out_one_job_at_a_time_becomes_the_limit() -> None:
    found = scale.simulated([(1.0,)] * 1000, 1000, driver=0.5)
    assert found.seconds == pytest.approx(1000.0, rel=0.01)  # half a second to hand out, half to take back
    assert (found.driver, found.limit) == (1000.0, "driver")


def test_a_driver_costs_nothing_where_jobs_are_long() -> None:
    found = scale.simulated([(100.0,)] * 64, 8, driver=0.01)
    assert found.seconds == pytest.approx(800, rel=0.01)


@pytest.mark.parametrize("devices", [1, 3, 10])
def test_it_is_never_below_its_bounds(devices: int) -> None:
    trials = [(float(n % 7 + 1), float(n % 3 + 1)) for n in range(40)]
    found = scale.simulated(trials, devices, driver=0.05)
    assert found.seconds >= max(found.work / devices, found.longest, found.driver) - 1e-9


def test_the_table_of_a_published_board(capsys: pytest.CaptureFixture[str]) -> None:
    scale.main([str(TOOLS.parent / "leaderboards/digits/records"), "--driver", "0.02", "--devices", "1,8"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("25 models × 5 seeds, ")
    assert [line.split("|")[1].strip() for line in lines[3:]] == ["1", "8"]
