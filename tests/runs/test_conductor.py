"""The conductor: which steps become jobs, what their ends become, and what happens where something stops it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from offered import GENERATE, PLUGIN, entry, model, solver, task
from scripted import SECRET, Run, Script, Scripted, Together, crashed, done, ground, raised, scripted, trial

from genbench.catalogue.plugins import MODELS, Plugin, builtin
from genbench.contracts.assets import Asset
from genbench.contracts.executor import Ended, Executor
from genbench.contracts.job import Call, Outcome, Telling
from genbench.errors import GenbenchError, OwnFault
from genbench.files.atomic import sha256_of
from genbench.protocol.inputs import Kept
from genbench.protocol.stages.stage import Posed
from genbench.protocol.trial import Trial
from genbench.records.kinds import ControlKind
from genbench.records.status import Status
from genbench.runs.conductor import BUG, Bounds
from genbench.runs.interruption import Interrupted
from genbench.seeds import derived
from genbench.store.commitment import chained

HALVES = ("density/first", "density/second")
ALL = ("fit", "sample/default", "audit", "stream", *HALVES, "score/generate")
TWO = ("ddpm", "ddim-25")
POSED = {"paths": Posed(*(Kept(f"/exams/paths/{name}", "0a") for name in ("questions", "warm-up", "key")))}
Conducted = Callable[..., Run]


@pytest.fixture
def conducted(tmp_path: Path) -> Conducted:
    """`conducted(executor, trial, …, suite={…}, **options)`: a run in the test's folder, conducted."""

    def conduct(executor: Executor, *trials: Trial, suite: dict[str, Any] | None = None, **options: Any) -> Run:
        chosen = trials or (trial(),)
        return Run(ground(tmp_path, chosen, **(suite or {})), chosen, executor, **options).conduct()

    return conduct


def steps(slug: str, *names: str) -> list[str]:
    return [f"{slug}/{name}" for name in names or ALL]


def test_every_step_is_a_job_in_order_and_its_end_a_result_and_a_record(conducted: Conducted, tmp_path: Path):
    executor = Scripted()
    run = conducted(executor)
    assert executor.calls == steps("mine.default.0")
    assert [job.exclusive for job in executor.jobs] == [False, True, *[False] * 5]
    assert run.statuses == dict.fromkeys(steps("mine.default.0"), Status.OK)
    assert [record.seed for record in run.records] == [0]
    assert run.candidate("mine.default.0", "mine").status is Status.OK
    assert (tmp_path / "runs/mine/mine.default.0/record.json").is_file()
    assert run.conductor.records == run.records


def test_a_finished_run_gives_its_executor_nothing_and_its_records_are_as_they_were(conducted: Conducted):
    first, again = conducted(Scripted()), Scripted()
    second = conducted(again)
    assert again.jobs == []
    assert all(result.reused for result in second.results.values())
    assert second.records == first.records


@pytest.mark.parametrize(
    ("existing", "again"),
    [("reuse", []), ("retry-failed", [*HALVES, "score/generate"]), ("force", list(ALL))],
)
def test_what_lies_there_counts_as_it_was_asked(conducted: Conducted, existing: str, again: list[str]):
    conducted(Scripted(scripted(("density", raised))))
    executor = Scripted()
    conducted(executor, existing=existing)
    # The score is another one once there is a density to be scored.
    assert executor.calls == steps("mine.default.0", *again) if again else executor.calls == []


def test_a_fit_that_failed_leaves_the_rest_skipped_with_its_reason(conducted: Conducted):
    executor = Scripted(scripted(("fit", raised)))
    run = conducted(executor)
    assert executor.calls == ["mine.default.0/fit"]
    told = {name.partition("/")[2]: (result.status, result.reason) for name, result in run.results.items()}
    skipped = dict.fromkeys(ALL[1:], (Status.SKIPPED, "fit: error"))
    assert told == {"fit": (Status.ERROR, "RuntimeError: boom")} | skipped
    candidate = run.candidate("mine.default.0", "mine")
    assert (candidate.status, candidate.stage, candidate.reason) == (Status.ERROR, "fit", "RuntimeError: boom")
    assert candidate.log == ""


