"""A job that is sent with its files to another machine comes back as if that machine had seen the driver's folders."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from calls import listing_call

from genbench.catalogue import plugins
from genbench.contracts.job import CALL, RESUME, Call, Confinement, Job, Outcome, Telling
from genbench.errors import GenbenchError
from genbench.execution import shipment as shipments
from genbench.execution.job_file import JobFiles, Outcomes, outcomes_file
from genbench.execution.shipment import CONTENT, Delivery, Shipment, collected, delivered, shipment, unpacked
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.files.atomic import DEEPEST, sha256_of
from genbench.records.status import Status

PLUGIN = """
import pathlib
import genbench

text = pathlib.Path({path!r}).read_text()
open("made.txt", "w").write(text + "!")
raise RuntimeError({path!r})
"""


class Driver:
    """A machine with a job in a folder of runs, whose inputs lie there, in a cache and in a loose file."""

    def __init__(self, root: Path) -> None:
        self.runs, self.cache, self.loose = root / "runs", root / "cache", root / "loose.py"
        self.stage = self.runs / "suite/trial/stage"
        (self.stage / RESUME).mkdir(parents=True)
        (self.stage / RESUME / "key").write_text("k")
        (self.runs / "suite/.jobs").mkdir()
        self.terms = self.runs / "suite/.jobs/terms.json"
        self.terms.write_text("{}")
        self.evidence = self.runs / "suite/trial/fit/weights"
        self.evidence.parent.mkdir()
        self.evidence.write_bytes(b"weights")
        (self.cache / "data/x/deeper").mkdir(parents=True)
        (self.cache / "data/x/deeper/rows").write_bytes(b"rows")
        self.loose.write_text(PLUGIN.format(path=str(self.evidence)))
        self.asked: list[str] = []

    def job(self, confined: bool = False) -> Job:
        call = listing_call(plugins.loose(str(self.loose)), self.stage)
        reads = (str(self.loose), str(self.cache / "data/x"), str(self.evidence), str(self.cache / "nowhere"))
        confinement = Confinement(reads, (str(self.runs), "site/data.npz")) if confined else None
        return Job("job", (replace(call, reads=reads, confinement=confinement),))

    def sent(self, job: Job) -> Shipment:
        file = self.runs / "suite/.jobs/job.json"
        codec.write(file, job)
        return shipment(file, job, self.terms, (self.runs, self.cache), sha256_of)

    def fetch(self, digest: str) -> bytes:
        self.asked.append(digest)
        (found,) = {file.path for file in self.sent(self.job()).files if file.sha256 == digest}
        return Path(found).read_bytes()


@pytest.fixture
def driver(tmp_path: Path) -> Driver:
    return Driver(tmp_path / "driver")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The place of the other machine."""
    return tmp_path / "node/home"


def test_whoever_sees_the_very_files_needs_no_shipment(driver: Driver):
    sent = driver.sent(driver.job())
    assert sent.seen
    driver.evidence.write_bytes(b"Weights")  # as large, and another's
    assert not sent.seen
    driver.evidence.write_bytes(b"weights")
    assert sent.seen
    driver.loose.unlink()
    assert not sent.seen
    driver.loose.write_text(PLUGIN.format(path=str(driver.evidence)))
    Path(sent.job).write_text("another job of that name")
    assert not sent.seen


def test_every_path_lies_elsewhere_and_every_file_arrives(driver: Driver, home: Path):
    sent = driver.sent(driver.job(confined=True))
    file, terms = unpacked(sent, home, driver.fetch)
    assert terms.read_text() == "{}"
    assert terms.parent == file.parent
    assert home.stat().st_mode & 0o077 == 0
    (call,) = codec.read(Job, file).calls
    assert [Path(path).read_bytes() for path in call.reads[2:3]] == [b"weights"]
    assert (Path(call.reads[1]) / "deeper/rows").read_bytes() == b"rows"
    assert not Path(call.reads[3]).exists()
    assert (call.folder / RESUME / "key").read_text() == "k"
    assert str(driver.runs.parent) not in file.read_text()
    assert call.confinement is not None
    assert call.confinement.reads == call.reads
    assert call.confinement.hides[1:] == ("site/data.npz", str(home))
    assert Path(call.confinement.hides[0]) in call.folder.parents


def test_content_crosses_once_and_is_no_one_s_to_write_to(driver: Driver, home: Path):
    sent = driver.sent(driver.job())
    file, _ = unpacked(sent, home, driver.fetch)
    first = len(driver.asked)
    (call,) = codec.read(Job, file).calls
    (call.folder / RESUME / "key").write_text("written in place")
    unpacked(sent, home, driver.fetch)
    assert (len(driver.asked), first) == (first, len({file.sha256 for file in sent.files}))
    assert (call.folder / RESUME / "key").read_text() == "k"
    assert all(sha256_of(path) == path.name for path in (home / CONTENT).iterdir())


