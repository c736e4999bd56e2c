"""Pitch distance: whether the notes of tunes are those of real tunes, as often."""

from collections.abc import Mapping
from typing import ClassVar

from genbench.builtin.notation.histograms import pitches, played, rows, total_variation
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.records.kinds import Axis, Direction, Scale


class PitchDistance(Metric):
    """½ Σ|pᵢ - qᵢ| over the shares of the 12 pitch classes among all notes, of samples and of test tunes.

    Each note counts once, however long, wherever its octave. What cannot be read as a tune is a thirteenth class, of as
    large a share as there are such samples: nothing is gained by notes that are right in a few of them. Keys are not
    taken out: tunes in other keys have other pitch classes. It says nothing of order. Details: `held`, what the tunes
    of the split held have, the floor of so many; `unread`, the share of samples that are no tunes.
    """

    name = "pitch-tv"
    title = "Pitch distance"
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
            pitches(tunes)
            for tunes in (played(evidence.samples, evidence.space), rows(evidence, "test"), rows(evidence, "held"))
        )
        return Score(
            total_variation(drawn, test), details={"held": total_variation(held, test), "unread": float(drawn[-1])}
        )
