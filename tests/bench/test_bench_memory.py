"""The memory that `genbench score` takes for images that it streams: no slope beyond the features' own.

Run with `pytest tests/bench -s`, or `tox -e bench`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COUNTS = (5_000, 10_000)
SIDE, DIM, DISTINCT = 256, 192, 100
BESIDE = 60  # MB that the features, their clouds and products may grow by at d = 192, and the allocator's own noise
PART = f"""
import genbench
from torch.nn.functional import adaptive_avg_pool2d


class Blocks(genbench.Extractor):
    name, source, version, dim, weights_sha256 = "blocks", "made for the benchmark", "1", {DIM}, ""

    def __init__(self, space, device):
        pass

    def features(self, x):
        return adaptive_avg_pool2d(x.float(), 8).flatten(1) / 255


@genbench.hookimpl
def genbench_extractors():
    return [Blocks]
"""
SCORED = """
import resource, sys
from genbench.cli import main
code = main(["score", sys.argv[1], "--reference", sys.argv[2], "--extractor", "blocks", "--scores", "fd,kid,precision"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def blocks(site: Path) -> Iterator[None]:
    """An extractor of few features, installed, so that what grows is told from what they take."""
    info = site / "blocks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: blocks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.parts]\nblocks = blocks_part\n")
    (site / "blocks_part.py").write_text(PART)
    yield
    (info / "entry_points.txt").unlink()


def drawn(folder: Path, count: int, seed: int) -> Path:
    """So many smooth images of 256×256 in colour; each file stands under many names."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for i in range(count):
        path = folder / f"{i:05}.png"
        if i < DISTINCT:
            blots = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(SIDE // 8, 0).repeat(SIDE // 8, 1)
            Image.fromarray(blots).save(path, compress_level=1)
        else:
            os.link(folder / f"{i % DISTINCT:05}.png", path)
    return folder


@pytest.mark.usefixtures("blocks")
def test_the_peak_of_memory_has_no_slope_beyond_the_features_own(tmp_path):
    peaks = {}
    for count in COUNTS:
        sides = [str(drawn(tmp_path / f"{count}" / name, count, seed)) for seed, name in enumerate(("a", "b"))]
        program = [sys.executable, "-c", SCORED, *sides]
        done = subprocess.run(program, capture_output=True, text=True, check=True)
        peaks[count] = int(done.stderr.split()[-1]) / 1024  # MB
    decoded = {count: count * SIDE * SIDE * 3 / 2**20 for count in COUNTS}
    for count in COUNTS:
        print(f"\n{count:,} images of {SIDE}×{SIDE} on either side ({decoded[count]:,.0f} MB): {peaks[count]:,.0f} MB")
    assert peaks[COUNTS[1]] - peaks[COUNTS[0]] < BESIDE
