"""python job_files_driver.py OUT PLUGIN MODEL SUITE: a run whose jobs are files, in a process that can be killed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import tiny

from genbench.execution.supervisor import Supervisor

if __name__ == "__main__":
    out, plugin, model, suite = sys.argv[1:]
    with Supervisor() as supervisor:
        tiny.run(supervisor, Path(out), [Path(plugin)], [model], Path(suite), executor="job-files")
