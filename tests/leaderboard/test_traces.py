"""The plugin's file and line in the end of a log: where its own code was left, not where the harness or torch was."""

import pytest

from genbench.leaderboard.traces import OURS, place


def traceback(*frames: tuple[str, int]) -> str:
    """As Python prints one."""
    lines = [f'  File "{file}", line {line}, in f\n    code()\n' for file, line in frames]
    return "Traceback (most recent call last):\n" + "".join(lines) + "ValueError: no\n"


OWN = (f"{OURS}/workers/untrusted/fit.py", 49)
TORCH = ("/venv/lib/python3.12/site-packages/torch/nn/modules/linear.py", 134)
LOOSE, INSTALLED = ("/home/me/mine.py", 18), ("/venv/lib/python3.12/site-packages/genbench_vae/model.py", 7)
SINGLE = ("/venv/lib/python3.12/site-packages/genbench_vae.py", 9)  # a distribution of one module


@pytest.mark.parametrize(
    ("log", "distribution", "expected"),
    [
        (traceback(OWN, LOOSE), "mine.py", "/home/me/mine.py:18"),
        (traceback(OWN, LOOSE, ("/home/me/mine.py", 30), TORCH), "mine.py", "/home/me/mine.py:30"),
        (traceback(OWN, INSTALLED, TORCH), "genbench-vae", f"{INSTALLED[0]}:7"),
        (traceback(OWN, SINGLE, TORCH), "genbench-vae", f"{SINGLE[0]}:9"),
        (traceback(OWN, LOOSE, OWN), "mine.py", "/home/me/mine.py:18"),
        (
            traceback(("/home/me/mine.py", 3)) + "\nand then\n\n" + traceback(OWN, LOOSE),
            "mine.py",
            "/home/me/mine.py:18",
        ),
        (traceback(OWN, TORCH), "mine.py", f"{TORCH[0]}:134"),
        (traceback(OWN), "mine.py", ""),
        ("killed\n", "mine.py", ""),
        ("", "", ""),
    ],
)
def test_a_python_traceback_names_the_plugins_last_line(log: str, distribution: str, expected: str) -> None:
    assert place(log, distribution) == expected


def test_a_crash_names_the_plugins_newest_line_which_comes_first() -> None:
    log = (
        "Fatal Python error: Segmentation fault\n\nCurrent thread 0x01 (most recent call first):\n"
        '  File "/usr/lib/python3.12/ctypes/__init__.py", line 519 in string_at\n'
        '  File "/home/me/mine.py", line 22 in fit\n  File "/home/me/mine.py", line 9 in main\n'
    )
    assert place(log, "mine.py") == "/home/me/mine.py:22"
