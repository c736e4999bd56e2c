"""Progress of a run: bars where stderr is a terminal, else a line for each step that ran."""

import io
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
from rich.console import Console
from rich.progress import Progress

from genbench import catalogue
from genbench.cli.progress import RunBars, RunLines, announcement, progress
from genbench.contracts.executor import Places
from genbench.execution.supervisor import Supervisor
from genbench.protocol.stages.stage import Step
from genbench.records.status import Status
from genbench.runs import session
from genbench.runs.estimate import ONE, Forecast
from genbench.runs.options import Options
from genbench.runs.plan import Plan
from genbench.runs.timings import Timings
from genbench.store.stage_folder import Result

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
OK = Result[object](Status.OK, seconds=2.0)


@pytest.fixture(scope="module")
def plan(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A plan of the controls and one model."""
    folder = tmp_path_factory.mktemp("planned")
    options = Options(models=["plain"], suite=str(tiny.write_suite(folder)), plugin=[str(PLAIN)], out=folder)
    return session.plan_of(options, catalogue.read(supervisor, options.plugin))


def forecast(plan: Plan, jobs: int = 1, done: int = 0) -> Forecast:
    """Of a machine that nothing ran on; the first `done` steps are finished."""
    return Forecast(plan, Places(jobs, 1), Timings(Path("absent")), {step.key for step in plan.steps[:done]})


def is_control(step: Step) -> bool:
    return step.trial.listing.control is not None


def place(plan: Plan, name: str) -> int:
    """Where in the plan a step of the model is."""
    (index,) = [i for i, step in enumerate(plan.steps) if (step.trial.model.name, step.name) == ("plain", name)]
    return index


def test_without_a_terminal_each_step_that_ran_is_a_line_and_those_found_finished_are_counted(plan: Plan) -> None:
    stream = io.StringIO()
    with progress(stream) as listener:
        assert isinstance(listener, RunLines)
        listener.planned(plan, 2, forecast(plan, 2))
        for step in plan.steps:
            if is_control(step):
                listener.ended(step, Result(Status.OK, seconds=1.0, reused=True))
            elif step.name == "fit":
                listener.ended(step, Result(Status.TIMEOUT, "limit of\n600 s", seconds=600.0))
            else:
                listener.ended(step, Result(Status.SKIPPED, "fit: timeout"))
    total, controls = len(plan.steps), sum(is_control(step) for step in plan.steps)
    first, fit, *skipped, last = stream.getvalue().splitlines()
    assert first == (
        "tiny: 1 models × 1 seeds and the controls, 500 training images each, 2 at a time: "
        f"how long is not known yet, {total} of {total} steps never ran here"
    )
    assert fit == f"[{controls + 1}/{total}] plain seed 0: fit timeout (limit of 600 s) 10 min, time left not known yet"
    assert len(skipped) == total - controls - 1
    assert last == f"{controls} of {total} steps were found finished"


def test_a_run_with_nothing_to_do_announces_no_minutes(plan: Plan) -> None:
    words = announcement(plan, 2, forecast(plan, done=len(plan.steps)))
    assert words.endswith(", 2 at a time: all of it is finished")


def test_a_run_whose_steps_ran_here_announces_how_long_it_takes(plan: Plan) -> None:
    timings = Timings(Path("absent"))
    for step in plan.steps:
        timings.note(step, 60.0)
    words = announcement(plan, 1, Forecast(plan, ONE, timings))
    assert words.endswith(f": about {len(plan.steps)} min")


def test_the_authors_figures_are_told_as_another_machines(plan: Plan) -> None:
    told = replace(plan, suite=replace(plan.suite, typical={"fit": 60.0 * 60}))
    assert announcement(told, 1, forecast(told)).endswith(" steps never ran here (its author's machine takes 60 min)")


def test_a_step_has_one_bar_while_it_runs_whichever_object_tells_of_it(plan: Plan) -> None:
    stream = io.StringIO()
    bars = Progress(console=Console(file=stream, width=200), auto_refresh=False)
    listener, fit, total = RunBars(bars), place(plan, "fit"), len(plan.steps)
    listener.planned(plan, 1, forecast(plan))
    for images, share in ((100, 0.2), (1500, 0.5)):
        listener.progress(plan.steps[fit], images, share)  # a plan makes its steps anew each time
    (bar,) = bars.tasks[1:]
    assert (bar.description, bar.completed) == ("  plain seed 0: fit", 0.5)
    assert re.fullmatch(r"1,500 images, [\d,.e+]+ a second", bar.fields["note"])
    assert bars.tasks[0].fields["note"] == f"0/{total} steps"
    listener.ended(plan.steps[fit], Result(Status.ERROR, "its own", seconds=3.0))
    assert [task.fields["note"] for task in bars.tasks] == [f"1/{total} steps"]
    assert stream.getvalue().splitlines()[-1] == "plain seed 0: fit error (its own) 3.0 s"


def test_the_overall_bar_is_full_when_every_step_has_ended(plan: Plan) -> None:
    bars = Progress(console=Console(file=io.StringIO()), auto_refresh=False)
    listener = RunBars(bars)
    listener.planned(plan, 1, forecast(plan))
    for i, step in enumerate(plan.steps):
        if i % 2:
            listener.progress(step, 10, 0.3)
        listener.ended(step, OK)
    (overall,) = bars.tasks
    assert overall.completed == pytest.approx(overall.total)


def test_a_terminal_gets_bars_unless_a_debugger_shares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    reading, writing = os.openpty()
    with os.fdopen(writing, "w") as terminal:
        with progress(terminal) as listener:
            assert isinstance(listener, RunBars)
        with progress(terminal, live=False) as listener:
            assert isinstance(listener, RunLines)
    os.close(reading)
