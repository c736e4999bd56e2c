"""Second look: whether another extractor's features order the candidates of an axis as the axis's own do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from genbench.leaderboard.row import Column, Row
from genbench.leaderboard.standings import Standings
from genbench.leaderboard.statistics import Contest, kendall
from genbench.leaderboard.words import listed


@dataclass(frozen=True)
class SecondLook:
    """One axis by two extractors, of the candidates that are ranked on it and have both scores."""

    axis: str
    """Its name."""
    first: str
    """The extractor of the axis's own score."""
    second: str
    """The other one."""
    candidates: int
    """How many are compared."""
    tau: float | None
    """Kendall's τ_b of the two orders by means, in [-1, 1]; None where one of them is no order."""
    parted: tuple[tuple[str, str], ...]
    """Pairs of which the first is ahead by the one extractor and the second by the other, both beyond the seeds."""
    tested: bool
    """Whether seeds tell a spread; else pairs are told apart by the axis's margin."""

    @property
    def words(self) -> str:
        """What it says, in brief."""
        order = "no order to compare" if self.tau is None else f"τ = {self.tau:.2f}"
        beyond = "beyond the seeds" if self.tested else "by the margin"
        pairs = listed([f"{ahead} over {behind}" for ahead, behind in self.parted], "and")
        turned = f"{pairs} turned round {beyond}" if self.parted else f"no pair turned round {beyond}"
        return f"{self.axis} of {self.candidates} candidates {order}, {turned}"


def second_looks(standings: Standings, columns: Sequence[Column]) -> tuple[SecondLook, ...]:
    """A look for each axis and each further extractor that its score was computed with as well."""
    return tuple(
        look
        for axis, own in standings.columns.items()
        for other in columns
        if _same_metric(own, other) and (look := _look(standings, axis, own, other)) is not None
    )


def sentence(looks: Sequence[SecondLook]) -> str:
    """All looks in one line; "" without any."""
    by_pair: dict[tuple[str, str], list[str]] = {}
    for look in looks:
        by_pair.setdefault((look.second, look.first), []).append(look.words)
    told = [f"{second} beside {first}: {'; '.join(own)}" for (second, first), own in by_pair.items()]
    return f"Second extractor, {'. '.join(told)}." if told else ""


def _same_metric(own: Column, other: Column) -> bool:
    metrics = {column.name.partition("@")[0] for column in (own, other)}
    return len(metrics) == 1 and bool(own.features and other.direction) and other.features not in ("", own.features)


def _look(standings: Standings, axis: str, own: Column, other: Column) -> SecondLook | None:
    """None where fewer than two candidates have both scores."""
    ranked = standings.contest.groups[axis]
    both = [row for row in standings.rows if row.name in ranked and _has(row, own) and _has(row, other)]
    columns = {own.features: own, other.features: other}
    contest = Contest(
        {features: column.ruler for features, column in columns.items()},
        {row.name: list(_positions(row, (own, other))) for row in both},
    )
    names = [name for name in contest.groups[own.features] if name in contest.groups[other.features]]
    if len(names) < 2:
        return None
    first, second = ([contest.means[features][name] for name in names] for features in columns)
    return SecondLook(
        axis,
        own.features,
        other.features,
        len(names),
        kendall(first, second),
        _parted(contest, own.features, other.features),
        contest.tested,
    )


def _has(row: Row, column: Column) -> bool:
    return row.cells[column.name].mean is not None


def _positions(row: Row, columns: Sequence[Column]) -> Iterator[list[float | None]]:
    """Of each seed, where it stands in each column."""
    for result in row.ok:
        scores = [result.candidate.scores.get(column.name) for column in columns]
        pairs = zip(columns, scores, strict=True)
        yield [column.ruler.position(score.value) if score else None for column, score in pairs]


def _parted(contest: Contest, first: str, second: str) -> tuple[tuple[str, str], ...]:
    """Pairs that one set of features separates one way, and the other set the other way."""
    import numpy as np  # here, so that a leaderboard is read without NumPy

    found = contest.comparisons(margins=not contest.tested)
    parted = np.argwhere(found.apart(first) & found.apart(second).T)
    return tuple(sorted((contest.names[better], contest.names[worse]) for better, worse in parted))
