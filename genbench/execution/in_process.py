"""`--debug`: the stages of one trial in this process, with a debugger at the first error."""

import pdb
import sys
import time
from collections.abc import Mapping
from typing import Any

from genbench.contracts.job import FACTS, JOB, Job
from genbench.execution.channel import Markers
from genbench.execution.child import run_stage
from genbench.execution.clock import Clock
from genbench.execution.outcome import Outcome
from genbench.execution.supervisor import Supervisor
from genbench.execution.watch import Progress
from genbench.files.plain import read_json, write_json


class InProcess(Supervisor):
    """Runs jobs in this process: no limits, no isolation, and a debugger where something raises."""

    def run(self, job: Job, progress: Progress = lambda images, share: None) -> Outcome:
        """Run a job here.

        Raises: what the stage raised, after the debugger.
        """
        clock, started = Clock(), time.monotonic()

        def tell(message: Mapping[str, Any]) -> None:
            clock.note(message, time.monotonic())
            if message["at"] == "progress":
                progress(message["images"], message["share"])

        write_json(job.folder / JOB, job.to_json())
        try:
            run_stage(job.folder, Markers(tell))
        except Exception:
            pdb.post_mortem(sys.exc_info()[2])
            raise
        return Outcome("ok", None, time.monotonic() - started, clock, read_json(job.folder / FACTS))
