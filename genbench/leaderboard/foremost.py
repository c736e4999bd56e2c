"""Foremost: in which column one candidate is significantly better than each other one, as a table may print in bold."""

from collections.abc import Iterable, Mapping, Sequence

from genbench.leaderboard.row import Column, SeedResult
from genbench.leaderboard.standings import Standings, above_declared
from genbench.leaderboard.statistics import Contest
from genbench.records.kinds import Axis

UNTESTED = (Axis.COST, Axis.NOVELTY)  # what costs less is not better, and the gate judges novelty


def foremost(standings: Standings, columns: Iterable[Column]) -> Mapping[str, str]:
    """By column, the candidate that is better there than each other one in the running, beyond the seeds' chance.

    On an axis: who is apart from each other one, where each has a tier, and nobody out of the running has a better
    mean. In other columns, but those of cost and novelty: the same test with Holm's correction over all pairs in all
    of them. A column in which nobody is so has no entry.

    Args:
        columns: those of axes are read off the standings.
    """
    axes = {column.name: axis for axis, column in standings.columns.items()}
    wanted = [column for column in columns if column.name in axes or _tested(column)]
    found = {column.name: _on_axis(standings, axes[column.name]) for column in wanted if column.name in axes}
    found |= _beside(standings, [column for column in wanted if column.name not in axes])
    return {name: candidate for name, candidate in found.items() if candidate}


def _tested(column: Column) -> bool:
    return bool(column.direction) and column.axis not in UNTESTED


def _on_axis(standings: Standings, axis: str) -> str:
    places = {row.name: row.places[axis] for row in standings.placed if row.places[axis].rank is not None}
    rivals = [name for name in places if name not in standings.outside]
    first = [name for name in rivals if places[name].tier == 1]
    tested = all(places[name].tier is not None for name in rivals)
    if len(rivals) < 2 or len(first) != 1 or not tested or places[first[0]].rank != 1:
        return ""
    found = standings.running.contrasts(margins=False)
    behind = {c.worse for c in found if c.separated and c.axis == axis and c.better == first[0]}
    return first[0] if behind >= {*rivals} - {*first} else ""


def _beside(standings: Standings, columns: Sequence[Column]) -> dict[str, str]:
    known = [column for column in columns if _field(standings, column).spreads]
    contest = _field(standings, *known)
    apart = {(c.axis, c.better, c.worse) for c in contest.contrasts(margins=False) if c.separated} if known else set()
    return {column.name: _ahead(column.name, contest.order(column.name), apart) for column in known}


def _field(standings: Standings, *columns: Column) -> Contest:
    """The contest in these columns of those who are in the running, each where it ranks."""
    running = [row for row in standings.rows if row.ok and row.name not in standings.outside]
    ranked = {c.name: [row for row in running if not row.unranked(c)] for c in columns}
    names = {c.name: {row.name for row in above_declared(ranked[c.name], c)[0]} for c in columns}
    seeds = {
        row.name: [[_position(result, c) if row.name in names[c.name] else None for c in columns] for result in row.ok]
        for row in running
    }
    return Contest({column.name: column.ruler for column in columns}, seeds)


def _position(result: SeedResult, column: Column) -> float | None:
    score = result.candidate.scores.get(column.name)
    return None if score is None else column.ruler.position(score.value)


def _ahead(column: str, order: Sequence[str], apart: set[tuple[str, str, str]]) -> str:
    """The first of an order of several where it is apart from each other one."""
    return order[0] if len(order) > 1 and all((column, order[0], other) in apart for other in order[1:]) else ""
