"""Lays down the stream of a density, in a process that no model plugin has touched."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from genbench.execution.channel import Markers
from genbench.protocol.stages.stream import StreamFacts, StreamInputs
from genbench.scoring.audits import stream_files
from genbench.scoring.audits.stream import RealData, chosen, composed
from genbench.seeds import secret_seed
from genbench.store import datasets
from genbench.store.tensors import read_samples


def stream(folder: Path, inputs: StreamInputs, markers: Markers) -> StreamFacts:
    """Compose the stream and write it.

    Raises:
        InvalidEvidence: the samples are not what their stage leaves.
    """
    home = inputs.data.path
    space = datasets.read_space(home)
    real = RealData(space, *(datasets.read(home, split).x for split in ("train", "valid", "test")))
    with markers.timed("stream") as timed:
        samples, _ = read_samples(inputs.samples.path, space, inputs.count)
        rng = np.random.default_rng(secret_seed(timed.secret, "stream"))
        found = composed(real, samples, inputs.likelihood, inputs.rows, inputs.batch, rng)
        by_entry = np.random.default_rng(secret_seed(timed.secret, "verified"))
        found = replace(found, verified=chosen(len(found.tested), inputs.verified, by_entry))
        stream_files.write(found, folder)
        stream_files.write_columns(real.test[found.tested[found.verified]].reshape(-1, space.dim), folder)
    asked = sum(len(half.role) for half in found.halves)
    return StreamFacts(len(found.tested), asked, len(found.verified))
