"""The marker pipe: JSON lines to the parent, and not a line further before the parent has noted them."""

import json
import socket
import subprocess
import sys
import time

import pytest

from genbench.execution.channel import Markers, answer

CHILD = """
import sys
from genbench.execution.channel import over_socket
markers = over_socket(int(sys.argv[1]))
with markers.timed("run") as run:
    print(run.secret)
    run.lap()
    markers.progress(3, 1.0)
print("finished")
"""


@pytest.fixture
def told():
    return []


def test_a_timed_section_says_ready_laps_and_done(told):
    with Markers(told.append).timed("run") as run:
        assert told == [{"at": "ready", "section": "run"}]
        run.lap()
        run.lap()
    assert [message["at"] for message in told] == ["ready", "lap", "lap", "done"]


def test_a_section_that_raises_is_never_done(told):
    with pytest.raises(ZeroDivisionError), Markers(told.append).timed("run"):
        1 / 0  # noqa: B018
    assert [message["at"] for message in told] == ["ready"]


def test_progress_is_told_a_few_times_a_second_at_most_and_at_the_end(told):
    markers = Markers(told.append)
    for images in range(1000):
        markers.progress(images, images / 1000)
    markers.progress(1000, 1.0)
    assert told[-1] == {"at": "progress", "images": 1000, "share": 1.0}
    assert len(told) < 100  # 1,000 calls take far less than the 20 s that would be needed for more


def child(descriptor: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, str(descriptor)]
    return subprocess.Popen(command, pass_fds=[descriptor], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_child_waits_for_an_answer_to_all_but_progress():
    ours, theirs = socket.socketpair()
    with ours, child(theirs.fileno()) as process:
        theirs.close()
        lines = ours.makefile("rb")
        seen = []
        for line in lines:
            message = json.loads(line)
            seen.append(message["at"])
            if seen[-1] != "progress":
                ours.settimeout(0.05)
                with pytest.raises(TimeoutError):  # it says nothing more before it may go on
                    ours.recv(1, socket.MSG_PEEK)
                ours.settimeout(None)
                ours.sendall(answer(message["number"], "a5ecret" if seen[-1] == "ready" else ""))
        lines.close()
        output, _ = process.communicate(timeout=30)
    assert seen == ["ready", "lap", "progress", "done"]
    assert (output, process.returncode) == ("a5ecret\nfinished\n", 0)


@pytest.mark.parametrize("at_once", [True, False])
def test_answers_to_what_a_plugin_said_on_the_socket_are_nobodys(at_once: bool):
    ours, theirs = socket.socketpair()
    answers = [answer(0, ""), answer(1, "a5ecret"), answer(0, ""), answer(2, ""), answer(3, "")]
    with ours, child(theirs.fileno()) as process:
        theirs.close()
        if at_once:
            ours.sendall(b"".join(answers))
        for one in () if at_once else answers:
            ours.sendall(one)
            time.sleep(0.02)
        output, error = process.communicate(timeout=30)
    assert (output, process.returncode) == ("a5ecret\nfinished\n", 0), error


def test_a_child_whose_parent_is_gone_ends():
    ours, theirs = socket.socketpair()
    with child(theirs.fileno()) as process:
        theirs.close()
        ours.recv(1)
        ours.close()
        output, error = process.communicate(timeout=30)
    assert (output, process.returncode) == ("", 1)
    assert "Error" in error.splitlines()[-1]
