"""A bug of genbench itself is told as one, in one line, with its traceback in a file; it is never a plugin's status."""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from pids import runs

from genbench.cli import main
from genbench.cli.exits import Exit
from genbench.cli.grammar import add_command
from genbench.contracts.executor import Raised
from genbench.errors import OwnFault
from genbench.execution.supervisor import Supervisor
from genbench.protocol.stages.stage import Step
from genbench.records.status import Status
from genbench.runs import session
from genbench.runs.estimate import Forecast
from genbench.runs.listener import RunListener
from genbench.runs.options import Options
from genbench.runs.plan import Plan
from genbench.store.stage_folder import Result

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
MODEL = '''
import os, time

import torch

import genbench


class Model(genbench.Model):
    """Uniform pixels, after a fit."""

    name, family, source = "{name}", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        for _ in data.batches(50):
            {code}

    def sample(self, n, *, labels=None):
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models():
    return [Model]
'''
SLEEPS = "open('partial', 'w').write(str(os.getpid())); os.rename('partial', 'pid'); time.sleep(600)"


class Mistaken:
    """A listener with a bug: it is genbench's own code in a run's thread."""

    def __init__(self, where: str) -> None:
        self.where = where

    def lacks(self, extractor: str, reason: str) -> None: ...

    def planned(self, plan: Plan, jobs: int, forecast: Forecast) -> None: ...

    def progress(self, step: Step, images: int, share: float) -> None:
        if share >= 1:  # the first batch is told of before the brief one waits
            self._fail("progress", step)

    def ended(self, step: Step, result: Result[object]) -> None:
        self._fail("ended", step)

    def _fail(self, where: str, step: Step) -> None:
        if (where, step.trial.listing.name) == (self.where, "brief"):
            raise KeyError(f"no {where}\x1b[2J\nof that name")


@pytest.fixture
def started(supervisor: Supervisor, copy: Path, tmp_path: Path) -> Callable[[RunListener], None]:
    """`started(listener)`: a run, over a finished one, of a model whose fit sleeps and of a brief one beside it."""

    def run(listener: RunListener) -> None:
        # The brief one waits for the other, so that there is something to be ended.
        waits = f"while not os.path.exists({str(copy / 'sleeping.default.0/fit/pid')!r}): time.sleep(0.01)"
        for name, code in (("sleeping", SLEEPS), ("brief", waits)):
            (tmp_path / f"{name}.py").write_text(MODEL.format(name=name, code=code))
        files = [str(tmp_path / f"{name}.py") for name in ("sleeping", "brief")]
        models, suite = ["sleeping", "brief"], str(tmp_path / "tiny.toml")
        chosen = Options(models, plugin=files, suite=suite, out=tmp_path, jobs=2, isolation="process")
        plan = session.plan_of(chosen, session.catalogue_of(chosen, supervisor))
        session.execute(plan, chosen, supervisor, listener)

    return run


@pytest.mark.parametrize("where", ["ended", "progress"])
def test_a_bug_in_the_conductor_is_told_as_genbenchs_own_and_ends_what_runs(
    started: Callable[[RunListener], None], supervisor: Supervisor, copy: Path, tmp_path: Path, where: str
):
    with pytest.raises(OwnFault) as caught:
        started(Mistaken(where))
    words, log = str(caught.value), copy / "bug.txt"
    assert words.startswith(f"a bug of genbench itself: KeyError: 'no {where}")
    assert words.endswith(f"; its traceback is in {log}: please report it")
    assert words.isprintable()
    assert "in _fail" in log.read_text()
    assert not runs(int((copy / "sleeping.default.0/fit/pid").read_text()))
    # Nobody's record says that a plugin failed, and the next run goes on.
    assert not any((copy / f"{name}.default.0/record.json").exists() for name in ("sleeping", "brief"))
    again = tiny.run(supervisor, tmp_path, [PLAIN, tmp_path / "brief.py"], ["plain", "brief"], tmp_path / "tiny.toml")
    assert again.candidate("brief").status is Status.OK


def test_the_command_tells_it_in_one_line(
    started: Callable[[RunListener], None], copy: Path, capsys: pytest.CaptureFixture[str]
):
    def body(options: object) -> Exit:
        started(Mistaken("ended"))
        return Exit.OK

    code = main(["run"], [lambda commands: add_command(commands, "run", "runs", "examples: none", body)])
    output, errors = capsys.readouterr()
    assert (code, output) == (Exit.FAILED, "")
    assert re.fullmatch(r"genbench: a bug of genbench itself: KeyError: .*bug\.txt: please report it\n", errors)


def test_what_a_plugin_raises_is_its_own_whatever_it_is(supervisor: Supervisor, copy: Path, tmp_path: Path):
    # The control: the same exception, and nobody looks for a bug in genbench.
    (tmp_path / "raising.py").write_text(MODEL.format(name="raising", code="raise KeyError('of that name')"))
    run = tiny.run(supervisor, tmp_path, [tmp_path / "raising.py"], ["raising"], tmp_path / "tiny.toml")
    candidate = run.candidate("raising")
    assert (candidate.status, candidate.reason) == (Status.ERROR, "KeyError: 'of that name'")
    assert not (copy / "bug.txt").exists()


def test_what_a_plugin_raises_under_the_debugger_is_its_own_as_well(
    supervisor: Supervisor, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "raising.py").write_text(MODEL.format(name="raising", code="raise KeyError('of that name')"))
    files, suite = [str(tmp_path / "raising.py")], str(tmp_path / "tiny.toml")
    chosen = Options(["raising"], plugin=files, suite=suite, out=tmp_path)
    plan = session.plan_of(chosen, session.catalogue_of(chosen, supervisor))
    monkeypatch.setattr(sys, "stdin", io.StringIO("q\n"))  # what the debugger is told
    with pytest.raises(Raised) as caught:
        session.execute(plan, chosen, supervisor, tiny.Heard(), debug=True)
    assert repr(caught.value.__cause__) == "KeyError('of that name')"
    assert not (copy / "bug.txt").exists()
