"""Target share: how many answers are in the domain where they were to go."""

from genbench.builtin.metrics.class_kept import Z
from genbench.builtin.metrics.translations import READS, translations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.excess import wilson
from genbench.records.kinds import Axis, Direction, Scale


class TargetShare(Metric):
    """The share of answers that a classifier of domains takes for the one that was asked for.

    It is multinomial logistic regression on entries, trained on real rows of both domains. A straight line is easily
    crossed: this says who stayed behind, and not how good an answer is. Detail: `ceiling`, that of the held-out pairs.
    """

    name = "target-share"
    title = "In the target domain"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = ""
    source = "Choi et al. 2018, sec. 5.4 (classification of what was translated), https://arxiv.org/abs/1711.09020"
    version = "1"
    scale = Scale.SHARE
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The share, in [0, 1].

        Raises:
            Unavailable: the task asks for no translations.
        """
        found = translations(evidence)
        there, ceiling = (y == found.domain for y in found.domains_of(found.answers, found.pair))
        low, high = wilson(float(there.sum()), len(there), Z)
        return Score(float(there.mean()), low, high, {"ceiling": float(ceiling.mean())})
