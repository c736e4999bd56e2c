"""Statistics as a yardstick: samples are held against a mean and a covariance that somebody published."""

from typing import Any

from numpy.typing import NDArray

from genbench.errors import GenbenchError
from genbench.geometry.cloud import Features
from genbench.geometry.comparison import Comparison
from genbench.geometry.reference import Reference
from genbench.records.space import Space
from genbench.scoring.extraction import embedding, loaded
from genbench.scoring.samples import Side
from genbench.scoring.scores import Compared
from genbench.scoring.tools import Tools
from genbench.scoring.yardstick import DIGITS, Measured, Yardstick
from genbench.store.statistics import Statistics


class OfStatistics(Yardstick):
    """Mean and covariance of feature vectors: the Fréchet distance is all that they give.

    Args:
        statistics: of real data.
        space: of the samples, or of their feature vectors where these were given.
        tools: what features are made with; None: they were given.
    Raises:
        GenbenchError: the file tells of another extractor.
    """

    train = None

    def __init__(self, statistics: Statistics, space: Space, tools: Tools | None) -> None:
        self.space, self._statistics, self._tools = space, statistics, tools
        self.reference = Side(statistics.name, statistics.moments.count or None, statistics.sha256)
        if tools is None:
            self.extractor = None
            self._check(space.dim, "the features")
            return
        cls, files = tools.chosen(statistics.extractor.partition("/")[0], space)
        self._extractor = loaded(cls, space, tools.device, files)
        self.extractor = self._extractor.identity
        if statistics.extractor.partition("+")[0] not in ("", self.extractor):  # a resizing may follow
            raise GenbenchError(
                f"{statistics.name} was made by {statistics.extractor}, and the samples would be seen by "
                f"{self.extractor}; both sides need the same extractor and weights"
            )

    def embed(self, x: NDArray[Any]) -> Features:
        """By the extractor, if there is one.

        Raises:
            GenbenchError: it gives another number of features, which the first sample shows.
        """
        if self._tools is None:
            return x
        self._check(embedding(self._extractor, self._tools.device)(x[:1]).shape[1], f"{self.extractor}")
        return embedding(self._extractor, self._tools.device, self._tools.told)(x)

    def beside(self, generated: Features) -> Compared:
        """Beside the moments."""
        comparison = Comparison(Reference(self._statistics.moments), generated)
        embed = None if self._tools is None else embedding(self._extractor, self._tools.device)
        return Compared(comparison, self.extractor, f"{self.reference.sha256[:DIGITS]}/moments", embed)

    def measured(self, x: NDArray[Any]) -> Measured:
        """Beside the moments, with no verdict on copies."""
        return Measured(self.beside(self.embed(x)), None)

    def _check(self, dim: int, maker: str) -> None:
        held = len(self._statistics.moments.mean)
        if dim != held:
            raise GenbenchError(
                f"{self._statistics.name} holds the moments of {held} features, and {maker} has {dim}; name the "
                "extractor that made them: --extractor NAME"
            )
