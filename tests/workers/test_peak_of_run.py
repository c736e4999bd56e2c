"""The peak memory of a run is above what the process uses when it is idle, whatever it freed before and kept."""

import platform
from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

MIB = 2**20
HEAVY = '''
import genbench
import torch


class Heavy(genbench.Model):
    """Needs 64 MiB for each batch, in pieces of one, and frees them."""

    name, family, source = "heavy", genbench.Family.BASELINE, "none"

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        """There is nothing to learn."""

    def sample(self, n, *, labels=None):
        held = [torch.ones(2**18) for _ in range(64)]
        return torch.randint(self.space.levels, (n, *self.space.shape)) * int(held[-1][-1])


@genbench.hookimpl
def genbench_models():
    return [Heavy]
'''


def test_what_the_warm_up_freed_counts_again_once_the_run_needs_it(supervisor: Supervisor, tmp_path: Path):
    (tmp_path / "heavy.py").write_text(HEAVY)
    run = tiny.run(supervisor, tmp_path, [tmp_path / "heavy.py"], ["heavy"], tiny.write_suite(tmp_path))
    assert 60 * MIB < run.candidate("heavy").timing.memory < 80 * MIB


KEEPS = '''
import resource

import genbench
import torch


def layer():
    return torch.ones(7 * 2**20).add(1).add(1).mul(torch.ones(7 * 2**20)).sum()  # 28 MiB, three or four times


class Keeps(genbench.Model):
    """Counts the pages that the kernel hands out for layers after the first ones."""

    name, family, source = "keeps", genbench.Family.BASELINE, "none"

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        for _ in range(5):
            layer()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            layer()
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        assert faults < 10 * 7168 / 5, f"{faults} pages for ten layers of 28,672"

    def sample(self, n, *, labels=None):
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models():
    return [Keeps]
'''


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have no such thresholds")
def test_a_models_own_process_keeps_what_it_frees(supervisor: Supervisor, tmp_path: Path):
    (tmp_path / "keeps.py").write_text(KEEPS)
    run = tiny.run(supervisor, tmp_path, [tmp_path / "keeps.py"], ["keeps"], tiny.write_suite(tmp_path))
    assert (run.candidate("keeps").status, run.candidate("keeps").reason) == (Status.OK, None)
