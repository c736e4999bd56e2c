"""SSIM: whether a draw has the truth's local means, contrasts and structure."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from genbench.builtin.metrics.restorations import READS, restorations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction

SIDE, SIGMA = 11, 1.5  # of the Gaussian window, in pixels
K1, K2 = 0.01, 0.03


def ssim(x: NDArray[np.float64], y: NDArray[np.float64], peak: int) -> NDArray[np.float64]:
    """The mean structural similarity of pairs of images, over all windows that lie within them and all channels.

    Args:
        x, y: [N, C, H, W] in [0, peak], at least 11 pixels a side.
    Returns:
        [N], at most 1, which equal images have.
    Source: Wang et al. 2004, eq. 13, https://doi.org/10.1109/TIP.2003.819861
    """
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    mean_x, mean_y = _windowed(x), _windowed(y)
    var_x, var_y = _windowed(x * x) - mean_x**2, _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    similarity: NDArray[np.float64] = luminance * (2 * covariance + c2) / (var_x + var_y + c2)
    found: NDArray[np.float64] = similarity.mean((1, 2, 3))
    return found


def _windowed(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted means over each window, [N, C, H - 10, W - 10]: the window is a product of two."""
    place = np.arange(SIDE) - SIDE // 2
    weights = np.exp(-(place**2) / (2 * SIGMA**2))
    weights /= weights.sum()
    rows = sliding_window_view(x, SIDE, axis=2) @ weights
    found: NDArray[np.float64] = sliding_window_view(rows, SIDE, axis=3) @ weights
    return found


class StructuralSimilarity(Metric):
    """Mean SSIM of the draws, with the window of 11 pixels a side that its numbers are known for. Shown, never an axis.

    Like PSNR it prefers what is smooth to a draw from the true law.
    """

    name = "ssim"
    title = "SSIM of a draw"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = ""
    source = "Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861"
    version = "1"
    misled_by = "what is smooth, which is no sample"
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """At most 1.

        Raises:
            Unavailable: the task asks for no restorations, or not of images with levels and 11 pixels a side.
        """
        found, space = restorations(evidence), evidence.space
        if not space.is_image or min(space.shape[1:]) < SIDE or space.levels is None or space.levels < 2:
            raise Unavailable(f"needs images with 2 or more levels and {SIDE} pixels a side, its window")
        values = [ssim(found.draws[:, i], found.x, space.levels - 1).mean() for i in range(found.draws.shape[1])]
        return Score(float(np.mean(values)))
