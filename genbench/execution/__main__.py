"""`python -m genbench.execution JOBFILE [TERMS]`: carries out a job on this machine, whoever planned it.

The outcomes are written to JOBFILE.outcomes.json, anew after each call, so that what has ended is known whatever
happens later. The fork server lives as long as there are calls. With a file of TERMS, this machine is held against
them first. `python -m genbench.execution --host SOCKET TERMS` is a host: see `genbench.execution.host`.
"""

import signal
import sys
from pathlib import Path

from genbench.contracts.job import Job
from genbench.contracts.node import Terms
from genbench.errors import GenbenchError
from genbench.execution import host
from genbench.execution.job_file import JobFiles, Outcomes
from genbench.execution.launcher import launcher
from genbench.execution.supervisor import Supervisor
from genbench.files import codec

USAGE = 2  # the exit code of what a user can mend
HOST = "--host"


def carry_out(path: Path, terms: Path | None = None) -> Outcomes:
    """Carry out the job of a file; SIGTERM and Ctrl-C end what runs as interrupted.

    Raises:
        GenbenchError: the file holds no job, or this machine is not as the terms say.
    """
    job = codec.read(Job, path)
    held = None if terms is None else codec.read(Terms, terms)
    calls = (*job.calls, *(() if held is None else (held.survey,)))
    modules = sorted({call.runs.partition(":")[0] for call in calls})
    with Supervisor(launcher(modules)) as supervisor:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop())
        return JobFiles(supervisor, held).carry_out(path)


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    if arguments[0] == HOST:
        host.serve(int(arguments[1]), Path(arguments[2]))
    else:
        carry_out(*map(Path, arguments[:2]))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (GenbenchError, IndexError) as error:
        words = error if isinstance(error, GenbenchError) else "python -m genbench.execution JOBFILE [TERMS]"
        sys.stderr.write(f"genbench: {words}\n")
        sys.exit(USAGE)
