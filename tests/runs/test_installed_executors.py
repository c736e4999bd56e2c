"""An executor that an installed part offers carries out a run's jobs through files, to the same records."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import tiny
from calls import listing_call

from genbench.catalogue import plugins
from genbench.contracts.executor import Ended, Executor, Ticket, Workplace
from genbench.contracts.job import Call, Job
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.status import Status
from genbench.runs.handed import HANDED, Handed
from genbench.runs.session import JOBS

pytestmark = pytest.mark.slow

PART = Path(__file__).parent / "plugins/job_files.py"
DRIVER, PATIENT = (Path(__file__).parent / name for name in ("job_files_driver.py", "plugins/patient.py"))
PLUGIN = Path(__file__).parents[1] / "contracts/plugins/capabilities.py"  # its model `bounded` has two samplers
NAMELESS = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
SLEEPS = "import time\nopen('started', 'w').close()\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def job_files(site: Path) -> Iterator[type[Executor]]:
    """The executor class, of an installed distribution until the tests of this file have run."""
    info = site / "job_files-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: job-files\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.parts]\njob-files = job_files\n")
    shutil.copy(PART, site)
    yield import_module("job_files").JobFiles
    (info / "entry_points.txt").unlink()


@pytest.fixture
def driver(job_files: type[Executor], supervisor: Supervisor, tmp_path: Path) -> Callable[[], Executor]:
    """`driver()`: another instance of the executor, in the same folder."""
    workplace = Workplace(1, tmp_path / "jobs", supervisor.run, lambda ticket, call, images, share: None)
    return lambda: job_files(workplace)


def _listing(folder: Path, code: str) -> Call:
    """A call that imports a plugin with this code."""
    folder.mkdir()
    (folder / "plugin.py").write_text(code)
    return listing_call(plugins.loose(str(folder / "plugin.py")), folder)


def _end(executor: Executor) -> Ended:
    """The next job that ends; at most 100 seconds are waited for it."""
    (ended,) = executor.ended(100)
    return ended


@pytest.fixture(scope="module")
def local(job_files: type[Executor], supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A local run, with the executor installed."""
    out = tmp_path_factory.mktemp("local")
    return tiny.run(supervisor, out, [PLUGIN], ["bounded"], _suite(out))


def _suite(folder: Path) -> Path:
    return tiny.write_suite(folder, quality="clipped-density", coverage="clipped-coverage")


def _with_controls(local: tiny.Run, out: Path) -> Path:
    """The suite's file in a folder where its controls have run already: scores depend on the code of all parts."""
    shutil.copytree(local.root, out / "runs/tiny", ignore=shutil.ignore_patterns("bounded.*"))
    return _suite(out)


def test_a_run_whose_jobs_are_files_gives_the_records_of_a_local_one(
    local: tiny.Run, supervisor: Supervisor, tmp_path: Path
):
    suite = _with_controls(local, tmp_path)
    run = tiny.run(supervisor, tmp_path, [PLUGIN], ["bounded"], suite, executor="job-files")
    steps = (
        "fit",
        "sample/dark",
        "sample/full",
        "audit",
        "stream",
        "density/first",
        "density/second",
        "score/generate",
    )
    assert run.heard.ran == {f"bounded.default.0/{step}" for step in steps}
    for name in ("bounded/dark", "bounded/full"):
        assert run.candidate(name).status is Status.OK
        assert tiny.without_clocks(run.candidate(name)) == tiny.without_clocks(local.candidate(name))
    ours, theirs = run.record("bounded"), local.record("bounded")
    assert replace(ours.model, fit=None) == replace(theirs.model, fit=None)  # a clock's
    for field in ("protocol", "suite", "dataset", "seed", "machine", "secret"):
        assert getattr(ours, field) == getattr(theirs, field)
    assert {name: stage.status for name, stage in ours.stages.items()} == dict.fromkeys(steps, Status.OK)

    files = [path for path in (run.root / JOBS).glob("*.json") if not path.name.endswith(".outcomes.json")]
    jobs = [sorted(call.folder.name for call in codec.read(Job, path).calls) for path in files]
    # What is ready together is one job.
    assert sorted(jobs) == [["audit"], ["dark", "full"], ["first", "second"], ["fit"], ["generate"], ["stream"]]


def test_a_job_of_an_earlier_driver_is_found_by_its_files(driver: Callable[[], Executor], tmp_path: Path):
    job = Job("listing", (_listing(tmp_path / "first", NAMELESS), _listing(tmp_path / "second", "raise OSError(5)")))
    (ticket,) = driver().submit([job])
    kept = codec.decoded(Ticket, codec.encoded(ticket))
    later = driver()
    assert later.ended(0) == []
    assert (later.adopt(Ticket("another", kept.place)), later.adopt(kept)) == (False, True)
    ended = _end(later)
    assert (ended.ticket, [outcome.status for outcome in ended.outcomes]) == (ticket, [Status.OK, Status.ERROR])
    assert ended.outcomes[0].facts is not None
    assert later.ended(0) == []  # told once


def test_a_cancelled_job_ends_as_interrupted_with_all_its_calls(driver: Callable[[], Executor], tmp_path: Path):
    executor = driver()
    calls = _listing(tmp_path / "sleeps", SLEEPS), _listing(tmp_path / "never", NAMELESS)
    tickets = executor.submit([Job("sleeping", calls)])
    until = time.monotonic() + 60
    while not (calls[0].folder / "started").exists() and time.monotonic() < until:
        time.sleep(0.05)
    executor.cancel(tickets)
    assert [outcome.status for outcome in _end(executor).outcomes] == [Status.INTERRUPTED] * 2
    assert not (calls[1].folder / "call.json").exists()


def test_a_driver_that_comes_back_waits_for_the_fit_that_a_killed_one_submitted(
    local: tiny.Run, supervisor: Supervisor, tmp_path: Path
):
    suite, root, name = _with_controls(local, tmp_path), tmp_path / "runs/tiny", "patient.default.0-fit"
    command = [sys.executable, str(DRIVER), str(tmp_path), str(PATIENT), "patient", str(suite)]
    with subprocess.Popen(command) as driver:
        until = time.monotonic() + 200
        while not (root / "patient.default.0/fit/call.json").exists() and time.monotonic() < until:
            time.sleep(0.05)
        driver.kill()
    ticket, job = codec.read(Handed, root / HANDED / f"{name}.json").ticket, root / JOBS / f"{name}.json"
    assert Path(f"/proc/{ticket.place}").exists()  # it has outlived its driver
    submitted = job.stat().st_ino
    run = tiny.run(supervisor, tmp_path, [PATIENT], ["patient"], suite, executor="job-files")
    assert run.candidate("patient").status is Status.OK
    assert job.stat().st_ino == submitted  # and was not submitted again
    assert "patient.default.0/fit" in run.heard.ran  # but heard of when it ended
    assert list((root / HANDED).iterdir()) == []
