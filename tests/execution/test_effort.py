"""CPU seconds of a process tree, read from outside: threads, children and those that ended are in it."""

import subprocess
import sys
import time

import pytest

from genbench.execution.effort import Effort

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of other processes on Linux alone")
BURN = "import time\ndef burn(s):\n    until = time.thread_time() + s\n    while time.thread_time() < until: pass\n"
WAYS = {
    "itself": "burn(.3)",
    "a thread that outlives it": "import threading; threading.Thread(target=burn, args=(.3,)).start()",
    "a child that was waited for": "import os\nif not os.fork(): burn(.3); os._exit(0)\nos.wait()",
    "a child that lives": "import os\nif not os.fork(): burn(.3); time.sleep(9)",
    "a grandchild": """import os
if not os.fork():
    if not os.fork(): burn(.3); os._exit(0)
    os.wait(); os._exit(0)
os.wait()""",
    "a daemon of one that takes up orphans": """import ctypes, os
ctypes.CDLL(None).prctl(36, 1)
if not os.fork():
    if not os.fork(): os.setsid(); burn(.3); time.sleep(9)
    os._exit(0)
os.wait()""",
}


def followed(code: str, seconds: float = 8.0, limit: float = 0.31) -> Effort:
    """The effort of a program that is looked at now and then, until it has done what it does."""
    with subprocess.Popen([sys.executable, "-c", f"{BURN}{code}\ntime.sleep(9)"]) as process:
        effort, until = Effort(process.pid), time.monotonic() + seconds
        while time.monotonic() < until and (effort.look() or 0.0) < limit:
            time.sleep(0.02)
        process.kill()
    return effort


@pytest.mark.parametrize("way", WAYS)
def test_the_work_is_seen_whoever_of_the_tree_does_it(way: str):
    effort = followed(WAYS[way])
    found = effort.seconds()
    assert not effort.hides
    assert found is not None
    assert 0.29 <= found < 0.6  # the interpreter's start, and another one's


def test_a_child_that_nobody_accounts_for_is_seen_while_it_lives_and_told():
    quiet = (
        "import os, signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nif not os.fork(): burn(.5); os._exit(0)\n"
    )
    effort = followed(quiet)
    assert (effort.seconds() or 0.0) > 0.25
    assert effort.hides
    assert not followed("burn(.3)").hides


def test_children_that_the_kernel_forgets_at_their_end_are_missed():
    unheard = """import ctypes, os
class Action(ctypes.Structure):
    _fields_ = [("handler", ctypes.c_void_p), ("mask", ctypes.c_byte * 128), ("flags", ctypes.c_int)]
    _fields_ += [("restorer", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
libc.sigaction(17, ctypes.byref(Action(flags=FLAGS)), None)
for _ in range(20):
    if not os.fork(): burn(.05); os._exit(0)
    try: os.wait()
    except ChildProcessError: pass
burn(.3)
"""
    assert followed(unheard.replace("FLAGS", "2"), limit=0.6).hides
    assert not followed(unheard.replace("FLAGS", "0"), limit=1.25).hides


def test_a_process_that_is_gone_keeps_what_it_took():
    effort = followed("burn(.3)")
    assert effort.look() == effort.seconds()
    assert (effort.seconds() or 0.0) > 0.29
    assert Effort(2**22 - 3).seconds() is None
