"""Who shares a GPU that is timed is counted by what the driver's tool tells, here by one that says what it is told."""

import os
from pathlib import Path

import pytest

from genbench.contracts.job import Call, Outcome, Pace
from genbench.execution.neighbours import noted, on
from genbench.records.status import Status

GPUS = "0, GPU-a\\n1, GPU-b"
TOOL = """#!/bin/sh
echo x >> {asked}
case "$1" in
    --query-gpu=index,uuid) printf '{gpus}\\n' ;;
    *) printf '%b' "$(cat {processes})" ;;
esac
"""
FINE = Outcome(Status.OK, None, 1.0)


class Driver:
    """A driver's tool on PATH, and the processes that it tells of."""

    def __init__(self, folder: Path) -> None:
        self._processes, self._asked = folder / "processes", folder / "asked"
        self.tell()
        tool = folder / "nvidia-smi"
        tool.write_text(TOOL.format(gpus=GPUS, processes=self._processes, asked=self._asked))
        tool.chmod(0o755)

    def tell(self, *processes: tuple[str, int]) -> None:
        self._processes.write_text("".join(f"{uuid}, {pid}\\n" for uuid, pid in processes))

    @property
    def asked(self) -> int:
        return len(self._asked.read_text().split()) if self._asked.exists() else 0


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return Driver(tmp_path)


def timed(device: str) -> Call:
    return Call("sample", "nowhere:nothing", Path(), {}, 60, device=device, pace=Pace("run", 1))


@pytest.mark.parametrize(
    ("visible", "device", "count"),
    [
        ("", "cuda:0", 2),
        ("", "cuda:1", 1),
        ("1,0", "cuda:0", 1),
        ("GPU-a", "cuda:0", 2),
        ("", "cuda", 2),
        ("", "cuda:7", None),
    ],
)
def test_processes_are_counted_on_the_gpu_that_torch_means(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, visible: str, device: str, count: int | None
):
    driver.tell(("GPU-a", 11), ("GPU-b", 12), ("GPU-a", 13))
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert on(device) == count


def test_who_comes_while_something_is_timed_is_counted(driver: Driver):
    def carried_out() -> Outcome:
        driver.tell(("GPU-a", 11))
        return FINE

    assert noted(timed("cuda:0"), carried_out).neighbours == 1
    driver.tell()
    assert noted(timed("cuda:0"), lambda: FINE).neighbours == 0
    assert noted(timed("cuda:1"), carried_out).neighbours == 0


def test_a_cpu_has_no_neighbours_and_nobody_is_asked(driver: Driver):
    assert noted(timed("cpu"), lambda: FINE) == FINE
    assert driver.asked == 0


def test_without_the_tool_or_an_answer_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert on("cuda:0") is None
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert noted(timed("cuda:0"), lambda: FINE).neighbours is None
