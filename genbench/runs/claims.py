"""Claims: what a stage of plugin code says that it did, held against the form of such a claim and the parent's clock.

A plugin shares its process with the lines that write facts, so that it can write anything in their place.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError, plain
from genbench.files.plain import read_json
from genbench.execution.clock import Clock

LARGEST = 1e18  # of a count, of seconds, of bytes
CURVE_LIMIT = 8 * 2**20  # bytes of a training curve
KINDS = ("exact", "lower bound", "estimate")  # of a likelihood


def _amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _amount_or_none(value: object) -> bool:
    return value is None or _amount(value)


FACTS: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "fit": {"images": _amount, "seconds_before": _amount, "parameters": _amount},
    "sample": {
        "nfe": _amount_or_none,
        "flops": _amount_or_none,
        "device_memory": _amount_or_none,
        "conditional": lambda value: isinstance(value, bool),
    },
    "density": {"likelihood": lambda value: value in KINDS},
    "audit": {},  # the scorer judges what an audit says
}
TIMED = {"fit": "fit", "sample": "run", "density": "density", "audit": "audit"}  # stage → the section of its work


def fault(stage: str, facts: Mapping[str, Any], clock: Clock, laps: int, folder: Path) -> tuple[str, str] | None:
    """The status and words of what is wrong with a stage that says it is done; None where nothing is.

    Args:
        laps: how many batches it had to draw, for "sample".
        folder: the stage's.
    """
    if stage not in FACTS:
        return None
    section = TIMED[stage]
    if clock.finished(section) != 1:
        return "no-evidence", f"{stage} said that it was done, and its work was never begun and ended on the clock"
    if stage == "sample" and len(clock.laps(section)) != laps:
        return "no-evidence", f"sample drew {len(clock.laps(section))} batches on the clock, expected {laps}"
    for name, fits in FACTS[stage].items():
        if name not in facts or not fits(facts[name]):
            return "invalid-evidence", plain(f"{stage} says {name} = {facts.get(name)!r:.80}")
    return _fault_of_curve(folder / "curve.json") if stage == "fit" else None


def _fault_of_curve(path: Path) -> tuple[str, str] | None:
    try:
        curve = read_json(path, CURVE_LIMIT)
    except GenbenchError as error:
        return "invalid-evidence", plain(str(error))
    points = curve if isinstance(curve, list) else [None]
    if all(isinstance(point, dict) and all(_finite(value) for value in point.values()) for point in points):
        return None
    return "invalid-evidence", "the training curve is a list of points, each of names and finite numbers"


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