def test_what_the_described_sampler_did_not_leave_is_lacking_to_its_density_alone(conducted: Conducted):
    several = trial(samplers=TWO, described_sampler="ddpm")
    run = conducted(Scripted(scripted(("sample/ddpm", crashed))), several)
    assert run.results["mine.default.0/audit"].reason == "sampler ddpm left no samples"
    assert run.statuses["mine.default.0/density/first"] is Status.SKIPPED
    failed, fine = (run.candidate("mine.default.0", f"mine/{name}") for name in TWO)
    assert (failed.status, failed.exit_code, failed.stage) == (Status.CRASHED, -11, "sample")
    assert failed.log == "Fatal Python error\n"
    assert fine.status is Status.OK


def test_without_anything_to_score_there_is_no_score(conducted: Conducted):
    run = conducted(Scripted(scripted(("sample", raised))))
    assert run.results["mine.default.0/score/generate"].reason == "nothing was left to score"


def seeds(count: int, plugin: Plugin = PLUGIN, name: str = "mine") -> list[Trial]:
    return [replace(trial(name, seed), model=entry(trial(name).listing, plugin)) for seed in range(count)]


@pytest.mark.parametrize(("patience", "tried"), [(3, 3), (1, 1), (9, 5)])
def test_a_plugin_whose_fits_die_in_a_row_is_skipped_after_so_many(conducted: Conducted, patience: int, tried: int):
    run = conducted(Scripted(scripted(("fit", crashed))), *seeds(5), bounds=Bounds(patience=patience))
    fits = [run.results[f"mine.default.{seed}/fit"] for seed in range(5)]
    assert [fit.status for fit in fits] == [Status.CRASHED] * tried + [Status.SKIPPED] * (5 - tried)
    assert {fit.reason for fit in fits[tried:]} <= {f"the last {patience} fits of plugin theirs died"}
    assert run.candidate("mine.default.4", "mine").status is (Status.SKIPPED if tried < 5 else Status.CRASHED)


@pytest.mark.parametrize("between", [done, raised])
def test_a_fit_that_does_not_die_ends_the_row(conducted: Conducted, between: Script):
    script = scripted(("mine.default.2/fit", between), ("fit", crashed))
    run = conducted(Scripted(script), *seeds(6), bounds=Bounds(patience=3))
    assert Status.SKIPPED not in {run.statuses[f"mine.default.{seed}/fit"] for seed in range(6)}


def test_the_deaths_of_one_plugin_are_not_anothers(conducted: Conducted):
    other = Plugin("another", MODELS, "genbench_another", "", "genbench-another", "1", "2" * 64)
    trials = [*seeds(3), *seeds(2, other, "yours")]
    run = conducted(Scripted(scripted(("mine.default", crashed))), *trials, bounds=Bounds(patience=2))
    assert run.statuses["mine.default.2/fit"] is Status.SKIPPED
    assert run.statuses["yours.default.1/score/generate"] is Status.OK


def test_what_is_not_as_it_was_written_is_set_aside_told_and_made_anew(conducted: Conducted, tmp_path: Path):
    conducted(Scripted())
    path = tmp_path / "runs/mine/mine.default.0/density/first/nats.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    executor = Scripted()
    run = conducted(executor)
    assert executor.calls == ["mine.default.0/density/first"]  # which left the same bytes: nothing else has changed
    (told,) = run.conductor.damaged
    (aside,) = path.parents[1].glob(".damaged-first-*")
    assert told == f"{path} is not as it was written; set aside as {aside.name}"
    assert (aside / path.name).read_bytes() != whole == path.read_bytes()


def test_a_record_that_was_changed_is_told_and_written_again(conducted: Conducted, tmp_path: Path):
    conducted(Scripted())
    path = tmp_path / "runs/mine/mine.default.0/record.json"
    path.write_text(path.read_text().replace("boom", "fine").replace('"seed": 0', '"seed": 7'))
    run = conducted(Scripted())
    (told,) = run.conductor.damaged
    assert told.startswith(f"{path} is not as genbench wrote it")
    assert '"seed": 0' in path.read_text()


def test_damage_that_a_stage_met_is_told_once(conducted: Conducted):
    def score(call: Call) -> Outcome:
        return done(call, {"candidates": [{"sampler": "default", "status": "ok"}], "damaged": ["a cached file"]})

    assert conducted(Scripted(scripted(("score", score)))).conductor.damaged == ["a cached file"]
    assert conducted(Scripted()).conductor.damaged == []


