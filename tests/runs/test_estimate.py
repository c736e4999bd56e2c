"""Estimates: from what earlier runs of the same models took, else from the suite, else unknown."""

import json

import pytest

from genbench.catalogue import Catalogue, Entry, plugins
from genbench.catalogue.plugins import MODELS, Plugin
from genbench.protocol.suite import Suite
from genbench.protocol.trial import Trial
from genbench.runs.estimate import Estimate, estimates, wall_seconds
from genbench.runs.plan import Plan

PLUGIN = Plugin("vae", MODELS, "genbench_vae", "", "genbench-vae", "1", "")
FIELDS = {"settings": [], "samplers": ["default"], "capabilities": []}
VAE = Trial(Entry(PLUGIN, {"name": "vae", "family": "vae", **FIELDS}), {}, 0)
COPYCAT = Trial(Entry(plugins.builtin(MODELS), {"name": "copycat", "family": "control", **FIELDS}), {}, 0)
TYPICAL = {"fit": 60.0, "sample": 5.0, "score": 2.0}


def plan(typical: dict[str, float]) -> Plan:
    suite = Suite("mine", "Mine", "digits", 1000, 60, 20, 1, "pixels", ("fd",), {}, typical=typical)
    return Plan(suite, Catalogue(), (VAE, COPYCAT))


@pytest.fixture
def earlier(tmp_path):
    """`earlier(seconds, …)`: leaves a record of the VAE for each, and returns the run's folder."""

    def leave(*seconds: float, status: str = "ok") -> object:
        for index, value in enumerate(seconds):
            stages = {"fit": {"seconds": value - 1}, "score": {"seconds": 1}}
            record = {"model": {"reference": "vae"}, "candidates": [{"status": status}], "stages": stages}
            folder = tmp_path / f"vae.default.{status}{index}"
            folder.mkdir()
            (folder / "record.json").write_text(json.dumps(record))
        return tmp_path

    return leave


def test_an_earlier_run_tells_the_median_of_its_trials(earlier):
    found = estimates(plan(TYPICAL), earlier(10.0, 90.0, 20.0))
    assert found["vae.default.0"] == Estimate(20.0, "earlier run")


def test_a_failure_is_no_measure_of_the_work(earlier):
    earlier(1.0, status="timeout")
    assert estimates(plan(TYPICAL), earlier(10.0))["vae.default.0"].seconds == 10.0


def test_without_earlier_runs_the_suites_typical_seconds_count(tmp_path):
    found = estimates(plan(TYPICAL), tmp_path)
    assert found["vae.default.0"] == Estimate(67.0, "suite's typical")
    assert found["copycat.default.0"] == Estimate(2.0, "suite's typical")


def test_without_either_nothing_is_known_and_nothing_is_made_up(tmp_path):
    found = estimates(plan({}), tmp_path / "absent")
    assert set(found.values()) == {Estimate(None, "unknown")}
    assert wall_seconds(plan({}), found, jobs=1) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"candidates": 3}', '{"candidates": ["ok"], "stages": {}}'])
def test_a_record_of_another_format_tells_nothing(tmp_path, text):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "record.json").write_text(text)
    assert estimates(plan(TYPICAL), tmp_path)["vae.default.0"].basis == "suite's typical"


@pytest.mark.parametrize("stages", [[], "fit", {"fit": 3}, {"fit": None}, {"fit": {"seconds": "3"}}])
def test_a_record_whose_stages_are_of_another_form_tells_nothing(tmp_path, stages):
    (tmp_path / "old").mkdir()
    record = {"model": {"reference": "vae"}, "candidates": [{"status": "ok"}], "stages": stages}
    (tmp_path / "old" / "record.json").write_text(json.dumps(record))
    assert estimates(plan(TYPICAL), tmp_path)["vae.default.0"].basis == "suite's typical"


def test_two_jobs_take_half_the_time(tmp_path):
    wanted = plan(TYPICAL)
    found = estimates(wanted, tmp_path)
    assert wall_seconds(wanted, found, jobs=1) == 69.0
    assert wall_seconds(wanted, found, jobs=2) == 34.5
