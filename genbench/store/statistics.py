"""Statistics: mean and covariance of feature vectors in a file, as pytorch-fid, clean-fid and others publish them."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genbench.errors import GenbenchError
from genbench.files import arrays
from genbench.files.atomic import write_bytes
from genbench.geometry.cloud import Reals
from genbench.geometry.moments import Moments

MEAN, COVARIANCE = "mu", "sigma"
COUNT, EXTRACTOR, OF, ROWS = "n", "extractor", "of", "rows_sha256"  # what genbench's own files tell besides
SKEW = 1e-5  # of the largest entry: by how much float32 may make a covariance asymmetric


@dataclass(frozen=True)
class Statistics:
    """What is known of feature vectors that are not there themselves.

    Args:
        moments: their mean and covariance.
        name: where they come from: the file.
        extractor: the identity of what made them; "" where the file does not tell.
        of: what they are of, in words; "" likewise.
    """

    moments: Moments
    name: str
    extractor: str = ""
    of: str = ""

    @property
    def sha256(self) -> str:
        """SHA-256 of mean and covariance in float64."""
        state = hashlib.sha256(self.moments.mean.tobytes())
        state.update(np.ascontiguousarray(self.moments.covariance).data)
        return state.hexdigest()


def are_in(path: Path) -> bool:
    """Whether a file holds statistics: arrays called mu and sigma.

    Raises:
        GenbenchError: it is called like an array file, and is none.
    """
    if not arrays.is_array_file(path) or path.suffix.lower() == ".npy" or path.is_dir():
        return False
    return {MEAN, COVARIANCE} <= set(arrays.names(path))


def read(path: Path) -> Statistics:
    """The statistics in a file.

    Raises:
        GenbenchError: mu and sigma are not a mean and a covariance.
    """
    held = arrays.names(path)
    mean, covariance = (_numbers(path, name) for name in (MEAN, COVARIANCE))
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)) or not len(mean):
        shapes = f"mu {list(mean.shape)} and sigma {list(covariance.shape)}"
        raise GenbenchError(f"{path} holds {shapes}, expected [d] and [d, d]")
    if np.abs(covariance - covariance.T).max() > SKEW * np.abs(covariance).max() or np.diag(covariance).min() < 0:
        raise GenbenchError(f"{path} holds a sigma that is no covariance: not symmetric, or with negative variances")
    count = arrays.read(path, key=COUNT) if COUNT in held else np.array(0)
    n = int(count) if count.ndim == 0 and count.dtype.kind in "iu" else 0
    extractor, of = (str(arrays.read(path, key=key)) if key in held else "" for key in (EXTRACTOR, OF))
    return Statistics(Moments(n, mean, (covariance + covariance.T) / 2), str(path), extractor, of)


def _numbers(path: Path, name: str) -> Reals:
    found = arrays.read(path, key=name)
    if found.dtype.kind != "f" or not np.isfinite(found).all():
        raise GenbenchError(f"{path} holds {name} of {found.dtype}, expected finite floats")
    return found.astype(np.float64)


def write(path: Path, statistics: Statistics, rows_sha256: str) -> None:
    """Write statistics as a .npz file that pytorch-fid and others read too: mu and sigma, and what they are of.

    Args:
        path: of the file, which is whole or as it was.
        rows_sha256: of what the features were made of.
    Raises:
        GenbenchError: the file cannot be written.
    """
    moments = statistics.moments
    held: dict[str, Any] = {MEAN: moments.mean, COVARIANCE: moments.covariance, COUNT: np.array(moments.count)}
    words = {EXTRACTOR: statistics.extractor, OF: statistics.of, ROWS: rows_sha256}
    held |= {name: np.array(text) for name, text in words.items()}
    out = io.BytesIO()
    np.savez(out, **held)
    try:
        write_bytes(path, out.getvalue())
    except OSError as error:
        raise GenbenchError(f"{path} cannot be written ({error.strerror}); name another file by -o") from error