def test_what_comes_of_it_lies_where_it_would_and_speaks_of_the_drivers_paths(
    driver: Driver, home: Path, supervisor: Supervisor
):
    job = driver.job()
    sent = driver.sent(job)
    file, _ = unpacked(sent, home, driver.fetch)
    # The plugin's own words hold a path of the other machine, as a traceback would.
    loose = codec.read(Job, file).calls[0].reads[0]
    evidence = codec.read(Job, file).calls[0].reads[2]
    Path(loose).unlink()
    Path(loose).write_text(PLUGIN.format(path=evidence))
    JobFiles(supervisor).carry_out(file)
    came = collected(sent, home)
    delivered(came, Path(sent.job), job)
    assert (driver.stage / "made.txt").read_text() == "weights!"
    assert not (driver.stage / CALL).exists()
    (outcome,) = codec.read(Outcomes, outcomes_file(Path(sent.job))).outcomes
    assert outcome.status is Status.ERROR
    assert str(driver.evidence) in str(outcome.reason)
    assert str(home) not in str(outcome.reason)
    assert (home / CONTENT / sha256_of(driver.stage / "made.txt")).exists()  # whoever names it next has it there


def test_a_link_or_a_pipe_that_a_call_left_is_not_followed(driver: Driver, home: Path):
    sent = driver.sent(driver.job())
    file, _ = unpacked(sent, home, driver.fetch)
    (call,) = codec.read(Job, file).calls
    (call.folder / "link").symlink_to("/etc/passwd")
    (call.folder / "fine").write_bytes(b"fine")
    codec.write(outcomes_file(file), Outcomes((Outcome(Status.OK, None, 1.0),)))
    assert [(Path(path).name, data) for path, _, data in collected(sent, home).files] == [("fine", b"fine")]
    assert not call.folder.exists()


def test_what_a_plugin_closed_or_buried_costs_nobody_else(driver: Driver, home: Path, monkeypatch: pytest.MonkeyPatch):
    sent = driver.sent(driver.job())
    file, _ = unpacked(sent, home, driver.fetch)
    (call,) = codec.read(Job, file).calls
    (call.folder / "closed").write_bytes(b"closed")
    (call.folder / "fine").write_bytes(b"fine")
    deep = call.folder
    for _ in range(DEEPEST + 2):
        deep /= "d"
        deep.mkdir()
    (deep / "buried").write_bytes(b"buried")
    codec.write(outcomes_file(file), Outcomes((Outcome(Status.OK, None, 1.0),)))
    opened = shipments.regular_bytes

    def refusing(path: Path, count: int) -> bytes:  # root, who may run this, opens anything
        if path.name == "closed":
            raise PermissionError(path)
        return opened(path, count)

    monkeypatch.setattr(shipments, "regular_bytes", refusing)
    assert [Path(path).name for path, _, _ in collected(sent, home).files] == ["fine"]


def test_what_arrives_other_than_it_was_sent_is_refused(driver: Driver, home: Path):
    sent = driver.sent(driver.job())
    with pytest.raises(GenbenchError, match="a file arrived other than its driver sent it"):
        unpacked(sent, home, lambda digest: b"other")


Wrong = Callable[[Driver], tuple[str, str, bytes]]


@pytest.mark.parametrize(
    "file",
    [
        lambda driver: (str(driver.stage / "x"), "0" * 64, b"x"),
        lambda driver: (str(driver.evidence), sha256_of(driver.evidence), b"weights"),
        lambda driver: (str(driver.stage / "../../../x"), sha256_of(driver.evidence), b"weights"),
    ],
)
def test_a_delivery_writes_in_the_folders_of_its_job_alone(driver: Driver, file: Wrong):
    with pytest.raises(GenbenchError, match=r"job: .* arrived other than its node sent it"):
        delivered(Delivery(Outcomes(), (file(driver),)), driver.runs / "suite/.jobs/job.json", driver.job())


def test_what_a_parent_reads_for_a_process_is_sent_too(driver: Driver, home: Path):
    job = driver.job()
    key = driver.runs / "suite/exam/key"
    key.parent.mkdir()
    key.write_bytes(b"key")
    (call,) = job.calls
    sent = driver.sent(replace(job, calls=(replace(call, telling=Telling("answer", key)),)))
    file, _ = unpacked(
        sent,
        home,
        lambda digest: next(
            p.read_bytes()
            for p in (
                key,
                driver.loose,
                driver.evidence,
                driver.stage / RESUME / "key",
                driver.cache / "data/x/deeper/rows",
            )
            if sha256_of(p) == digest
        ),
    )
    told: Call = codec.read(Job, file).calls[0]
    assert told.telling is not None
    assert told.telling.file.read_bytes() == b"key"
