"""How fast `genbench score` is beside torch-fidelity, as their users meet them: whole processes, their start included.

Run with `pytest tests/bench -s`, or `tox -e bench`. Both sides get the same files and two threads, turn by turn, so
that what else the machine does falls on both; the median of ratios counts. Times are printed and not judged.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

N, D, ROUNDS = 10_000, 2048, 3
FEW, MANY, SIDE = 8, 72, 32  # images of two commands, whose difference is what an image takes
TWO = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}

THEIRS_ON_FEATURES = """
import sys
import numpy as np, torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

generated, real = (torch.from_numpy(np.load(path)) for path in sys.argv[1:])
fid_statistics_to_metric(*(fid_features_to_statistics(x) for x in (generated, real)), verbose=False)
kid_features_to_metric(generated, real, verbose=False)
prc_features_to_metric(generated, real, verbose=False)
"""


def seconds(*words: str) -> float:
    """Of a whole Python process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env=os.environ | TWO)
    return time.perf_counter() - start


def shown(title: str, names: Sequence[str], table: np.ndarray) -> None:
    """The rounds of each side, and the median of the last one's ratio to each of the others."""
    print(f"\n{title}, seconds of {len(table)} rounds, 2 threads")
    for name, column in zip(names, table.T, strict=True):
        print(f"  {name:40s} {' '.join(f'{value:7.1f}' for value in column)}")
    ratios = np.median(table[:, -1:] / table[:, :-1], axis=0)
    for name, ratio in zip(names, ratios, strict=False):
        print(f"  {names[-1]} / {name} {ratio:.2f}")


def features(seed: int) -> np.ndarray:
    """Sparse and positive, with a decaying spectrum, as pooled activations are, [N, D]."""
    rng = np.random.default_rng(seed)
    spectrum = np.linspace(1, 0.05, D, dtype=np.float32) ** 2
    mixing = np.random.default_rng(0).standard_normal((D, D), dtype=np.float32) * spectrum[:, None] / np.float32(D**0.5)
    return np.maximum(rng.standard_normal((N, D), dtype=np.float32) @ mixing, 0)


def test_features_are_scored_beside_torch_fidelity(tmp_path: Path):
    paths = [str(tmp_path / f"{name}.npy") for name in ("generated", "real")]
    for seed, path in enumerate(paths, 1):
        np.save(path, features(seed))
    ours = ["-m", "genbench", "score", "--features", paths[0], "--reference", paths[1], "--device", "cpu"]
    commands = {
        "genbench score, as it is called": ours,
        "genbench score --scores fd,kid,precision,recall": [*ours, "--scores", "fd,kid,precision,recall"],
        "torch-fidelity's FID, KID, P, R": ["-c", THEIRS_ON_FEATURES, *paths],
    }
    table = np.array([[seconds(*words) for words in commands.values()] for _ in range(ROUNDS)])
    shown(f"N = {N}, d = {D}", list(commands), table)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of Inception weights, drawn at random."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    class Untrained(FeatureExtractorInceptionV3):
        def load_state_dict(self, state: object) -> None:
            """There is no state yet."""

    torch.save({}, tmp_path / "empty.pth")
    network = Untrained("untrained", ["2048"], str(tmp_path / "empty.pth"))
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


def folder(path: Path, count: int) -> str:
    """A folder of so many colour images."""
    path.mkdir()
    for index, image in enumerate(np.random.default_rng(0).integers(256, size=(count, SIDE, SIDE, 3), dtype=np.uint8)):
        Image.fromarray(image).save(path / f"{index}.png")
    return str(path)


def test_images_pass_inception_beside_torch_fidelity(tmp_path: Path, weights: Path):
    real, few, many = (folder(tmp_path / name, n) for name, n in (("real", FEW), ("few", FEW), ("many", MANY)))
    how = ["--extractor", "inception-v3-compat", "--extractor-weights", str(weights), "--device", "cpu"]

    def ours(of: str) -> list[str]:
        return ["-m", "genbench", "score", of, "--reference", real, *how, "--scores", "kid"]

    def theirs(of: str) -> list[str]:
        kid = ["--kid", "--kid-subset-size", str(FEW), "--kid-subsets", "1", "--feature-extractor-weights-path"]
        words = ["--cpu", "--silent", "--no-cache", "--save-cpu-ram", "--input1", of, "--input2", real]
        return ["-m", "torch_fidelity.fidelity", *kid, str(weights), *words]

    rounds = [[[seconds(*side(of)) for of in (few, many)] for side in (ours, theirs)] for _ in range(ROUNDS)]
    taken = np.array(rounds)[:, :, 1] - np.array(rounds)[:, :, 0]
    shown(f"{MANY - FEW} more images of {SIDE}×{SIDE}", ["genbench score", "torch-fidelity"], taken)
    print(f"  images a second {(MANY - FEW) / np.median(taken, axis=0)}")
