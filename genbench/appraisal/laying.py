"""Laying: samples as a run's scorer reads those of its own candidates."""

from pathlib import Path

import numpy as np

from genbench.scoring.samples import Samples

FILE = "samples.safetensors"


def lay(samples: Samples, folder: Path) -> Path:
    """Write them into a folder as float32 or integers [N, *shape] of their Space, without labels; the file."""
    import torch

    from genbench.store.tensors import write_tensors

    path = folder / FILE
    write_tensors(path, {"x": torch.from_numpy(np.ascontiguousarray(samples.x))})
    return path
