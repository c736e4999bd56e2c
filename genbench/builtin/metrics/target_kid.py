"""KID to the target domain: whether answers look like the domain where they were to go, and not like some domain."""

import math

import numpy as np

from genbench.builtin.metrics.kid import jackknife_error, row_sums, squared_discrepancy
from genbench.builtin.metrics.translations import translations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.records.kinds import Axis, Direction
from genbench.records.score import LARGEST


class TargetKid(Metric):
    """KID of the answers that were to go to a domain against the test rows of that domain, the mean over both.

    Over all answers together KID would be perfect for who answers with the questions: they come from both domains,
    and so do test rows. Details: `standard_error`; `to_0` and `to_1`, of each domain.
    """

    name = "target-kid"
    title = "KID to the target"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401"
    version = "1"
    uses_features = True
    reads = frozenset({"domain", "pair", "test_domain"})

    def score(self, evidence: Evidence) -> Score:
        """The mean, below 0 by chance, never clipped.

        Raises:
            Unavailable: the task asks for no translations, or a domain has fewer than 7 samples.
        """
        comparison, found, key = evidence.comparison, translations(evidence), evidence.key or {}
        values, errors = [], []
        for domain in np.unique(found.domain):
            real = comparison.real[key["test_domain"] == domain]
            sums = row_sums(Comparison(real, comparison.generated[found.domain == domain]))
            values.append(squared_discrepancy(sums))
            errors.append(jackknife_error(sums))
        value, error = sum(values) / len(values), math.hypot(*errors) / len(errors)
        if not max(*map(abs, values), error) < LARGEST:  # NaN fails as well
            raise Unavailable(f"the features are so large that their kernel overflows {LARGEST:g}; scale both sides")
        details = {f"to_{i}": each for i, each in enumerate(values)} | {"standard_error": error}
        return Score(value, value - 1.96 * error, value + 1.96 * error, details)
