"""Bar validity: whether the bars of tunes are as long as their metre says."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.builtin.notation.abc import Tune
from genbench.builtin.notation.histograms import Played, played
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.records.kinds import Axis, Direction, Scale


def valid_share(tune: Tune | None) -> float:
    """The share of a tune's inner bars that are as long as its metre; 0 where it cannot be read or has none."""
    inner = [bar for bar in tune.bars if bar.inner] if tune else []
    return sum(bar.fits(tune.metre) for bar in inner) / len(inner) if tune and inner else 0.0


class BarValidity(Metric):
    """The share of a tune's inner bars that last as long as its metre says, a mean over tunes; 0 for what is no tune.

    An inner bar stands between two single lines `|`. The others may be short: upbeats, and what goes before a repeat or
    a double line. Real tunes are below 1 by errors of transcription. It says nothing of melody: one note a bar, of the
    right length, is valid. The interval is 1.96 standard errors of the mean over tunes. Details: `read`, the share of
    samples that are tunes at all; `bars`, inner bars of one of these.
    """

    name = "bar-validity"
    title = "Valid bars"
    axis = Axis.QUALITY
    direction = Direction.HIGHER
    unit = ""
    source = "genbench 2026; the metre of the ABC music standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1"
    version = "1"
    scale = Scale.SHARE
    sequences = True
    shown: ClassVar[Mapping[str, str]] = {"read": "read", "bars a tune": "bars"}

    def score(self, evidence: Evidence) -> Score:
        """The share, in [0, 1].

        Raises:
            Unavailable: the samples are no tunes by their Space.
        """
        tunes: Played = played(evidence.samples, evidence.space)
        shares = np.array([valid_share(tune) for tune in tunes])
        known = [sum(bar.inner for bar in tune.bars) for tune in tunes if tune]
        details = {"read": len(known) / len(tunes), "bars": float(np.mean(known or [0]))}
        value = float(shares.mean())
        if len(shares) < 2:
            return Score(value, details=details)
        margin = 1.96 * float(shares.std(ddof=1)) / len(shares) ** 0.5
        return Score(value, max(value - margin, 0), min(value + margin, 1), details)
