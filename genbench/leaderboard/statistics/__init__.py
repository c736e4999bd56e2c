"""Statistics of a leaderboard: intervals over seeds, comparisons, tiers, ranks, the Pareto front and the verdict."""

from genbench.leaderboard.statistics.comparisons import Comparisons as Comparisons, Contrast as Contrast
from genbench.leaderboard.statistics.contest import Contest as Contest, tiers as tiers
from genbench.leaderboard.statistics.front import hypervolume as hypervolume, pareto_front as pareto_front
from genbench.leaderboard.statistics.intervals import Interval as Interval, interval as interval
from genbench.leaderboard.statistics.prior import Spread as Spread, moderated as moderated, prior as prior
from genbench.leaderboard.statistics.procedure import (
    ALPHA as ALPHA,
    ENOUGH as ENOUGH,
    LEAST as LEAST,
    MODERATED as MODERATED,
    WELCH as WELCH,
    Procedure as Procedure,
)
from genbench.leaderboard.statistics.rank_correlation import kendall as kendall
from genbench.leaderboard.statistics.replicates import Replicates as Replicates, replicates as replicates
from genbench.leaderboard.statistics.rulings import Outcome as Outcome, Ruling as Ruling
from genbench.leaderboard.statistics.scales import DIFFERENCES as DIFFERENCES, Ruler as Ruler
from genbench.leaderboard.statistics.spreads import (
    Scatter as Scatter,
    Spreads as Spreads,
    holm as holm,
    mean as mean,
    spreads as spreads,
    upper as upper,
)
from genbench.leaderboard.statistics.verdict import Verdict as Verdict, verdict as verdict
