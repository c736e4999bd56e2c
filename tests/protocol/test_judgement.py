"""What a stage says that it did is held against its form, its range and the parent's clock."""

import json
from dataclasses import replace

import pytest
from offered import OWN, PLUGIN

from genbench.contracts.job import Again, Outcome, Section, Timeline
from genbench.protocol.inputs import Fitted, Kept, SplitFiles, Subject
from genbench.protocol.stages import named
from genbench.protocol.stages.fit import FitInputs
from genbench.protocol.stages.judgement import judged
from genbench.protocol.stages.sample import SampleInputs
from genbench.records.kinds import Likelihood
from genbench.records.status import Status

GOOD = {
    "fit": {"images": 5, "seconds_before": 0.0, "parameters": 0},
    "sample": {"device_memory": None, "conditional": True},
    "density": {"likelihood": "exact"},
    "audit": {"likelihood": "exact", "rung": 0, "refused": []},
}
BATCHES, DIGESTS = 2, ("b0", "b1", "b2")
SUBJECT = Subject(PLUGIN, "m", "m", {}, 0, "digits", "cpu", 1)
INPUTS = SampleInputs(
    Fitted(SUBJECT, Kept("c", "c")), Kept("k", "k"), SplitFiles("d", "d", ()), "default", 8, 4, 0.0, 0.0, "EPYC", "c0"
)
FIT_INPUTS = FitInputs(SUBJECT, SplitFiles("d", "d", ()), 5, 60.0)


def timeline(section: str, laps: int = BATCHES, times: int = 1) -> Timeline:
    found = {section: (Section(1.0, (0.5,) * laps, digests=DIGESTS[:laps]),) * times} if times else {}
    return Timeline({**found, "null": (Section(0.0),), "warm-up": (Section(0.25),)})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "curve.json").write_text('{"points": []}')
    return tmp_path


def judge(stage, facts, folder, missing=(), **changes):
    clock = changes.get("timeline", timeline(named(stage).timed))
    again = Again(1, ("b1",), {"nfe": None, "flops": 3})
    outcome = Outcome(Status.OK, None, 3.0, clock, facts, 77, 0, places=(0, 1), again=again)
    return judged(named(stage), FIT_INPUTS if stage == "fit" else INPUTS, outcome, folder, missing)


def fitted(folder, seconds_cpu=None, facts=None, **changes):
    """A fit that took 30 CPU seconds in its section, 2 in its import, and 40 in all."""
    clock = {"load": (Section(2.0, cpu=2.0),), "fit": (Section(31.0, cpu=30.0),)}
    told = {"cpu": 40.0, "waited": 0.5, **changes}
    outcome = Outcome(Status.OK, None, 44.5, Timeline(clock), GOOD["fit"] | (facts or {}), exit_code=0, **told)
    return judged(named("fit"), replace(FIT_INPUTS, seconds_cpu=seconds_cpu), outcome, folder, ())


def test_a_fit_is_told_with_the_effort_of_all_its_processes(folder):
    found = fitted(folder, facts={"cpu_before": 3.0, "seconds_before": 6.0}).effort
    assert (found.cpu, found.seconds, found.beside, found.hides_children) == (43.0, 50.0, 8.0, False)
    assert not found.elsewhere
    assert fitted(folder, cpu=70.0).effort.elsewhere
    assert fitted(folder, cpu=None).effort.beside is None


def test_a_fit_that_was_handed_more_images_than_its_budget_fails(folder):
    assert fitted(folder, facts={"images": 5}).ok
    found = fitted(folder, facts={"images": 6})
    assert (found.status, found.reason) == (Status.INVALID_EVIDENCE, "fit was handed 6 images, its budget is 5")


def test_a_budget_in_cpu_seconds_is_held_by_the_parent_with_its_slack(folder):
    assert fitted(folder, seconds_cpu=28.0).ok  # 40 <= 28 x 1.1 + 10
    found = fitted(folder, seconds_cpu=27.0)
    assert (found.status, found.facts) == (Status.INVALID_EVIDENCE, None)
    assert found.reason == "fit took 40.0 CPU seconds, its budget is 27, and 39.7 with its slack"
    assert not fitted(folder, seconds_cpu=28.0, facts={"cpu_before": 1.0}).ok


@pytest.mark.parametrize("unseen", [{"cpu": None}, {"hides_children": True}])
def test_a_budget_in_cpu_seconds_that_nobody_can_see_kept_is_not_kept(folder, unseen):
    assert fitted(folder, **unseen).ok
    assert "the kernel does not tell" in fitted(folder, seconds_cpu=1000.0, **unseen).reason


