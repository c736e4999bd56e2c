"""How an executor bears many short trials: throughput a core beside the local one's, memory, and its answer to Ctrl-C.

python tools/executor_load.py throughput --jobs 200     local, then Ray on a cluster of one node with as many cores
python tools/executor_load.py many --trials 10000       a driver of so many trials: its memory, and how soon it ends
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from genbench.builtin.executors.ray_cluster import RayExecutor
from genbench.catalogue import plugins
from genbench.contracts.executor import Executor, Workplace
from genbench.contracts.job import Call, Job
from genbench.execution.local import LocalExecutor
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.status import Status
from genbench.runs.preparation import probed, terms_of

LISTING = "genbench.workers.untrusted.listing:listing"
WORK = """
import time
import genbench

until = time.process_time() + {seconds}
while time.process_time() < until:
    pass

@genbench.hookimpl
def genbench_models():
    return []
"""


def jobs_of(folder: Path, count: int, seconds: float, name: str) -> list[Job]:
    """Jobs of one call each that takes so many CPU seconds."""
    plugin = folder / "work.py"
    plugin.write_text(WORK.format(seconds=seconds))
    inputs = {"plugin": codec.encoded(plugins.loose(str(plugin)))}
    found = []
    for index in range(count):
        own = folder / name / str(index)
        own.mkdir(parents=True)
        found.append(Job(f"{name}-{index}", (Call("listing", LISTING, own, inputs, 120.0),), trial=f"trial-{index}"))
    return found


def ended(executor: Executor, jobs: Sequence[Job]) -> float:
    """Wall seconds of all jobs."""
    started, left = time.monotonic(), len(jobs)
    executor.submit(jobs)
    while left:
        for found in executor.ended(1.0):
            if found.outcomes[0].status is not Status.OK:
                raise RuntimeError(f"{found.ticket.job}: {found.outcomes[0].reason}")
            left -= 1
    return time.monotonic() - started


def throughput(count: int, seconds: float, cores: int) -> dict[str, float]:
    """Jobs a second and core, of both executors, each after some jobs that warm it up."""
    from ray.cluster_utils import Cluster

    told = lambda *_: None  # noqa: E731
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": cores, "memory": 2**40})
    rates = {}
    with tempfile.TemporaryDirectory() as place, Supervisor() as supervisor:
        folder = Path(place)
        terms = terms_of(probed("cpu", "auto", supervisor, environment=True), "auto", 1)
        for kind in (LocalExecutor, RayExecutor):
            work = Workplace(cores, folder / "jobs", supervisor.run, told, address=cluster.address, terms=terms)
            executor = kind(work)
            ended(executor, jobs_of(folder, 2 * cores, seconds, f"warm-{kind.name}"))
            rates[kind.name] = count / ended(executor, jobs_of(folder, count, seconds, kind.name)) / cores
            executor.close()
    cluster.shutdown()
    return {**rates, "ratio": rates["ray"] / rates["local"]}


def many(trials: int) -> dict[str, float]:
    """A driver that gives Ray so many trials, of which one can run at a time, and then cancels them."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "memory": 2**40})
    with tempfile.TemporaryDirectory() as place, Supervisor() as supervisor:
        folder = Path(place)
        terms = terms_of(probed("cpu", "auto", supervisor, environment=True), "auto", 1)
        work = Workplace(trials, folder / "jobs", supervisor.run, lambda *_: None, address=cluster.address, terms=terms)
        executor, jobs = RayExecutor(work), jobs_of(folder, trials, 600.0, "many")
        started = time.monotonic()
        tickets = [ticket for job in jobs for ticket in executor.submit([job])]
        submitted = time.monotonic()
        while not any((job.calls[0].folder / "call.json").exists() for job in jobs):
            executor.ended(0.2)
        asked, left = time.monotonic(), len(tickets)
        executor.cancel(tickets)
        while left:
            left -= len(executor.ended(1.0))
        over = time.monotonic()
        executor.close()
    cluster.shutdown()
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"submitted in s": submitted - started, "cancelled in s": over - asked, "most memory in MiB": mib}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("throughput", "many"))
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU seconds of a job")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--trials", type=int, default=10000)
    options = parser.parse_args()
    measured = (
        throughput(options.jobs, options.seconds, options.cores)
        if options.what == "throughput"
        else many(options.trials)
    )
    json.dump({name: round(value, 3) for name, value in measured.items()}, sys.stdout)
    print()
