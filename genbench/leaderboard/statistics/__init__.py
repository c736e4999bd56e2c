"""Statistics of a leaderboard: intervals over seeds, comparisons, tiers, ranks, the Pareto front and the verdict."""

from genbench.leaderboard.statistics.contest import ALPHA as ALPHA, Contest as Contest, Contrast as Contrast
from genbench.leaderboard.statistics.front import hypervolume as hypervolume, pareto_front as pareto_front
from genbench.leaderboard.statistics.intervals import Interval as Interval, interval as interval
from genbench.leaderboard.statistics.pool import holm as holm, pooled as pooled, superiority as superiority
from genbench.leaderboard.statistics.replicates import Replicates as Replicates, replicates as replicates
from genbench.leaderboard.statistics.scales import MARGIN_WORDS as MARGIN_WORDS, Ruler as Ruler
from genbench.leaderboard.statistics.verdict import Ruling as Ruling, Verdict as Verdict, verdict as verdict
