"""How fast the feature scores are, and in how much memory, beside the packages that people use.

Run with `pytest tests/bench -s`, or `tox -e bench`. Both sides get the same float32 features and two threads, turn by
turn, so that what else the machine does falls on both; the median of the rounds' ratios counts. Times are printed and
not judged; that both sides find the same values, and the memory, are.
"""

import contextlib
import io
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from threadpoolctl import threadpool_limits
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from genbench.builtin.metrics import METRICS
from genbench.contracts.evidence import Evidence
from genbench.geometry.comparison import Comparison
from genbench.records.space import Space

N, D, ROUNDS, THREADS = 10_000, 2048, 3, 2
FOUR = {"fd", "kid", "precision", "recall"}
CORE = FOUR | {"density", "coverage", "clipped-density", "clipped-coverage"}
LARGE = 50_000  # vectors, whose scores may take
MEMORY = 2e9  # bytes, the features of both sets included

MEMORY_SCRIPT = f"""
import numpy as np
from genbench.builtin.metrics import METRICS
from genbench.contracts.evidence import Evidence
from genbench.geometry.comparison import Comparison
from genbench.records.space import Space

def drawn(seed):
    rng, x = np.random.default_rng(seed), np.empty(({LARGE}, {D}), np.float32)
    for rows in np.array_split(x, 50):
        rng.standard_normal(out=rows, dtype=np.float32)
    return x

compared = Comparison(drawn(0), drawn(1))
evidence = Evidence(Space(({D},), levels=None), compared.generated, features=compared)
for metric in METRICS:
    if metric.name in {sorted(CORE)}:
        metric().score(evidence)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.fixture(scope="module")
def features():
    """Sparse and positive, with a decaying spectrum, as pooled activations are: real, generated and training ones."""
    rng = np.random.default_rng(0)
    spectrum = np.linspace(1, 0.05, D, dtype=np.float32) ** 2
    mixing = rng.standard_normal((D, D), dtype=np.float32) * spectrum[:, None] / np.float32(D**0.5)
    real, generated, train = (rng.standard_normal((N, D), dtype=np.float32) @ mixing for _ in range(3))
    return np.maximum(real, 0), np.maximum(generated * np.float32(1.05), 0), np.maximum(train, 0)


@pytest.fixture(scope="module", autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    with threadpool_limits(THREADS):
        yield
    torch.set_num_threads(before)


def ours(names, compared: Comparison):
    evidence = Evidence(Space((D,), levels=None), compared.generated, features=compared)
    found = {metric.name: metric().score(evidence) for metric in METRICS if metric.name in names}
    return {name: score.value for name, score in found.items()} | {"legacy": found["kid"].details["legacy"]}


def core(real, generated, train):
    """Every feature score of the core, and the distances to the training data that the copy rate takes."""
    compared = Comparison(real, generated, train)
    return ours(CORE, compared), compared.train_of_generated, compared.train_of_real


def torch_fidelity(real, generated):
    real, generated = torch.from_numpy(real), torch.from_numpy(generated)
    moments = [fid_features_to_statistics(x) for x in (generated, real)]
    found = fid_statistics_to_metric(*moments, verbose=False)
    found |= kid_features_to_metric(generated, real, verbose=False)
    return found | prc_features_to_metric(generated, real, verbose=False)


def prdc(real, generated):
    with contextlib.redirect_stdout(io.StringIO()):
        return compute_prdc(real, generated, 5)


def seconds(work: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def test_scores_agree_with_other_packages_and_this_is_how_long_each_takes(features):
    real, generated, train = features
    runs = {
        "fd, kid, precision, recall": lambda: ours(FOUR, Comparison(real, generated)),
        "core scores, copies of train": lambda: core(real, generated, train),
        "torch-fidelity": lambda: torch_fidelity(real, generated),
        "prdc": lambda: prdc(real, generated),
    }
    rounds = [[seconds(run) for run in runs.values()] for _ in range(ROUNDS)]
    table = np.array([[took for took, _ in row] for row in rounds])
    print(f"\nN = {N}, d = {D}, {THREADS} threads, seconds of {ROUNDS} rounds")
    for name, column in zip(runs, table.T, strict=True):
        print(f"  {name:29s} {' '.join(f'{value:7.2f}' for value in column)}")
    four, every = (float(np.median(table[:, 2] / table[:, column])) for column in (0, 1))
    print(f"  torch-fidelity / four scores {four:.2f}, torch-fidelity / core scores {every:.2f}")
    found, (mine, *_), theirs, neighbours = (result for _, result in rounds[-1])
    assert {name: mine[name] for name in found} == found
    assert mine["fd"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-6)
    assert mine["legacy"] == pytest.approx(theirs["kernel_inception_distance_mean"], abs=1e-6)
    # theirs take distances in float32, which moves some of 10,000 vectors over a surface
    for name, value in (("precision", theirs["precision"]), ("recall", theirs["recall"])):
        assert mine[name] == pytest.approx(value, abs=2e-3)
    for name in ("density", "coverage"):
        assert mine[name] == pytest.approx(neighbours[name], abs=2e-3)


def test_scores_of_large_sets_stay_in_their_memory():
    took, done = seconds(
        lambda: subprocess.run([sys.executable, "-c", MEMORY_SCRIPT], check=True, capture_output=True, text=True)
    )
    peak = int(done.stdout) * 1024
    print(f"\nN = {LARGE}, d = {D}: peak {peak / 1e9:.2f} GB, of which {2 * LARGE * D * 4 / 1e9:.2f} GB are features")
    print(f"  {took:.0f} seconds, features drawn and all scores of the core")
    assert peak < MEMORY
