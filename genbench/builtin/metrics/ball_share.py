"""Ball share: what the scores of balls have in common."""

from collections.abc import Mapping
from typing import ClassVar

from genbench.builtin.metrics.repeats import SHOWN
from genbench.contracts.metric import Metric
from genbench.records.kinds import Direction, Scale


class BallShare(Metric):
    """A share in [0, 1] of one set of features that lies near the other set; the more the better.

    It ranks nobody whose FD does not beat the floor's: far from all data a share of balls means little.
    """

    direction = Direction.HIGHER
    unit = ""
    version = "1"
    scale = Scale.SHARE
    uses_features = True
    guard = "fd"
    shown: ClassVar[Mapping[str, str]] = SHOWN
