"""The peak memory of a run is above what the process uses when it is idle, whatever it freed before and kept."""

from pathlib import Path

import tiny

from genbench.execution.supervisor import Supervisor

MIB = 2**20
HEAVY = '''
import genbench
import torch


class Heavy(genbench.Model):
    """Needs 24 MiB for each batch, in one piece, and frees them."""

    name, family, source = "heavy", genbench.Family.BASELINE, "none"

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        """There is nothing to learn."""

    def sample(self, n, *, labels=None):
        held = torch.ones(6 * 2**20)
        return torch.randint(self.space.levels, (n, *self.space.shape)) * int(held[-1])


@genbench.hookimpl
def genbench_models():
    return [Heavy]
'''


def test_what_the_warm_up_freed_counts_again_once_the_run_needs_it(supervisor: Supervisor, tmp_path: Path):
    (tmp_path / "heavy.py").write_text(HEAVY)
    run = tiny.run(supervisor, tmp_path, [tmp_path / "heavy.py"], ["heavy"], tiny.write_suite(tmp_path))
    assert 20 * MIB < run.candidate("heavy").timing.memory < 60 * MIB
