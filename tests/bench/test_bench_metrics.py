"""How fast the feature scores are, beside the packages that people use, on 10,000 vectors of dimension 2048.

Run with `pytest tests/bench -s`. Both sides get the same float32 features and the same threads, turn by turn, so that
what else the machine does falls on both; the median of the rounds' ratios counts.
"""

import contextlib
import io
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from genbench.metric import Evidence
from genbench.metrics.builtin import METRICS
from genbench.metrics.comparison import Comparison
from genbench.space import Space

N, D, ROUNDS = 10_000, 2048, 3
FEATURES = [metric for metric in METRICS if metric.uses_features]


@pytest.fixture(scope="module")
def features():
    """Sparse and positive, with a decaying spectrum, as pooled activations are."""
    rng = np.random.default_rng(0)
    spectrum = np.linspace(1, 0.05, D, dtype=np.float32) ** 2
    mixing = rng.standard_normal((D, D), dtype=np.float32) * spectrum[:, None] / np.float32(D**0.5)
    real, generated = rng.standard_normal((2, N, D), dtype=np.float32) @ mixing
    return np.maximum(real, 0), np.maximum(generated * np.float32(1.05), 0)


def ours(names, real, generated):
    evidence = Evidence(Space((D,), levels=None), generated, features=Comparison(real, generated))
    return {metric.name: metric().score(evidence).value for metric in FEATURES if metric.name in names}


def torch_fidelity(real, generated):
    real, generated = torch.from_numpy(real), torch.from_numpy(generated)
    moments = [fid_features_to_statistics(x) for x in (generated, real)]
    found = fid_statistics_to_metric(*moments, verbose=False)
    found |= kid_features_to_metric(generated, real, verbose=False)
    return found | prc_features_to_metric(generated, real, verbose=False)


def prdc(real, generated):
    with contextlib.redirect_stdout(io.StringIO()):
        return compute_prdc(real, generated, 5)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_scores_take_at_most_a_third_of_the_time(features):
    four, every = {"fd", "kid", "precision", "recall"}, {metric.name for metric in FEATURES}
    runs = {
        "fd, kid, precision, recall": lambda: ours(four, *features),
        "all feature scores": lambda: ours(every, *features),
        "torch-fidelity": lambda: torch_fidelity(*features),
        "prdc": lambda: prdc(*features),
    }
    table = np.array([[seconds(run) for run in runs.values()] for _ in range(ROUNDS)])
    print(f"\nN = {N}, d = {D}, {torch.get_num_threads()} threads, seconds of {ROUNDS} rounds")
    for name, column in zip(runs, table.T, strict=True):
        print(f"  {name:27s} {' '.join(f'{value:7.2f}' for value in column)}")
    same = float(np.median(table[:, 2] / table[:, 0]))
    both = float(np.median((table[:, 2] + table[:, 3]) / table[:, 1]))
    print(f"  torch-fidelity / four scores {same:.1f}, torch-fidelity and prdc / all scores {both:.1f}")
    assert min(same, both) >= 3
