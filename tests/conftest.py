"""What all tests share: a cache of their own, one thread, one supervisor with its warm fork server, a plain run."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
import torch
from hypothesis import settings
from vectors import draw as draw, evidence as evidence

from genbench.contracts.job import Call
from genbench.execution import supervisor as supervising
from genbench.execution.launcher import Child, Launcher, WarmLauncher, worker_modules
from genbench.execution.supervisor import Supervisor

settings.register_profile("genbench", deadline=None)  # a shared machine is slow at times
settings.load_profile("genbench")

LONGEST = ("scaffold", "workers", "faults", "runs", "cheats", "contracts", "cli")  # rooms whose files take longest
PLAIN = Path(__file__).parent / "contracts/plugins/plain.py"
sys.path.append(str(Path(__file__).parents[1] / "tools"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that processes side by side end at about the same time."""
    rooms = {item: item.path.relative_to(Path(__file__).parent).parts[0] for item in items}
    items.sort(key=lambda item: LONGEST.index(rooms[item]) if rooms[item] in LONGEST else len(LONGEST))


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The cache of this test session, empty at its start; nothing of the user's is read or written."""
    home = tmp_path_factory.mktemp("home")
    (home / "site").mkdir()
    path = os.pathsep.join(filter(None, [str(home / "site"), os.environ.get("PYTHONPATH")]))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "HOME": home,
            "GENBENCH_CACHE": home / "cache",
            "OMP_NUM_THREADS": 1,
            "NO_COLOR": 1,
        }.items():
            patch.setenv(name, str(value))
        patch.setenv("PYTHONPATH", path)
        torch.set_num_threads(1)
        yield home / "cache"


@pytest.fixture(scope="session")
def site(cache: Path) -> Iterator[Path]:
    """A folder on every child's import path and on this process's: a distribution put there is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(cache.parent / "site")
        yield cache.parent / "site"


@pytest.fixture(scope="session")
def warm(cache: Path) -> Iterator[WarmLauncher]:
    """One fork server for all tests: it imports torch, and what stages run, once."""
    launcher = WarmLauncher(worker_modules())
    yield launcher
    launcher.close()


class Lent(Launcher):
    """The fork server of all tests, in the hands of a command that takes it for its own: closing leaves it warm."""

    def __init__(self, owner: Launcher) -> None:
        self._owner = owner

    def prepare(self) -> None:
        self._owner.prepare()

    def start(self, call: Call) -> Child:
        return self._owner.start(call)

    def close(self) -> None:
        """Nothing: the next command has it."""


def surroundings() -> dict[str, str]:
    """What a fork server takes over from its parent when it starts."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture(scope="session", autouse=True)
def lent(warm: WarmLauncher) -> Iterator[None]:
    """Commands that tests call in this process need not start a fork server each, where nothing of theirs differs."""
    usual, started = supervising.launcher, surroundings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervising, "launcher", lambda: Lent(warm) if surroundings() == started else usual())
        yield


@pytest.fixture(scope="session")
def supervisor(warm: WarmLauncher) -> Supervisor:
    """One supervisor for all tests that run jobs in child processes; none of them may stop it."""
    return Supervisor(warm)


@pytest.fixture(scope="session")
def plain(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """The finished run of one faultless model, with scores that compare features."""
    out = tmp_path_factory.mktemp("plain")
    suite = tiny.write_suite(out, quality="clipped-density", coverage="clipped-coverage")
    return tiny.run(supervisor, out, [PLAIN], ["plain"], suite)
