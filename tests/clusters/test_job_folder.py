"""What the files of a job tell its driver."""

from pathlib import Path

import pytest
from nodes import place

from genbench.builtin.executors.job_folder import JobFolder
from genbench.contracts.executor import Ended, Ticket
from genbench.contracts.job import Call, Job, Outcome
from genbench.execution.job_file import INTERRUPTED, Outcomes, outcomes_file, progress_file
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.status import Status

pytestmark = pytest.mark.xdist_group("queue")  # side by side with the other group, and not with its own

TICKET = Ticket("job")
CALLS = tuple(Call(name, "nowhere:nothing", Path(), {}, 60) for name in ("first", "second"))
FINE, LOST = Outcome(Status.OK, None, 1.0), Outcome(Status.CRASHED, "its node died", 0.0)
Heard = list[tuple[str, int, float]]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def folder(supervisor: Supervisor, heard: Heard, tmp_path: Path) -> JobFolder:
    """A folder with one job in it."""

    def told(ticket: Ticket, call: Call, images: int, share: float) -> None:
        heard.append((call.stage, images, share))

    found = JobFolder(place(tmp_path / "jobs", "", supervisor, told))
    found.open()
    found.add(TICKET, Job("job", CALLS))
    return found


def test_what_is_new_of_its_progress_is_told_and_half_a_line_is_not(folder: JobFolder, heard: Heard):
    with progress_file(folder.file(TICKET)).open("a") as lines:
        for text in ("[0, 5, 0.5]\n[0, 10, 1.0]\n[1, 2, 0.2]\n[1, 4", ", 0.4]\n", ""):
            lines.write(text)
            lines.flush()
            folder.tell()
            heard.append(("", 0, 0.0))
    assert heard == [("first", 10, 1.0), ("second", 2, 0.2), ("", 0, 0.0), ("second", 4, 0.4), *[("", 0, 0.0)] * 2]


@pytest.mark.parametrize(
    ("written", "expected"),
    [((), (LOST, LOST)), ((FINE,), (FINE, LOST)), ((FINE, INTERRUPTED), (FINE, LOST)), ((FINE, FINE), (FINE, FINE))],
)
def test_what_came_to_no_end_of_its_own_is_lacking(
    folder: JobFolder, written: tuple[Outcome, ...], expected: tuple[Outcome, ...]
):
    codec.write(outcomes_file(folder.file(TICKET)), Outcomes(written))
    assert folder.end(TICKET, LOST) == Ended(TICKET, expected)
    assert not folder.knows(TICKET)


def test_a_job_of_a_name_that_was_there_before_begins_with_nothing(folder: JobFolder):
    file = folder.file(TICKET)
    codec.write(outcomes_file(file), Outcomes((FINE, FINE)))
    progress_file(file).write_text("[0, 5, 0.5]\n")
    folder.add(TICKET, Job("job", CALLS))
    assert not progress_file(file).exists()
    assert folder.end(TICKET).outcomes == (INTERRUPTED, INTERRUPTED)
