"""What a Slurm job does: it has its machine carry out a job file, and says at its end that it will not go on.

A job that is preempted leaves no such word: it comes back, on whatever node, and goes on where it was.
"""

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genbench.execution import machine
from genbench.files import codec

USAGE = 2  # the exit code of a program that refused its job
ATTEMPTS = 2  # that are not given back; another one is not made: a node that died twice may have died of the job
LOST, REFUSED, LEFT = "lost", "refused", "left"  # how a job can end


@dataclass(frozen=True)
class End:
    """That a job will not go on."""

    how: str
    """"left": its outcomes lie beside it; "refused": there is a reason; "lost": its nodes died."""
    words: str = ""
    """The reason."""


def end_file(job: Path) -> Path:
    """Where the end of a job is written."""
    return job.with_name(f"{job.name}.ended.json")


def attempts_file(job: Path) -> Path:
    """A line for each attempt that began, and for each that was given back."""
    return job.with_name(f"{job.name}.attempts")


def cancelled_file(job: Path) -> Path:
    """It is there where a driver has cancelled the job, which may begin only afterwards."""
    return job.with_name(f"{job.name}.cancelled")


class Carrying:
    """The function of a Slurm job; all that is pickled of it are the paths of two files.

    Args:
        job: the job file.
        terms: what the machine has to be like.
    """

    def __init__(self, job: str, terms: str) -> None:
        self._job, self._terms = Path(job), terms
        self._program: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def __call__(self) -> None:
        """Carry out the job, and say how it ended, unless it was told to stop."""
        if not cancelled_file(self._job).exists():
            if self._attempts() >= ATTEMPTS:
                self._end(LOST)
            else:
                self._note(1)
                self._carry_out()

    def checkpoint(self) -> Any:
        """What goes on from here once the job is started again."""
        from submitit.helpers import DelayedSubmission

        self._stop()
        return DelayedSubmission(Carrying(str(self._job), self._terms))

    def __getstate__(self) -> dict[str, str]:
        return {"job": str(self._job), "terms": self._terms}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.__init__(state["job"], state["terms"])  # type: ignore[misc]

    def _carry_out(self) -> None:
        command = [sys.executable, "-m", "genbench.execution", str(self._job), self._terms]
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        with self._job.with_name(f"{self._job.name}.log").open("ab") as log:
            begun = log.tell()
            # Whatever ends this process ends the program, and the program's end that of all that it started.
            self._program = subprocess.Popen(command, stderr=log, preexec_fn=machine.die_with_parent)
        try:
            code = self._program.wait()
        except KeyboardInterrupt:
            self._stop()
            raise
        if code == USAGE:
            said = self._job.with_name(f"{self._job.name}.log").read_bytes()[begun:].decode(errors="replace")
            self._end(REFUSED, " ".join(said.split()).removeprefix("genbench: "))
        elif not self._stopped:
            self._end(LEFT)

    def _stop(self) -> None:
        """End the program, which ends what runs as interrupted, and give the attempt back; this may be a handler."""
        if not self._stopped:
            self._note(-1)
        self._stopped = True
        if self._program is not None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._program.pid, signal.SIGTERM)
                os.waitid(os.P_PID, self._program.pid, os.WEXITED | os.WNOWAIT)

    def _end(self, how: str, words: str = "") -> None:
        codec.write(end_file(self._job), End(how, words))

    def _attempts(self) -> int:
        """How many began and were not given back."""
        file = attempts_file(self._job)
        return sum(map(int, file.read_text().split())) if file.exists() else 0

    def _note(self, count: int) -> None:
        with attempts_file(self._job).open("a") as lines:
            lines.write(f"{count}\n")
