"""What Slurm's controller says of jobs. Every cluster has one; accounting, which `sacct` asks, many do not."""

import os
import subprocess
import time

FRESH = 2.0  # seconds for which an answer counts
GONE = "unknown to its queue"
AT_WORK = (  # an array's jobs have them all; what is not here has ended
    *("PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT"),
    *("REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT", "PREEMPTED"),
)


class Queue:
    """The user's jobs, as `squeue` tells them; asked at most every two seconds, for all jobs at once."""

    def __init__(self) -> None:
        self._asked = float("-inf")
        self._states: dict[str, str] | None = None  # of each job; None: nobody has answered yet

    def changed(self) -> None:
        """Something was queued or cancelled: what was heard before does not count any more."""
        self._asked = float("-inf")

    def state(self, job: str) -> str:
        """The state of a job, as Slurm calls it; `GONE` where it forgot it, or never knew it."""
        if time.monotonic() - self._asked > FRESH:
            self._ask()
        return AT_WORK[0] if self._states is None else self._states.get(job, GONE)

    def at_work(self, job: str) -> bool:
        """Whether it waits or runs, as far as can be told."""
        return self.state(job) in AT_WORK

    def _ask(self) -> None:
        command = ["squeue", "--noheader", "--array", "--states=all", f"--user={os.getuid()}", "--format=%i %T"]
        told = subprocess.run(command, check=False, capture_output=True, text=True)
        if told.returncode == 0:  # a controller that is away for a while has not ended any job
            self._states = dict(line.split(maxsplit=1) for line in told.stdout.splitlines() if " " in line)
        self._asked = time.monotonic()
