"""Transition distance: whether notes of tunes follow each other as in real tunes."""

from collections.abc import Mapping
from typing import ClassVar

from genbench.builtin.notation.histograms import played, rows, total_variation, transitions
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.records.kinds import Axis, Direction, Scale


class TransitionDistance(Metric):
    """½ Σ|pᵢ - qᵢ| over the shares of the 144 pairs of successive pitch classes, of samples and of test tunes.

    As `pitch-tv`, of pairs of a note and the next one; rests between them are passed over. Details: `held`, what the
    tunes of the split held have, the floor of so many; `unread`, the share of samples that are no tunes.
    """

    name = "transition-tv"
    title = "Transition distance"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Yang and Lerch 2020, the histograms, https://doi.org/10.1007/s00521-018-3849-7"
    version = "1"
    scale = Scale.SHARE
    sequences = True
    shown: ClassVar[Mapping[str, str]] = {"held": "held", "unread": "unread"}

    def score(self, evidence: Evidence) -> Score:
        """The distance, in [0, 1].

        Raises:
            Unavailable: the samples are no tunes by their Space, or no dataset is known.
        """
        drawn, test, held = (
            transitions(tunes)
            for tunes in (played(evidence.samples, evidence.space), rows(evidence, "test"), rows(evidence, "held"))
        )
        return Score(
            total_variation(drawn, test), details={"held": total_variation(held, test), "unread": float(drawn[-1])}
        )
