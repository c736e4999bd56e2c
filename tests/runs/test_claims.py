"""Claims of a stage are held against their form, their range and the parent's clock."""

import json
import math

import pytest

from genbench.execution.clock import Clock
from genbench.records.kinds import Likelihood
from genbench.runs.claims import KINDS, fault

GOOD = {
    "fit": {"images": 5, "seconds_before": 0.0, "parameters": 0},
    "sample": {"nfe": None, "flops": 3, "device_memory": None, "conditional": True},
    "density": {"likelihood": "exact"},
    "audit": {},
}
SECTION = {"fit": "fit", "sample": "run", "density": "density", "audit": "audit"}


def clock(section: str, laps: int = 0, times: int = 1) -> Clock:
    found = Clock()
    for _ in range(times):
        for at in ("ready", *["lap"] * laps, "done"):
            found.note({"at": at, "section": section}, 1.0)
    return found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "curve.json").write_text("[]")
    return tmp_path


@pytest.mark.parametrize("stage", GOOD)
def test_a_good_claim_has_no_fault_and_needs_its_section_once(folder, stage):
    assert fault(stage, GOOD[stage], clock(SECTION[stage], 2), 2, folder) is None
    for times in (0, 2):
        status, _ = fault(stage, GOOD[stage], clock(SECTION[stage], 2, times), 2, folder)
        assert status == "no-evidence"


@pytest.mark.parametrize("laps", [0, 1, 3])
def test_every_batch_is_drawn_on_the_clock(folder, laps):
    status, words = fault("sample", GOOD["sample"], clock("run", laps), 2, folder)
    assert (status, words) == ("no-evidence", f"sample drew {laps} batches on the clock, expected 2")


@pytest.mark.parametrize(
    ("stage", "name", "value"),
    [
        ("fit", "parameters", -1),
        ("fit", "images", "5"),
        ("fit", "seconds_before", 1e300),
        ("fit", "images", True),
        ("sample", "nfe", [1]),
        ("sample", "conditional", 1),
        ("sample", "flops", math.nan),
        ("density", "likelihood", "certain"),
        ("density", "likelihood", ["exact"]),
    ],
)
def test_a_value_of_another_form_or_range_is_named(folder, stage, name, value):
    told = fault(stage, GOOD[stage] | {name: value}, clock(SECTION[stage], 2), 2, folder)
    assert told == ("invalid-evidence", f"{stage} says {name} = {value!r}")
    absent = {key: kept for key, kept in GOOD[stage].items() if key != name}
    assert fault(stage, absent, clock(SECTION[stage], 2), 2, folder)[0] == "invalid-evidence"


@pytest.mark.parametrize("curve", [{}, [1], [{"loss": "low"}], [{"loss": None}], [{"loss": True}]])
def test_a_curve_is_points_of_numbers(folder, curve):
    (folder / "curve.json").write_text(json.dumps(curve))
    assert fault("fit", GOOD["fit"], clock("fit"), 0, folder)[0] == "invalid-evidence"
    (folder / "curve.json").write_text('[{"images": 3, "loss": 0.5}]')
    assert fault("fit", GOOD["fit"], clock("fit"), 0, folder) is None


def test_the_kinds_of_a_likelihood_are_the_contracts():
    assert set(KINDS) == {kind.value for kind in Likelihood}
