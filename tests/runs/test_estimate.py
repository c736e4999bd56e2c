"""Forecasts: from what steps took on this machine and how the run goes; what never ran here is not guessed at."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import records
from offered import entry, model, task

from genbench.catalogue import Catalogue
from genbench.contracts.executor import Places
from genbench.protocol.stages.stage import Step
from genbench.protocol.suite import Suite
from genbench.protocol.trial import Trial
from genbench.records.files import write
from genbench.records.kinds import ControlKind, Family
from genbench.records.record import Record, StageFacts
from genbench.records.status import Status
from genbench.runs.estimate import Estimate, Forecast, recorded_steps
from genbench.runs.plan import Plan
from genbench.runs.timings import Timings
from genbench.store.stage_folder import Result

VAE, GAN = (Trial(entry(model(name)), {}, 0) for name in ("vae", "gan"))
COPYCAT = Trial(entry(model("copycat", family=Family.CONTROL, control=ControlKind.COPY)), {}, 0)
ASKED = (task("generate", controls=("copycat",), stages=("fit", "sample", "score")),)
SUITE = Suite("mine", "digits", 1000, 20, 1, "pixels", {"generate": ASKED[0].terms})
MACHINE = records.MACHINE
SECONDS = {"fit": 60.0, "sample/default": 5.0, "score/generate": 2.0}
Earlier = Callable[..., Path]


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def plan(*trials: Trial, suite: Suite = SUITE) -> Plan:
    return Plan(suite, ASKED, Catalogue(), trials or (VAE,))


def forecast(root: Path, of: Plan, clock: Clock | None = None, jobs: int = 1, done: Sequence[Step] = ()) -> Forecast:
    timings = Timings.here(of.suite, MACHINE, root)
    return Forecast(of, Places(jobs, 1), timings, {step.key for step in done}, clock=clock or Clock())


def earlier_record(trial: Trial, seconds: dict[str, float], suite: Suite = SUITE, seed: int = 9) -> Record:
    """The record of a trial under the suite, here."""
    stages = {name: StageFacts(Status.OK, None, value) for name, value in seconds.items()}
    own = records.record(trial.reference, seed, stages=stages, suite=suite.terms, model={"code": "0" * 64})
    return replace(own, machine=MACHINE)


@pytest.fixture
def earlier(tmp_path: Path) -> Earlier:
    """`earlier(trial, seconds)`: leaves a record of a model, and returns the run's folder."""

    def leave(trial: Trial, seconds: dict[str, float], **changes: object) -> Path:
        own = replace(earlier_record(trial, seconds), **changes)
        count = len(list(tmp_path.iterdir()))
        (tmp_path / f"{trial.model.name}.default.{count}").mkdir()
        write(tmp_path / f"{trial.model.name}.default.{count}" / "record.json", own)
        return tmp_path

    return leave


@pytest.fixture(autouse=True)
def memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of this test, empty at its start."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GENBENCH_CACHE", str(folder))
    return folder


def run(own: Forecast, clock: Clock, step: Step, seconds: float) -> None:
    """A step begins and ends."""
    own.begun(step)
    clock.now += seconds
    own.ended(step, Result(Status.OK, seconds=seconds))


def test_earlier_runs_tell_the_median_of_each_step(earlier: Earlier) -> None:
    for factor in (1.0, 9.0, 2.0):
        root = earlier(VAE, {name: value * factor for name, value in SECONDS.items()})
    found = forecast(root, plan())
    assert (found.seconds, found.estimates) == (134.0, {VAE.slug: Estimate(134.0, "earlier runs")})


def test_a_fit_that_never_ran_here_is_not_guessed_at(earlier: Earlier) -> None:
    found = forecast(earlier(GAN, SECONDS), plan(VAE, GAN))
    assert (found.seconds, found.left, found.unknown) == (None, None, 1)
    assert found.estimates == {VAE.slug: Estimate(None, "unknown"), GAN.slug: Estimate(67.0, "earlier runs")}


