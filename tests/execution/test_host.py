"""A host carries out the jobs of its run and no others, for whoever waits, and ends with the run."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from calls import LISTING, listing_call

from genbench.catalogue import plugins
from genbench.contracts.job import Call, Job
from genbench.execution import machine
from genbench.execution.host import HostEnded, carried, door_of
from genbench.execution.job_file import known_outcomes, placed
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.status import Status
from genbench.runs.preparation import probed, terms_of

SLEEPS = "import time\nopen('started', 'w').close()\ntime.sleep(600)\n"
NAMELESS = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"


@pytest.fixture
def terms(supervisor: Supervisor, tmp_path: Path) -> Iterator[Path]:
    """The terms of a run on this machine; its hosts end with it."""
    path = tmp_path / "jobs/terms.json"
    path.parent.mkdir()
    codec.write(path, terms_of(probed("cpu", "auto", supervisor, environment=True), "auto", 1))
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def job(tmp_path: Path) -> Callable[[str, str], Path]:
    """`job(name, code)`: the file of a job that imports a plugin with this code."""

    def make(name: str, code: str) -> Path:
        (tmp_path / f"{name}.py").write_text(code)
        (tmp_path / name).mkdir()
        call = listing_call(plugins.loose(str(tmp_path / f"{name}.py")), tmp_path / name)
        codec.write(tmp_path / f"jobs/{name}.json", Job(name, (call,)))
        return tmp_path / f"jobs/{name}.json"

    return make


def hosts(terms: Path) -> list[int]:
    """The processes of a run's hosts."""
    found = subprocess.run(["pgrep", "-f", f"genbench.execution --host .* {terms}"], capture_output=True, check=False)
    return [int(word) for word in found.stdout.split()]


def _until(there: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_one_host_carries_out_what_is_asked_for_and_ends_with_the_run(terms: Path, job: Callable[[str, str], Path]):
    first, second = job("first", NAMELESS), job("second", "raise RuntimeError('boom')")
    assert [carried(path, terms, "node") for path in (first, second)] == ["", ""]
    assert [known_outcomes(path)[0].status for path in (first, second)] == [Status.OK, Status.ERROR]
    found = known_outcomes(first)[0].machine
    assert found is not None
    assert found.cpus == machine.cpus()
    assert len(hosts(terms)) == 1
    terms.unlink()
    _until(lambda: not hosts(terms) and not door_of(terms, "node").exists(), 10)


def test_a_file_elsewhere_is_no_job_of_the_run(terms: Path, job: Callable[[str, str], Path], tmp_path: Path):
    planted = job("planted", NAMELESS).rename(tmp_path / "planted.json")
    assert carried(planted, terms, "node") == f"{planted} is no job of the run in {terms.parent}"
    assert not (tmp_path / "planted/call.json").exists()


def test_a_host_that_is_killed_is_told_from_one_that_refuses(
    terms: Path, job: Callable[[str, str], Path], tmp_path: Path
):
    def kill() -> None:
        _until((tmp_path / "sleeps/started").exists)
        for pid in hosts(terms):
            subprocess.run(["kill", "-9", str(pid)], check=True)

    killing = Thread(target=kill)
    killing.start()
    with pytest.raises(HostEnded):
        carried(job("sleeps", SLEEPS), terms, "node")
    killing.join()
    assert carried(job("next", NAMELESS), terms, "node") == ""  # another one is started


def test_a_call_is_placed_on_the_device_that_it_was_given_in_its_inputs_too():
    inputs = {"subject": {"device": "cuda:0", "name": "cuda:0"}, "files": [{"device": "cpu"}], "device": "cuda:0"}
    call = Call("fit", LISTING, Path(), inputs, 60, device="cuda:0")
    assert placed(call, "") == call
    found = placed(call, "cuda:3")
    assert (found.device, found.inputs) == (
        "cuda:3",
        {"subject": {"device": "cuda:3", "name": "cuda:0"}, "files": [{"device": "cpu"}], "device": "cuda:3"},
    )
