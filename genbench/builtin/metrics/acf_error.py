"""Autocorrelation error: whether series are like themselves some time later as real ones are."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


def autocorrelation(x: NDArray[Any]) -> NDArray[np.float64]:
    """Σ_t d_t d_{t+k} / Σ_t d_t², d = x - mean of its row, of lags k = 1 … L - 1, a mean over rows: [N, L] → [L - 1].

    A row that never changes has 0 at all lags.
    """
    d = x.astype(np.float64)
    d = d - d.mean(1, keepdims=True)
    length = x.shape[1]
    power = np.square(d).sum(1)
    products = np.stack([(d[:, : length - k] * d[:, k:]).sum(1) for k in range(1, length)])  # [L - 1, N]
    found: NDArray[np.float64] = np.divide(products, power, out=np.zeros_like(products), where=power > 0).mean(1)
    return found


class AutocorrelationError(Metric):
    """The root mean square, over lags 1 to L - 1, of the difference of two mean autocorrelations: samples, test rows.

    Each row has its own mean and variance taken out, and counts as much as any other; a series in time is short here,
    and its far lags rest on few products, in samples as in test rows. Moments of second order are all that it sees: a
    Gaussian of the right covariance is nearly right. It says nothing of the hour at which things happen.
    Detail: `held`, what the rows of the split held have: the floor of so many.
    """

    name = "acf-error"
    title = "ACF error"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Wiese et al. 2020, Quant GANs, sec. 6.1, https://arxiv.org/abs/1907.06673"
    version = "1"
    sequences = True
    shown: ClassVar[Mapping[str, str]] = {"held": "held"}

    def score(self, evidence: Evidence) -> Score:
        """The error, in [0, 2].

        Raises:
            Unavailable: the samples are no series of real numbers, or no dataset is known.
        """
        space, rows = evidence.space, evidence.rows
        if len(space.shape) != 1 or space.levels is not None or space.shape[0] < 2:
            raise Unavailable(f"needs series of 2 or more real numbers, got {space}")
        if rows is None:
            raise Unavailable("needs a dataset, whose series samples are held against")
        drawn, test, held = (autocorrelation(x) for x in (evidence.samples, rows("test"), rows("held")))
        error, floor = (float(np.sqrt(np.square(own - test).mean())) for own in (drawn, held))
        return Score(error, details={"held": floor})
