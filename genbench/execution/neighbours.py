"""Neighbours: the processes of others on a GPU while something is timed there, as the driver's own tool tells them."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

from genbench.contracts.job import Call, Outcome

TOOL = "nvidia-smi"
PATIENCE, AGAIN = 2.0, 0.2  # seconds in which the driver forgets a process that has ended, and between two looks


def noted(call: Call, carried_out: Callable[[], Outcome]) -> Outcome:
    """The outcome of a call and, where it was timed on a GPU, how many processes of others were there before or after.

    Before and after it no process of the call lives, so that whoever is there is somebody else.
    """
    if call.pace is None or not call.device.startswith("cuda"):
        return carried_out()
    before = on(call.device)
    outcome = carried_out()
    until, after = time.monotonic() + PATIENCE, on(call.device)
    while before == 0 and after and time.monotonic() < until:
        time.sleep(AGAIN)
        after = on(call.device)
    return replace(outcome, neighbours=None if before is None or after is None else max(before, after))


def on(device: str) -> int | None:
    """How many processes compute on a GPU now; None: nobody tells.

    Args:
        device: as torch calls it: "cuda:1" is the second one that CUDA_VISIBLE_DEVICES lets this process see.
    """
    gpus, processes = _told("gpu=index,uuid"), _told("compute-apps=gpu_uuid,pid")
    if gpus is None or processes is None:
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    names = visible.split(",") if visible else [index for index, _ in gpus]
    place = int(device.partition(":")[2] or 0)
    name = names[place] if place < len(names) else ""
    own = [uuid for index, uuid in gpus if name in (index, uuid)]
    return sum(uuid == own[0] for uuid, _ in processes) if own else None


def _told(query: str) -> list[tuple[str, str]] | None:
    """Pairs that the tool answers; None where it cannot."""
    command = [TOOL, f"--query-{query}", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout
        pairs = [line.split(", ") for line in said.splitlines() if line]
        return [(one, other) for one, other in pairs]
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
