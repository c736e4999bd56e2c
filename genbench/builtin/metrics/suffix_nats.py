"""Nats of the true suffix: how well an answer's law foresees what really follows."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.metrics.restorations import READS
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.files.sequences import token_counts
from genbench.records.kinds import Axis, Direction


class SuffixNats(Metric):
    """-ln p(what is hidden | what is told), the mean over test rows: proper, as the energy score is, and exact.

    The law is the model's own, where a solver makes the answers of it (`ancestral` draws by it as it is): what it says
    of each entry before it is told it, when the harness verifies a likelihood. The rows are those of that verification,
    20 to 200 of the test split whatever the questions are; those that have ended within what is told are left out.
    Nothing says that the answers are drawn by the same law, and answers for many rows at once may use what was told of
    the others. The interval is that of a mean. Details: `rows`; of sequences `bits-per-token`, of the hidden tokens,
    the end counted.
    """

    name = "suffix-nats"
    title = "Suffix nats"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = "nats"
    source = "Good 1952, Rational decisions, https://doi.org/10.1111/j.2517-6161.1952.tb00104.x"
    version = "1"
    reads = READS
    shown: ClassVar[Mapping[str, str]] = {"bits/token": "bits-per-token", "rows": "rows"}

    def score(self, evidence: Evidence) -> Score:
        """The mean over the rows that are not over yet, in nats.

        Raises:
            Unavailable: no law was asked for entry by entry, what is hidden does not come last, no row is left, or one
                has no probability.
        """
        told, found, end = _told(evidence), evidence.entry_nats, evidence.space.end
        if found is None:
            raise Unavailable(
                "needs answers that a solver makes of the law of each entry, and a model whose likelihood was verified "
                "entry by entry in the same run"
            )
        open_rows = np.ones(len(found.rows), bool) if end is None else ~(found.rows[:, :told] == end).any(1)
        nats = -found.nats[open_rows, told:].sum(1)
        if not len(nats):
            raise Unavailable("every row that the model was asked of has ended within what is told")
        if not np.isfinite(nats).all():
            raise Unavailable(f"{np.count_nonzero(~np.isfinite(nats))} of {len(nats)} test rows have no probability")
        value, details = float(nats.mean()), {"rows": float(len(nats))}
        if evidence.space.has_tokens:
            tokens = token_counts(found.rows[open_rows, told:], end)
            details["bits-per-token"] = float(nats.sum() / tokens.sum()) / math.log(2)
        if len(nats) < 2:
            return Score(value, details=details)
        margin = 1.96 * float(nats.std(ddof=1)) / math.sqrt(len(nats))
        return Score(value, value - margin, value + margin, details)


def _told(evidence: Evidence) -> int:
    """How many entries are told, of each question the first ones.

    Raises:
        Unavailable: others are.
    """
    key = evidence.key or {}
    if not key.keys() >= READS:
        raise Unavailable("needs restorations of samples that the key holds")
    hidden: NDArray[Any] = key["hidden"].reshape(len(key["hidden"]), -1)
    told = int(np.count_nonzero(hidden[0] == 0))
    if not ((hidden[:, :told] == 0).all() and (hidden[:, told:] == 1).all()) or told == hidden.shape[1]:
        raise Unavailable("needs questions that tell the first entries and hide all others")
    return told
