"""A Slurm of two nodes on this machine: its own munge, controller and daemons, which end with it."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil

CONFIGURATION = """
ClusterName=here
SlurmctldHost={host}
SlurmctldAddr=127.0.0.1
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SlurmdTimeout=6
KillWait=10
MpiDefault=none
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=65536
NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=65536
PartitionName=low Nodes=ALL Default=YES PriorityTier=1
PartitionName=high Nodes=ALL PriorityTier=9 PreemptMode=OFF
"""


class Slurm:
    """Starts it.

    Args:
        folder: of all its files.
    Raises:
        FileNotFoundError: Debian's slurm-wlm and munge are not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "state").mkdir()
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        user = Path("/proc/self").owner()
        text = CONFIGURATION.format(host=socket.gethostname(), folder=folder, user=user, ports=_ports(3))
        self.configuration = folder / "slurm.conf"
        self.configuration.write_text(text)
        files = (f"--{name}={folder}/munge.{name.partition('-')[0]}" for name in ("pid-file", "log-file", "seed-file"))
        own = ("--foreground", "--force", f"--socket={folder}/munge.socket", f"--key-file={key}", *files)
        self._daemons = {"munged": self._start("munged", *own)}
        _until(lambda: (folder / "munge.socket").exists())
        self._daemons["slurmctld"] = self._start("slurmctld", "-D")
        for node in ("one", "two"):
            self.add(node)
        _until(lambda: self._said("sinfo", "--noheader", "--format=%D %t").split() == ["2", "idle"])

    def add(self, node: str) -> None:
        """Start a node's daemon."""
        self._daemons[node] = self._start("slurmd", "-D", "-N", node)

    def kill(self, node: str) -> None:
        """End a node without a word: its daemon and all that it started."""
        for own in (psutil.Process(self._daemons[node].pid), *self._steps(node)):
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    process.kill()
        self._daemons.pop(node).wait()

    def _steps(self, node: str) -> list[psutil.Process]:
        """The daemons of what runs on a node: parents of those whose environment names it."""
        found = set()
        for own in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                known = own.environ()
                if (known.get("SLURM_CONF"), known.get("SLURMD_NODENAME")) == (str(self.configuration), node):
                    found |= {own, *own.parents()}
        return [own for own in found if own.name().startswith("slurmstepd")]

    def node_of(self, states: str = "RUNNING") -> str:
        """The node of a job that runs; "": there is none."""
        return self._said("squeue", "--noheader", f"--states={states}", "--format=%N").partition("\n")[0].strip()

    def preempt(self, seconds: int) -> None:
        """Take both nodes away for so many seconds, for jobs of a partition that goes first."""
        for _ in range(2):
            subprocess.run(
                [
                    "sbatch",
                    "--partition=high",
                    "--exclusive",
                    f"--output={self._folder}/high.txt",
                    f"--wrap=sleep {seconds}",
                ],
                check=True,
                capture_output=True,
            )

    def stop(self) -> None:
        """End the daemons."""
        for daemon in reversed(self._daemons.values()):
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(20)

    def _start(self, *command: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "SLURM_CONF": str(self.configuration), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        with (self._folder / f"{command[0]}.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)

    def _said(self, *command: str) -> str:
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def _until(there: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not there():  # type: ignore[operator]
        assert time.monotonic() < end, "Slurm did not come up"
        time.sleep(0.1)


def _ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for own in sockets:
        own.bind(("127.0.0.1", 0))
    found = [own.getsockname()[1] for own in sockets]
    for own in sockets:
        own.close()
    return found