def test_the_suites_own_figures_are_another_machines_and_no_estimate(tmp_path: Path) -> None:
    typical = replace(SUITE, typical={"fit": 60.0, "sample": 5.0, "score": 2.0})
    found = forecast(tmp_path, plan(VAE, COPYCAT, suite=typical))
    assert found.seconds is None
    assert found.typical == 67.0 + 2.0 + 5.0 + 2.0


@pytest.mark.parametrize("change", ["budget", "batch", "machine", "failed"])
def test_what_earlier_runs_took_under_other_terms_tells_nothing(earlier: Earlier, change: str) -> None:
    root = earlier(
        VAE,
        SECONDS,
        **{
            "budget": {"suite": replace(SUITE, images=2000).terms},
            "batch": {"suite": replace(SUITE, batch=10).terms},
            "machine": {"machine": replace(MACHINE, device_name="another")},
            "failed": {"stages": {name: StageFacts(Status.TIMEOUT, "x", 1.0) for name in SECONDS}},
        }[change],
    )
    assert forecast(root, plan()).seconds is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"candidates": 3}', '{"candidates": ["ok"], "stages": {}}'])
def test_a_record_that_cannot_be_read_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "record.json").write_text(text)
    assert forecast(tmp_path, plan()).seconds is None


def test_finished_steps_count_nothing(earlier: Earlier) -> None:
    root, own = earlier(VAE, SECONDS), plan()
    assert forecast(root, own, done=own.steps).seconds == 0.0
    assert forecast(root, own, done=own.steps).estimates == {VAE.slug: Estimate(0.0, "finished")}
    assert forecast(root, own, done=own.steps[:1]).seconds == 7.0


def test_a_trial_whose_record_lies_here_is_finished_unless_its_code_or_its_terms_are_others() -> None:
    own = plan()
    assert recorded_steps(own, [earlier_record(VAE, SECONDS, seed=0)]) == {step.key for step in own.steps}
    assert recorded_steps(own, [earlier_record(VAE, SECONDS, seed=1)]) == set()
    assert recorded_steps(own, [earlier_record(VAE, SECONDS, replace(SUITE, images=2000), seed=0)]) == set()
    assert recorded_steps(own, [records.record("vae", suite=SUITE.terms, model={"code": "1" * 64})]) == set()


def test_other_runs_of_this_machine_tell_through_the_cache(tmp_path: Path) -> None:
    first, clock = forecast(tmp_path / "one", plan()), Clock()
    for step in plan().steps:
        run(first, clock, step, SECONDS[step.name])
    first.keep()
    assert forecast(tmp_path / "another", plan(replace(VAE, seed=4))).seconds == 67.0
    assert forecast(tmp_path / "another", plan(suite=replace(SUITE, images=2000))).seconds is None


@pytest.mark.parametrize("text", ["", "[]", '{"seconds": 3}', '{"seconds": {"vae.default/fit": ["x"]}}'])
def test_a_damaged_memory_tells_nothing(tmp_path: Path, memory: Path, text: str) -> None:
    first = forecast(tmp_path, plan())
    run(first, Clock(), plan().steps[0], 3.0)
    first.keep()
    (path,) = memory.glob("timings/*.json")
    path.write_text(text)
    assert forecast(tmp_path, plan()).seconds is None


def test_the_first_steps_tell_how_fast_the_machine_is_now(earlier: Earlier) -> None:
    earlier(GAN, SECONDS)
    clock, own = Clock(), plan(GAN, VAE)
    found = forecast(earlier(VAE, SECONDS), own, clock)
    run(found, clock, own.steps[0], 180.0)  # three times what it took before
    assert found.seconds == pytest.approx(3 * (5 + 2 + 67))


def test_what_another_model_took_tells_nothing_of_the_machines_pace(earlier: Earlier) -> None:
    clock, own = Clock(), plan(VAE, GAN)
    found = forecast(earlier(GAN, SECONDS), own, clock)
    run(found, clock, own.steps[0], 60.0)
    run(found, clock, own.steps[1], 500.0)  # a hundred times what the GAN's samples took
    assert found.seconds == pytest.approx(2 + 67)


