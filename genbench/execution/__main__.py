"""`python -m genbench.execution JOBFILE`: carries out a job on this machine, whoever planned it.

The outcomes are written to JOBFILE.outcomes.json, anew after each call, so that what has ended is known whatever
happens later. The fork server lives as long as there are calls.
"""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from genbench.contracts.job import Job, Outcome
from genbench.errors import GenbenchError
from genbench.execution.launcher import launcher
from genbench.execution.supervisor import Supervisor
from genbench.files import codec

USAGE = 2  # the exit code of what a user can mend


@dataclass(frozen=True)
class Outcomes:
    """How the calls of a job ended, in their order; fewer than there are calls where it has not ended."""

    outcomes: tuple[Outcome, ...] = ()


def outcomes_file(job: Path) -> Path:
    """Where the outcomes of a job file are written."""
    return job.with_name(f"{job.name}.outcomes.json")


def carry_out(path: Path) -> Outcomes:
    """Carry out the job of a file; SIGTERM and Ctrl-C end what runs as interrupted.

    Raises:
        GenbenchError: the file holds no job.
    """
    job, found = codec.read(Job, path), Outcomes()
    modules = sorted({call.runs.partition(":")[0] for call in job.calls})
    with Supervisor(launcher(modules)) as supervisor:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop())
        for call in job.calls:
            found = Outcomes((*found.outcomes, supervisor.run(call)))
            codec.write(outcomes_file(path), found)
    return found


if __name__ == "__main__":
    try:
        carry_out(Path(sys.argv[1]))
    except (GenbenchError, IndexError) as error:
        words = error if isinstance(error, GenbenchError) else "python -m genbench.execution JOBFILE"
        sys.stderr.write(f"genbench: {words}\n")
        sys.exit(USAGE)