@pytest.mark.parametrize("stage", GOOD)
def test_a_good_word_is_taken_with_its_section_once(folder, stage):
    result = judge(stage, GOOD[stage], folder)
    assert (result.status, result.seconds, result.worked) == (Status.OK, 3.0, 1.0)
    for times in (0, 2):
        other = judge(stage, GOOD[stage], folder, timeline=timeline(named(stage).timed, times=times))
        assert (other.status, other.facts) == (Status.NO_EVIDENCE, None)


@pytest.mark.parametrize("laps", [0, 1])
def test_every_scored_batch_is_drawn_on_the_clock(folder, laps):
    result = judge("sample", GOOD["sample"], folder, timeline=timeline("run", laps))
    assert result.status is Status.NO_EVIDENCE
    assert result.reason == f"sample did {laps} scored batches on the clock, expected 2"


@pytest.mark.parametrize(
    ("stage", "name", "value"),
    [
        ("fit", "parameters", -1),
        ("fit", "images", "5"),
        ("fit", "seconds_before", 1e300),
        ("fit", "images", True),
        ("sample", "conditional", 1),
        ("sample", "device_memory", -5),
        ("density", "likelihood", "certain"),
        ("density", "likelihood", ["exact"]),
        ("audit", "rung", -1),
        ("audit", "refused", "all"),
    ],
)
def test_a_value_of_another_form_or_range_is_named(folder, stage, name, value):
    result = judge(stage, GOOD[stage] | {name: value}, folder)
    assert result.status is Status.INVALID_EVIDENCE
    assert result.reason.startswith(f"{stage} says facts.{name}: ")
    absent = {key: kept for key, kept in GOOD[stage].items() if key != name}
    assert judge(stage, absent, folder).status is Status.INVALID_EVIDENCE


def test_a_word_too_many_is_refused(folder):
    result = judge("density", GOOD["density"] | {"bits": 0.1}, folder)
    assert (result.status, result.reason) == (
        Status.INVALID_EVIDENCE,
        "density says facts.bits is no field that genbench knows",
    )


@pytest.mark.parametrize("points", [{}, [1], [{"loss": "low"}], [{"loss": None}], [{"loss": True}]])
def test_a_curve_is_points_of_numbers(folder, points):
    (folder / "curve.json").write_text(json.dumps({"points": points}))
    assert judge("fit", GOOD["fit"], folder).status is Status.INVALID_EVIDENCE
    (folder / "curve.json").write_text('{"points": [{"images": 3, "loss": 0.5}]}')
    assert judge("fit", GOOD["fit"], folder).ok


def test_outputs_that_are_not_there_are_named(folder):
    result = judge("density", GOOD["density"], folder, missing=["nats.safetensors"])
    assert result.reason == "density said that it was done and left no nats.safetensors"


def test_a_failure_keeps_its_words_and_exit_code(folder):
    outcome = Outcome(Status.CRASHED, "fit was ended by SIGSEGV", 1.0, exit_code=-11)
    result = judged(named("fit"), INPUTS, outcome, folder, ())
    assert (result.status, result.reason, result.exit_code) == (Status.CRASHED, outcome.reason, -11)


def test_the_clock_of_a_scored_run_is_kept_less_what_markers_cost(folder):
    timing = judge("sample", GOOD["sample"], folder).timing
    assert (timing.images, timing.seconds, timing.batches) == (8, 1.0, (0.5, 0.5))
    assert (timing.flops, timing.memory, timing.warm_up_seconds) == (3, 77, 0.25)
    assert (timing.scored, timing.digests, timing.drawn_again, timing.void) == ((0, 1), ("b0", "b1"), 1, "")
    assert judge("density", GOOD["density"], folder).timing is None


def test_a_control_has_a_clock_and_no_speed_and_draws_no_batch_again(folder):
    of_control = replace(INPUTS, fitted=replace(INPUTS.fitted, subject=replace(SUBJECT, plugin=OWN)))
    outcome = Outcome(Status.OK, None, 3.0, timeline("run"), GOOD["sample"], 77, 0, places=(0, 1))
    timing = judged(named("sample"), of_control, outcome, folder, ()).timing
    assert (timing.seconds, timing.drawn_again) == (1.0, None)
    assert timing.void == "a control shows what it holds: its speed says nothing"
    assert named("sample").again(of_control) == ""
    assert named("sample").again(INPUTS).startswith("genbench.workers.untrusted.")


def test_the_likelihoods_of_facts_are_the_contracts(folder):
    assert judge("density", GOOD["density"], folder).facts.likelihood is Likelihood.EXACT