def test_what_one_seed_took_is_expected_of_the_next_in_the_place_of_what_other_models_took(earlier: Earlier) -> None:
    clock, own = Clock(), plan(VAE, replace(VAE, seed=1))
    found = forecast(earlier(GAN, SECONDS), own, clock)
    for step, seconds in zip(own.steps[:3], (60.0, 500.0, 2.0), strict=True):
        run(found, clock, step, seconds)
    assert found.seconds == pytest.approx(60 + 500 + 2)


def test_the_fit_of_one_seed_tells_of_the_next(tmp_path: Path) -> None:
    own, clock = plan(VAE, replace(VAE, seed=1)), Clock()
    found = forecast(tmp_path, own, clock)
    for step in own.steps[:3]:
        run(found, clock, step, SECONDS[step.name])
    assert found.seconds == 67.0


def test_a_fit_is_known_once_a_part_of_it_was_seen(earlier: Earlier) -> None:
    own, clock = plan(), Clock()
    found = forecast(earlier(GAN, {name: SECONDS[name] for name in list(SECONDS)[1:]}), own, clock)
    found.begun(own.steps[0])
    found.progress(own.steps[0], 0.0)
    clock.now += 2
    found.progress(own.steps[0], 0.9)
    assert (found.left, found.unknown) == (None, 1)
    clock.now += 8
    found.progress(own.steps[0], 0.25)
    assert (found.left, found.unknown) == (pytest.approx(37.0), 0)


def test_a_running_step_counts_by_what_is_left_of_it(earlier: Earlier) -> None:
    own, clock = plan(), Clock()
    found = forecast(earlier(VAE, SECONDS), own, clock)
    found.begun(own.steps[0])
    found.progress(own.steps[0], 0.0)
    clock.now += 20
    assert found.seconds == pytest.approx(47.0)
    found.progress(own.steps[0], 0.5)  # twice as fast as before
    assert found.seconds == pytest.approx(27.0)


def test_the_time_left_goes_down_with_the_clock_and_up_only_with_a_reason(earlier: Earlier) -> None:
    own, clock = plan(VAE, replace(VAE, seed=1), replace(VAE, seed=2)), Clock()
    found, said = forecast(earlier(VAE, SECONDS), own, clock), []
    for step, share in zip(own.steps, (1.1, 0.9, 1.05, 0.95, 1.1, 1.0, 1.08, 0.9, 1.0), strict=True):
        found.begun(step)
        for _ in range(10):
            clock.now += SECONDS[step.name] * share / 10
            said.append(found.left)
        found.ended(step, Result(Status.OK, seconds=SECONDS[step.name] * share))
        said.append(found.left)
    assert said == sorted(said, reverse=True)
    assert said[-1] == 0.0
    slow, clock = forecast(earlier(VAE, SECONDS), own, Clock()), Clock()
    before = slow.left
    slow.ended(own.steps[0], Result(Status.OK, seconds=600.0))
    assert slow.left > 2 * before


def test_what_nobody_knows_of_an_engine_nobody_is_told(earlier: Earlier, tmp_path: Path) -> None:
    earlier(VAE, {"fit": 10.0, "sample/default": 5.0, "score/default": 1.0})
    found = Forecast(plan(), None, Timings.here(SUITE, MACHINE, tmp_path))
    assert (found.seconds, found.left) == (None, None)


@pytest.mark.parametrize(("jobs", "seconds"), [(1, 134.0), (2, 10.0 + 62.0), (4, 10.0 + 60.0)])
def test_timed_steps_have_the_machine_alone_and_the_others_share_it(
    earlier: Earlier, jobs: int, seconds: float
) -> None:
    earlier(GAN, SECONDS)
    assert forecast(earlier(VAE, SECONDS), plan(VAE, GAN), jobs=jobs).seconds == seconds


def test_on_several_machines_timed_steps_run_beside_each_other(earlier: Earlier, tmp_path: Path) -> None:
    earlier(GAN, SECONDS)
    earlier(VAE, SECONDS)
    found = Forecast(plan(VAE, GAN), Places(4, 2), Timings.here(SUITE, MACHINE, tmp_path))
    assert found.seconds == 10.0 / 2 + 60.0
