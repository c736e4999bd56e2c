"""A soak: random faults and random kills over one store, and nothing finished is lost, wrong or left running.

`GENBENCH_SOAK_SECONDS` bounds its time (600 if it is not set); it ends earlier at 200 faults and 50 kills.
`GENBENCH_SOAK_SEED` chooses what happens; the figures are printed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tiny

from genbench.records.files import read

FAULTS, KILLS = 200, 50
SECONDS = float(os.environ.get("GENBENCH_SOAK_SECONDS", "600"))
SEED = int(os.environ.get("GENBENCH_SOAK_SEED", "0"))
BATCH = 8  # faulty plugins in one run
MARK = f"GENBENCH_SOAK_MARK={os.getpid()}"
SLEEPER = "86399.75"  # a number of seconds that nobody else sleeps: it marks what faults leave running
PLUGIN = '''
import ctypes, mmap, os, signal, subprocess, sys, time

import torch

import genbench


class Model(genbench.Model):
    """Independent uniform pixels, and perhaps a fault."""

    name, family, source = {name!r}, genbench.Family.BASELINE, "made for the soak"

    def __init__(self, space):
        super().__init__()
        self.space = space
        self.register_buffer("seen", torch.zeros(()))
        {constructor}

    def fit(self, data):
        for x, _ in data.batches(50):
            self.seen += x.float().mean()
        {fit}

    def sample(self, n, *, labels=None):
        {sample}
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models():
    return [Model]
'''
CODES = {
    "raises": "raise RuntimeError('boom')",
    "exits": "sys.exit(0)",
    "vanishes": "os._exit(0)",
    "segfaults": "ctypes.string_at(0)",
    "aborts": "os.abort()",
    "kills itself": "os.kill(os.getpid(), 9)",
    "hangs": "time.sleep(600)",
    "holds the GIL": "ctypes.PyDLL(None).sleep(600)",
    "ignores SIGTERM": "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    "takes memory": "held = [bytearray(b'x' * 2**26) for _ in range(100)]; time.sleep(600)",
    "fills the disk": "open('huge', 'wb').write(b'x' * 2**26)",
    "floods its output": "[sys.stdout.write('x' * 2**20) for _ in range(64)]",
    "leaves a child": f"subprocess.Popen(['sleep', '{SLEEPER}'])",
    "leaves a daemon": f"subprocess.Popen(['sleep', '{SLEEPER}'], start_new_session=True)",
    "forges facts": "open('facts.json', 'w').write('{}'); os._exit(0)",
    "wrong dtype": "return torch.zeros(1)",
}
PLACES = ("constructor", "fit", "sample")


@dataclass
class Soak:
    """The store, what has happened to it, and what must hold afterwards."""

    folder: Path
    rng: random.Random
    names: list[str] = field(default_factory=list)
    honest: list[str] = field(default_factory=list)
    finished: dict[str, str] = field(default_factory=dict)  # honest model → its numbers when it was first finished
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, place: str = "", code: str = "pass") -> None:
        """Write one more plugin."""
        places = dict.fromkeys(PLACES, "pass") | ({place: code} if place else {})
        (self.folder / f"{name}.py").write_text(PLUGIN.format(name=name, **places))
        self.names.append(name)

    def started(self, names: list[str], out: str = "store") -> subprocess.Popen[str]:
        """A run of these plugins in a process of its own."""
        chosen = [word for name in names for word in ("--plugin", f"{name}.py", "-m", name)]
        command = [sys.executable, "-m", "genbench", "run", *chosen, "--suite", "tiny.toml", "--out", out]
        limits = ["--limit", "fit=2", "--limit", "sample=2", "--limit", "memory_gib=1.5", "--limit", "disk_gib=0.03"]
        with (self.folder / "log.txt").open("a") as log:
            environment = os.environ | dict([MARK.split("=")])
            return subprocess.Popen(
                [*command, *limits], cwd=self.folder, stdout=log, stderr=log, text=True, env=environment
            )

    def numbers(self, out: str = "store") -> dict[str, str]:
        """What honest models' records say, clock columns apart."""
        found = {}
        for name in self.honest:
            path = self.folder / out / "runs/tiny" / f"{name}.default.0" / "record.json"
            if path.exists():
                (candidate,) = read(path).candidates
                found[name] = tiny.without_clocks(candidate)
        return found

    def look(self) -> None:
        """Nothing finished is lost or changed, and nothing runs any more."""
        found = self.numbers()
        for name, numbers in self.finished.items():
            assert found[name] == numbers
        self.finished = found
        until = time.monotonic() + 10
        while survivors() and time.monotonic() < until:
            time.sleep(0.05)
        assert survivors() == []


def survivors() -> list[str]:
    """What runs had left: fork servers and stages, known by their environment, and what faults have started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            marked = MARK.encode() in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marked or SLEEPER.encode() in words:
            found.append(f"{folder.name} {b' '.join(words).decode(errors='replace')}")
    return found


def test_random_faults_and_kills_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    tiny.write_suite(tmp_path)
    for out in ("store", "undisturbed"):
        tiny.keep_secret(tmp_path / out / "runs/tiny")
    soak, until = Soak(tmp_path, random.Random(SEED)), time.monotonic() + SECONDS
    while time.monotonic() < until and (soak.counts["faults"] < FAULTS or soak.counts["kills"] < KILLS):
        kill = soak.counts["kills"] < KILLS and (soak.rng.random() < 0.6 or soak.counts["faults"] >= FAULTS)
        _round(soak, kill)
        soak.look()
    assert soak.started(soak.honest).wait(timeout=600) == 0
    soak.look()
    assert soak.started(soak.honest, "undisturbed").wait(timeout=600) == 0
    assert soak.finished == soak.numbers("undisturbed")
    assert len(soak.finished) == len(soak.honest) > 0
    with capsys.disabled():
        print(f"\nsoak, seed {SEED}: {dict(soak.counts)}, {len(soak.honest)} honest models; all as without disturbance")


def _round(soak: Soak, kill: bool) -> None:
    honest = f"honest{soak.counts['rounds']}"
    soak.counts["rounds"] += 1
    soak.honest.append(honest)
    soak.add(honest)
    first, count = soak.counts["faults"], 1 if kill else min(BATCH, FAULTS - soak.counts["faults"])
    faulty = [f"faulty{index}" for index in range(first, first + count)]
    for name in faulty:
        fault = soak.rng.choice(list(CODES))
        soak.add(name, soak.rng.choice(PLACES), CODES[fault])
        soak.counts["faults"] += 1
    run = soak.started([honest, *faulty])
    if not kill:
        assert run.wait(timeout=600) in (0, 1)
        assert honest in soak.numbers()
        return
    soak.counts["kills"] += 1
    try:
        run.wait(timeout=soak.rng.uniform(0, 10))
    except subprocess.TimeoutExpired:
        soak.counts["killed at work"] += 1
    run.send_signal(signal.SIGKILL)
    run.wait(timeout=60)