def test_without_room_nothing_starts_and_the_refusal_is_not_kept(conducted: Conducted, tmp_path: Path):
    executor = Scripted()
    run = conducted(executor, bounds=Bounds(free_space=2**62))
    assert executor.jobs == []
    fit = run.results["mine.default.0/fit"]
    room = f"less than {2**42} MiB free at {tmp_path / 'runs/mine'}"
    assert (fit.status, fit.reason) == (Status.DISK_FULL, room)
    assert run.candidate("mine.default.0", "mine").status is Status.DISK_FULL
    assert conducted(Scripted()).candidate("mine.default.0", "mine").status is Status.OK


def test_a_call_is_told_its_limits_its_secret_and_what_it_may_reach(conducted: Conducted, tmp_path: Path):
    executor = Scripted()
    suite = {"limits": {"fit": 7.0}, "caps": {"memory_gib": 1.0}, "threads": 2}
    conducted(executor, trial(needs=("network",)), suite=suite)
    calls = {call.stage: call for call in executor.every}
    assert (calls["fit"].limit, calls["sample"].limit) == (7.0, 3600.0)
    assert {call.threads for call in calls.values()} == {2}
    assert {call.caps.memory for call in calls.values()} == {2**30}
    assert {stage: call.secrets for stage, call in calls.items()} == {
        "fit": {},
        "sample": {"run": derived(SECRET, "sample/default")},
        "audit": {"audit": derived(SECRET, "audit")},
        "stream": {"stream": derived(SECRET, "stream")},
        "density": {"density": derived(SECRET, "density/second")},
        "score": {},
    }
    assert calls["score"].confinement is None
    data = f"{tmp_path}/data/{'d1' * 32}"
    for stage in ("fit", "sample", "audit", "density"):
        confinement = calls[stage].confinement
        assert (confinement.enforced, confinement.network, confinement.everything) == (True, True, False)
        assert str(tmp_path / "runs") in confinement.hides
        assert confinement.sealed is (stage == "density")
        assert not any(name.startswith((f"{data}/test.", f"{data}/held.")) for name in confinement.reads)
        assert any("/stream/" in name for name in confinement.reads) is (stage == "density")
    assert not any("key" in name for name in calls["density"].confinement.reads)
    assert SECRET not in str([call.inputs for call in calls.values()])


def test_a_model_of_another_environment_runs_there_and_its_score_here(conducted: Conducted):
    executor = Scripted()
    conducted(executor, *seeds(1, replace(PLUGIN, python="/opt/python")))
    assert {call.stage: call.python for call in executor.every} == {
        stage: "" if stage in ("stream", "score") else "/opt/python" for stage in GENERATE if stage != "verify"
    }


def test_a_model_that_answers_entry_by_entry_is_told_the_rows_in_no_file(conducted: Conducted, tmp_path: Path):
    executor = Scripted()
    run = conducted(executor, trial(capabilities=("generate", "density", "sequential")))
    (call,) = (call for call in executor.every if call.stage == "verify")
    columns = tmp_path / "runs/mine/mine.default.0/stream/columns.txt"
    assert call.telling == Telling("verify", columns)
    assert (call.shown.telling, call.shown.secrets, call.shown.inputs) == (None, {}, call.inputs)
    assert str(columns) not in str((call.inputs, call.confinement.reads))
    assert call.confinement.sealed
    names = [call.stage for call in executor.every]
    assert names.index("verify") < names.index("density")
    digests = tuple(f"entry {i}" for i in range(3))
    assert run.results["mine.default.0/verify"].committed == chained(digests)
    assert executor.every[-1].inputs["candidates"][0]["density"]["entries"]["committed"] == chained(digests)


@pytest.mark.parametrize("needs", ["network", "files"])
def test_a_model_that_could_look_the_rows_up_is_not_asked_entry_by_entry(conducted: Conducted, needs: str):
    executor = Scripted()
    run = conducted(executor, trial(capabilities=("generate", "density", "sequential"), needs=(needs,)))
    assert run.results["mine.default.0/verify"].status is Status.SKIPPED
    told = executor.every[-1].inputs["candidates"][0]["density"]
    assert told["entries"] is None
    assert "could look the rows up" in told["unverified"]


