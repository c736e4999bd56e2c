"""Estimates: from what earlier runs of the same models took, else from the suite, else unknown."""

from dataclasses import replace

import pytest
import records
from offered import entry, model, task

from genbench.catalogue import Catalogue
from genbench.protocol.suite import Suite
from genbench.protocol.trial import Trial
from genbench.records.files import write
from genbench.records.kinds import ControlKind, Family
from genbench.records.record import StageFacts
from genbench.records.status import Status
from genbench.runs.estimate import Estimate, estimates, wall_seconds
from genbench.runs.plan import Plan

VAE = Trial(entry(model("vae")), {}, 0)
COPYCAT = Trial(entry(model("copycat", family=Family.CONTROL, control=ControlKind.COPY)), {}, 0)
TYPICAL = {"fit": 60.0, "sample": 5.0, "score": 2.0, "density": 100.0}


def plan(typical: dict[str, float]) -> Plan:
    asked = (task("generate", controls=("copycat",)),)
    suite = Suite("mine", "digits", 1000, 20, 1, "pixels", {"generate": asked[0].terms}, typical=typical)
    return Plan(suite, asked, Catalogue(), (VAE, COPYCAT))


@pytest.fixture
def earlier(tmp_path):
    """`earlier(seconds, …)`: leaves a record of the VAE for each, and returns the run's folder."""

    def leave(*seconds: float, status: Status = Status.OK) -> object:
        for index, value in enumerate(seconds):
            stages = {"fit": StageFacts(Status.OK, None, value - 1), "score": StageFacts(Status.OK, None, 1.0)}
            record = records.record("vae", stages=stages)
            own = tuple(replace(candidate, status=status) for candidate in record.candidates)
            folder = tmp_path / f"vae.default.{status.value}{index}"
            folder.mkdir()
            write(folder / "record.json", replace(record, candidates=own))
        return tmp_path

    return leave


def test_an_earlier_run_tells_the_median_of_its_trials(earlier):
    found = estimates(plan(TYPICAL), earlier(10.0, 90.0, 20.0))
    assert found["vae.default.0"] == Estimate(20.0, "earlier run")


def test_a_failure_is_no_measure_of_the_work(earlier):
    earlier(1.0, status=Status.TIMEOUT)
    assert estimates(plan(TYPICAL), earlier(10.0))["vae.default.0"].seconds == 10.0


def test_without_earlier_runs_the_typical_seconds_of_a_trials_own_stages_count(tmp_path):
    found = estimates(plan(TYPICAL), tmp_path)
    assert found["vae.default.0"] == Estimate(67.0, "suite's typical")  # it has no density stage
    assert found["copycat.default.0"] == Estimate(2.0, "suite's typical")


def test_without_either_nothing_is_known_and_nothing_is_made_up(tmp_path):
    found = estimates(plan({}), tmp_path / "absent")
    assert set(found.values()) == {Estimate(None, "unknown")}
    assert wall_seconds(plan({}), found, jobs=1) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"candidates": 3}', '{"candidates": ["ok"], "stages": {}}'])
def test_a_record_that_cannot_be_read_tells_nothing(tmp_path, text):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "record.json").write_text(text)
    assert estimates(plan(TYPICAL), tmp_path)["vae.default.0"].basis == "suite's typical"


def test_two_jobs_take_half_the_time(tmp_path):
    wanted = plan(TYPICAL)
    found = estimates(wanted, tmp_path)
    assert wall_seconds(wanted, found, jobs=1) == 69.0
    assert wall_seconds(wanted, found, jobs=2) == 34.5
