"""Dishonest plugins that reach for what is not theirs: each raises Reached where it gets there."""

import json
import os
import socket
import stat
from abc import abstractmethod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import genbench


class Reached(Exception):
    """The boundary did not hold."""


class Trespass(genbench.Model):
    """Uniform pixels, and a step over the boundary while it is fitted or made."""

    family = genbench.Family.BASELINE
    source = "made for the tests: dishonest"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        told = json.loads(Path("call.json").read_text()) if Path("call.json").exists() else {}
        self.stage, self.folder = told.get("stage", ""), Path(told.get("folder", "."))
        if self.stage in ("fit", "sample"):
            try:
                found = self.reach()
            except OSError:
                return
            if found:
                raise Reached(found)

    @property
    def root(self) -> Path:
        """The run's folder."""
        return next((path for path in self.folder.parents if path.parent.name == "runs"), self.folder.parent)

    @abstractmethod
    def reach(self) -> Any:
        """What it got hold of; nothing where the boundary holds."""

    def fit(self, data: genbench.TrainingData) -> None:
        """There is nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return torch.randint(self.space.levels, (n, *self.space.shape))


class ReadsTheSecret(Trespass):
    """Opens the run's secret, from which all scored draws could be foreseen: cheats on speed."""

    name = "reads-the-secret"

    def reach(self) -> Any:
        return (self.root / ".secret").read_text()


class ReadsTheParent(Trespass):
    """Looks into the memory of the process that started it: cheats on whatever is kept there."""

    name = "reads-the-parent"

    def reach(self) -> Any:
        with open(f"/proc/{os.getppid()}/mem", "rb") as memory:
            return memory.fileno()


class TracesTheParent(Trespass):
    """Attaches to the process that started it as a debugger does: cheats on whatever is kept there."""

    name = "traces-the-parent"

    def reach(self) -> Any:
        import ctypes

        libc, attach, detach = ctypes.CDLL(None, use_errno=True), 16, 17
        reached = libc.ptrace(attach, os.getppid(), None, None) == 0
        if reached:
            libc.ptrace(detach, os.getppid(), None, None)
        return reached


class ReadsTheTest(Trespass):
    """Opens the test split in the folder that its own splits come from: cheats on quality and coverage."""

    name = "reads-the-test"

    def reach(self) -> Any:
        inputs = json.loads(Path("call.json").read_text())["inputs"]
        return len((Path(inputs["data"]["home"]) / "test.x.npy").read_bytes())


class ReadsOthers(Trespass):
    """Looks for what other candidates drew: cheats with another model's samples."""

    name = "reads-others"

    def reach(self) -> Any:
        return os.listdir(self.root)


class WritesTheStore(Trespass):
    """Puts a record beside its own folder: cheats on all axes."""

    name = "writes-the-store"

    def reach(self) -> Any:
        place = self.folder.parent / "record.json"
        return place.write_text("{}")


class RenamesItsFolder(Trespass):
    """Puts a folder of its own in the place of its stage's: cheats on evidence."""

    name = "renames-its-folder"

    def reach(self) -> Any:
        os.rename(self.folder, self.folder.with_name("moved"))
        return "moved"


class SpeaksForOthers(Trespass):
    """Writes into every socket that it inherited but its own: cheats with the markers of another stage."""

    name = "speaks-for-others"

    def reach(self) -> Any:
        found = [d for d in range(3, 256) if _is_socket(d)]
        return found[1:]


class CallsOut(Trespass):
    """Opens a TCP connection to this machine: cheats with whatever serves it."""

    name = "calls-out"

    def reach(self) -> Any:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return server.getsockname()


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    reading = [ReadsTheSecret, ReadsTheParent, TracesTheParent, ReadsTheTest, ReadsOthers]
    return [*reading, WritesTheStore, RenamesItsFolder, SpeaksForOthers, CallsOut]