def test_files_from_outside_are_looked_at_before_a_process_starts(conducted: Conducted, tmp_path: Path):
    (tmp_path / "weights").write_text("weights")
    fine = Asset(str(tmp_path / "weights"), sha256_of(tmp_path / "weights"), "Imagenet")
    assert conducted(Scripted(), trial("fine", assets=(fine,))).candidate("fine.default.0", "fine").status is Status.OK
    for name, asset, words in (
        ("changed", replace(fine, sha256="0" * 64), "has sha256"),
        ("absent", replace(fine, location=str(tmp_path / "absent")), "absent"),
    ):
        executor = Scripted()
        candidate = conducted(executor, trial(name, assets=(asset,))).candidate(f"{name}.default.0", name)
        assert (candidate.status, candidate.stage, executor.jobs) == (Status.ERROR, "fit", [])
        assert words in candidate.reason


def test_a_file_among_the_data_that_models_are_held_against_is_no_asset(conducted: Conducted, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/test.x.npy").write_text("test rows")
    asset = Asset(str(tmp_path / "data/test.x.npy"), sha256_of(tmp_path / "data/test.x.npy"), "nothing")
    executor = Scripted()
    candidate = conducted(executor, trial(assets=(asset,))).candidate("mine.default.0", "mine")
    assert executor.jobs == []
    assert candidate.reason == f"asset {asset.location} lies among the data that models are held against"


def test_a_trial_that_nobody_can_ask_has_a_record_that_says_so(tmp_path: Path):
    restorer = Trial(entry(model("restorer", capabilities=("restorer",), samplers=())), {}, 0)
    run = Run(ground(tmp_path, [restorer]), [restorer], Scripted()).conduct()
    (record,) = run.records
    assert [(found.status, found.reason) for found in record.candidates] == [(Status.SKIPPED, "it draws no samples")]


def test_an_executor_to_which_a_start_is_dear_gets_all_that_is_ready_of_a_trial(conducted: Conducted):
    executor = Together()
    run = conducted(executor, trial(samplers=TWO, described_sampler="ddpm"))
    assert [[call.folder.name for call in job.calls] for job in executor.jobs] == [
        ["fit"],
        list(TWO),
        ["audit"],
        ["stream"],
        ["first", "second"],
        ["generate"],
    ]
    assert [job.exclusive for job in executor.jobs] == [False, True, False, False, False, False]
    assert set(run.statuses.values()) == {Status.OK}


def test_the_calls_of_a_job_end_each_in_its_own_way(conducted: Conducted):
    chosen = trial(samplers=TWO, described_sampler="ddpm")
    run = conducted(Together(scripted(("sample/ddim-25", raised))), chosen)
    assert (run.statuses["mine.default.0/sample/ddpm"], run.statuses["mine.default.0/sample/ddim-25"]) == (
        Status.OK,
        Status.ERROR,
    )
    executor = Together()
    conducted(executor, chosen, existing="retry-failed")
    assert executor.calls == steps("mine.default.0", "sample/ddim-25", "score/generate")


def test_jobs_of_a_run_have_names_of_their_own(conducted: Conducted):
    executor = Scripted()
    conducted(executor, trial(samplers=TWO, described_sampler="ddpm"), trial(seed=1), slots=3)
    names = [job.name for job in executor.jobs]
    assert len({*names}) == len(names)
    assert not any("/" in name for name in names)


def test_a_stop_keeps_what_has_finished_and_ends_the_rest(tmp_path: Path):
    trials = seeds(3)
    executor = Scripted(held=["mine.default.2-fit"])
    executor.script = scripted(("mine.default.1/fit", lambda call: Outcome(Status.INTERRUPTED, "stopped", 1.0)))
    run = Run(ground(tmp_path, trials), trials, executor, slots=3)
    with pytest.raises(Interrupted):
        run.conduct()
    # Seed 0 was told together with the stop, seed 2 still ran.
    assert run.statuses == {"mine.default.0/fit": Status.OK}
    assert {ticket.job for ticket in executor.cancelled} == {"mine.default.2-fit"}
    assert executor.waiting == {}
    again = Scripted()
    Run(ground(tmp_path, trials), trials, again).conduct()
    assert "mine.default.0/fit" not in again.calls
    assert {"mine.default.1/fit", "mine.default.2/fit"} < {*again.calls}


def test_what_had_ended_of_a_stopped_job_is_kept(tmp_path: Path):
    chosen = trial(samplers=TWO, described_sampler="ddpm")
    stopped = scripted(("sample/ddim-25", lambda call: Outcome(Status.INTERRUPTED, "stopped", 1.0)))
    with pytest.raises(Interrupted):
        Run(ground(tmp_path, [chosen]), [chosen], Together(stopped)).conduct()
    again = Together()
    Run(ground(tmp_path, [chosen]), [chosen], again).conduct()
    assert again.calls == steps("mine.default.0", "sample/ddim-25", "audit", "stream", *HALVES, "score/generate")


class Ends(Scripted):
    """Ends a job by itself in the moment in which it is cancelled."""

    def _ended(self, ticket, job) -> Ended:
        return Ended(ticket, tuple(self.script(call) for call in job.calls))


def test_what_ends_while_the_rest_is_stopped_is_kept(tmp_path: Path):
    trials = seeds(2)
    script = scripted(("mine.default.0/fit", lambda call: Outcome(Status.INTERRUPTED, "stopped", 1.0)))
    with pytest.raises(Interrupted):
        Run(ground(tmp_path, trials), trials, Ends(script, ["mine.default.1-fit"]), slots=2).conduct()
    again = Scripted()
    Run(ground(tmp_path, trials), trials, again).conduct()
    assert "mine.default.1/fit" not in again.calls


class Breaks(Scripted):
    """Cannot tell any more how jobs ended."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def ended(self, timeout: float) -> list[Ended]:
        raise self.error


@pytest.mark.parametrize(
    "error", [GenbenchError("process 7 does not end"), OSError(28, "No space"), KeyboardInterrupt()]
)
def test_what_is_no_fault_of_genbench_passes_as_it_is(tmp_path: Path, error: BaseException):
    with pytest.raises(type(error)) as caught:
        Run(ground(tmp_path, [trial()]), [trial()], Breaks(error)).conduct()
    assert caught.value is error
    assert not (tmp_path / "runs/mine" / BUG).exists()


def test_a_bug_of_an_executor_is_told_as_genbenchs_own(tmp_path: Path):
    with pytest.raises(
        OwnFault, match=r"^a bug of genbench itself: KeyError: 'tickets'; its traceback is in .*bug.txt"
    ):
        Run(ground(tmp_path, [trial()]), [trial()], Breaks(KeyError("tickets"))).conduct()
    assert "in ended" in (tmp_path / "runs/mine" / BUG).read_text()


def test_a_bug_in_whoever_is_told_ends_what_runs_also_what_was_told_together_with_it(tmp_path: Path):
    trials = seeds(3)
    executor = Scripted(held=["mine.default.2-fit"])
    run = Run(ground(tmp_path, trials), trials, executor, slots=3)

    def mistaken(step: object, result: object) -> None:
        raise ZeroDivisionError("a listener's")

    run.conductor.ended = mistaken
    with pytest.raises(OwnFault, match="ZeroDivisionError: a listener's"):
        run.conduct()
    assert executor.waiting == {}
    assert {ticket.job for ticket in executor.cancelled} == {"mine.default.2-fit"}


def test_a_control_sees_all_splits_and_no_model_does(conducted: Conducted, tmp_path: Path):
    executor = Scripted()
    listing = model("copycat", control=ControlKind.COPY)
    conducted(executor, Trial(entry(listing, builtin(MODELS)), {}, 0), trial())
    shown = {call.folder.parent.name: call.inputs["data"]["splits"] for call in executor.every if call.stage == "fit"}
    assert shown == {"copycat.default.0": ["train", "valid", "test", "held"], "mine.default.0": ["train", "valid"]}


def test_two_tasks_share_a_fit_and_are_scored_apart(tmp_path: Path):
    asked = task("generate"), task("paths", needs="interpolator", solvers=(solver("slerp", "encoder"),))
    vae = trial(capabilities=("generate", "density", "encoder"))
    failing = Scripted(scripted(("answer", raised)))
    stands_on = replace(ground(tmp_path, [vae], asked), exams=POSED)
    run = Run(stands_on, [vae], failing).conduct()
    assert failing.calls == steps(
        "mine.default.0", "fit", "sample/default", "audit", "stream", "answer/paths/slerp", *HALVES, "score/generate"
    )
    assert {found.task: found.status for found in run.records[0].candidates} == {
        "generate": Status.OK,
        "paths": Status.ERROR,
    }
    executor = Scripted()
    again = Run(stands_on, [vae], executor, existing="retry-failed").conduct()
    assert executor.calls == steps("mine.default.0", "answer/paths/slerp", "score/paths")
    assert {found.task: found.status for found in again.records[0].candidates} == {
        "generate": Status.OK,
        "paths": Status.OK,
    }
