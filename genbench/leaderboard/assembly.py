"""Rows and columns of a leaderboard, made of records that belong together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from genbench.errors import GenbenchError
from genbench.leaderboard.row import Cell, Column, Result, Row, why
from genbench.leaderboard.statistics import interval
from genbench.records.record import Json, shown


@dataclass(frozen=True)
class Failure:
    """A candidate, or a stage of a model, that failed or was skipped at one seed; `elapsed` in seconds."""

    name: str
    seed: int
    status: str
    phase: str
    reason: str
    elapsed: float | None
    log: str


def order(record: Json) -> tuple[str, int]:
    """Sorts records by model and seed."""
    return record["model"]["reference"], record["seed"]


def check_one(what: str, values: Iterable[str], advice: str) -> None:
    """Refuse what mixes several of what a board has one of.

    Raises:
        GenbenchError: the values differ; says which there are.
    """
    different = sorted(set(values))
    if len(different) > 1:
        raise GenbenchError(f"these records mix {what} ({', '.join(map(shown, different))}); {advice}")


def score_names(records: Sequence[Json], suite: Json) -> Iterable[str]:
    """Every score that a suite asks for, the latest suite's order first."""
    return dict.fromkeys([*suite["scores"], *(name for record in records for name in record["suite"]["scores"])])


def column_of(name: str, results: Sequence[Result]) -> Column:
    """The score's identity, which all results that have it share.

    Raises:
        GenbenchError: they come from several metrics or extractors, or have no direction.
    """
    found = [result.candidate["scores"][name] for result in results if name in result.candidate["scores"]]
    scores = [score for score in found if score["value"] is not None]
    for part in ("extractor", "version", "direction", "unit"):
        check_one(f"{part}s of {shown(name)}", [score[part] for score in scores], "score the old ones again")
    if not scores:
        return Column(name, name)
    if scores[0]["direction"] not in ("higher", "lower"):
        raise GenbenchError(f"{shown(name)}: higher or lower is better, got {shown(scores[0]['direction'])}")
    return Column(name, **{part: scores[0][part] for part in Column.__dataclass_fields__ if part != "name"})


def rows_of(results: Sequence[Result], columns: Sequence[Column]) -> list[Row]:
    """A row for each candidate, its seeds in the order of the results.

    Raises:
        GenbenchError: a candidate has two results for one seed, or two versions of its code.
    """
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.candidate["name"], []).append(result)
    for name, own in found.items():
        check_one(f"versions of the code of {shown(name)}", [r.record["model"]["code"] for r in own], "keep one")
        if len({result.record["seed"] for result in own}) < len(own):
            raise GenbenchError(f"{shown(name)} has two results for one seed; keep one record of each trial")
    return [Row(name, tuple(own), {c.name: _cell(c.name, own) for c in columns}) for name, own in found.items()]


def _cell(name: str, results: Sequence[Result]) -> Cell:
    ok = [result.candidate for result in results if result.ok]
    scores = [score for c in ok if (score := c["scores"].get(name)) and score["value"] is not None]
    if scores:
        values = tuple(score["value"] for score in scores)
        spread = interval(values)
        return Cell(values, spread.mean, spread.half_width, details=_means([score["details"] for score in scores]))
    if ok:
        return Cell(missing=f"n/a: {ok[0]['unavailable'].get(name) or 'not computed'}")
    return Cell(missing=why(results[0].candidate))


def _means(details: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """The mean of each number that all of `details` have."""
    columns = {key: [numbers.get(key) for numbers in details] for key in details[0]}
    known = {key: [value for value in values if value is not None] for key, values in columns.items()}
    return {key: interval(values).mean for key, values in known.items() if len(values) == len(details)}


def failures_of(records: Sequence[Json]) -> Iterable[Failure]:
    """What failed or was skipped, a stage only where no candidate names it."""
    for record in records:
        failed = [c for c in record["candidates"] if c["status"] != "ok"]
        for c in failed:
            yield Failure(c["name"], record["seed"], c["status"], c["phase"], c["reason"], c["elapsed"], c["log"])
        for phase, stage in record["stages"].items():
            if stage["status"] not in ("ok", "skipped", "") and phase not in {c["phase"] for c in failed}:
                yield Failure(record["model"]["reference"], record["seed"], stage["status"], phase, stage["reason"],
                              stage["seconds"], "")  # fmt: skip
