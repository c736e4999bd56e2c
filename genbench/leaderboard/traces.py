"""Traces: where in a plugin a failure came from, as the end of a log tells it."""

import re
from pathlib import Path

OURS = str(Path(__file__).parents[1])
_FRAME = re.compile(r'^ *File "([^"\n]{1,1000})", line (\d{1,9})', re.MULTILINE)  # Python's, and faulthandler's


def place(log: str, distribution: str) -> str:
    """The plugin's file and line that the last traceback of a log names last: "mine.py:18"; "" where it names none.

    Args:
        distribution: what the plugin was installed from, or the name of its loose file.
    """
    frames = [(file, line) for file, line in _FRAME.findall(_last(log)) if not file.startswith((OURS, "<"))]
    name = distribution.replace("-", "_")
    own = [
        frame for frame in frames if name in Path(frame[0]).parts or Path(frame[0]).name in (distribution, f"{name}.py")
    ]
    found = own or frames
    if not found:
        return ""
    # A traceback has the newest call last, a crash's report has it first.
    file, line = found[0] if "most recent call first" in _last(log) else found[-1]
    return f"{file}:{line}"


def _last(log: str) -> str:
    """From the last traceback on."""
    return log[max(log.rfind("Traceback (most recent call last)"), log.rfind("(most recent call first)"), 0) :]
