"""Leaderboard: the records of one protocol, aggregated over seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from genbench.errors import GenbenchError
from genbench.leaderboard.record import Json, fitted_record as fitted_record, read_records as read_records, shown
from genbench.statistics import interval, pareto_front

if TYPE_CHECKING:
    import pandas as pd

AXES = ("quality", "coverage", "speed")


@dataclass(frozen=True)
class Column:
    """A score, with the identity that all its cells share; a score that nobody has got has only a name."""

    name: str
    title: str
    axis: str = ""
    direction: str = ""
    unit: str = ""
    version: str = ""
    extractor: str = ""
    source: str = ""

    def oriented(self, value: float) -> float:
        """`value` with its sign chosen so that larger is better."""
        return -value if self.direction == "lower" else value


@dataclass(frozen=True)
class Cell:
    """What one candidate got in one column: the seeds' values with mean and interval, or why there are none.

    `missing` is "" or begins with "n/a: " or "failed: "; where it is set, `mean` is None. `details` are the means of
    the further numbers that belong to the score, such as the floor of an FD.
    """

    values: tuple[float, ...] = ()
    mean: float | None = None
    half_width: float | None = None
    missing: str = ""
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One candidate at one seed: its part of a record, and the record."""

    candidate: Json
    record: Json

    @property
    def ok(self) -> bool:
        """Whether the candidate was sampled and scored."""
        return bool(self.candidate["status"] == "ok")

    @property
    def hardware(self) -> str:
        """Where it ran, as far as its speed is concerned."""
        environment = self.record["environment"]
        device = environment.get("device_name") or environment.get("device") or "not stated"
        threads = environment.get("threads")
        return f"{device}, {'threads not stated' if threads is None else f'{threads} thread' + 's' * (threads != 1)}"


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


@dataclass(frozen=True)
class Row:
    """A candidate over its seeds. `front`: on the Pareto front; None where an axis is missing or for a control."""

    name: str
    results: tuple[Result, ...]
    cells: Mapping[str, Cell]
    front: bool | None = None

    @property
    def model(self) -> Json:
        """The model's part of the records; all seeds ran the same code."""
        model: Json = self.results[0].record["model"]
        return model

    @cached_property
    def ok(self) -> tuple[Result, ...]:
        """The results of the seeds that succeeded."""
        return tuple(result for result in self.results if result.ok)

    @property
    def missing(self) -> str:
        """Why no seed gave a result, "n/a: …" or "failed: …"; "" where one did."""
        return "" if self.ok else _why(self.results[0].candidate)

    @cached_property
    def likelihood(self) -> str:
        """What its density is: exact, lower bound, estimate; "mixed" where the seeds differ, "" without one."""
        kinds = {result.candidate["likelihood"] for result in self.ok} - {""}
        return "mixed" if len(kinds) > 1 else next(iter(kinds), "")

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """The machines that its speeds come from, sorted."""
        return tuple(sorted({result.hardware for result in self.ok}))


@dataclass(frozen=True)
class Leaderboard:
    """The records of one protocol: candidates and controls as rows, scores as columns."""

    protocol: str
    suite: Json
    dataset: Json
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    controls: tuple[Row, ...]
    failures: tuple[Failure, ...]
    records: tuple[Json, ...]

    @classmethod
    def of(cls, records: Iterable[Json]) -> "Leaderboard":
        """The leaderboard of records that share one protocol, in any order.

        Raises:
            GenbenchError: no records, a record of another form, two protocols or datasets, one candidate and seed
                twice, one candidate from two versions of its code, or one score from two metrics or extractors.
        """
        known = sorted((fitted_record(record) for record in records), key=_order)
        if not known:
            raise GenbenchError("a leaderboard needs at least one record; `genbench run` writes them")
        _check_one("protocols", [record["protocol"] for record in known], "a leaderboard has one")
        _check_one("datasets", [record["dataset"]["sha256"] for record in known], "a leaderboard has one")
        suite = max(known, key=lambda record: record["finished"])["suite"]
        results = [Result(candidate, record) for record in known for candidate in record["candidates"]]
        columns = tuple(_column(name, results) for name in _names(known, suite))
        rows = _rows(results, columns)
        return cls(known[0]["protocol"], suite, known[0]["dataset"], columns,
                   _with_front([row for row in rows if not row.model["control"]], columns, suite["axes"]),
                   tuple(row for row in rows if row.model["control"]),
                   tuple(_failures(known)), tuple(known))  # fmt: skip

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """The machines of all rows, sorted; speeds of several are not ranked against each other."""
        return tuple(sorted({name for row in (*self.rows, *self.controls) for name in row.hardware}))

    def best(self, column: Column) -> float | None:
        """The best mean among the candidates; None where there is none, or for speeds of several machines."""
        means = [cell.mean for row in self.rows if (cell := row.cells[column.name]).mean is not None]
        if not means or not column.direction or (column.axis == "speed" and len(self.hardware) > 1):
            return None
        return max(means, key=column.oriented)

    def to_json(self) -> dict[str, Any]:
        """The board as plain JSON: what a page shows, without logs, curves and images."""
        return {
            "protocol": self.protocol, "suite": dict(self.suite), "dataset": dict(self.dataset),
            "hardware": list(self.hardware), "columns": [asdict(column) for column in self.columns],
            "rows": [_row_json(row) for row in (*self.rows, *self.controls)],
            "failures": [{k: v for k, v in asdict(failure).items() if k != "log"} for failure in self.failures],
        }  # fmt: skip

    def frame(self) -> "pd.DataFrame":
        """A row per candidate: for each score its mean, `score ±` and `score missing`; absent numbers are NA."""
        import pandas as pd

        table = []
        for row in self.to_json()["rows"]:
            cells = row.pop("cells")
            for name, cell in cells.items():
                row |= {name: cell["mean"], f"{name} ±": cell["half_width"], f"{name} missing": cell["missing"]}
            table.append(row)
        frame = pd.DataFrame(table).set_index("name")
        numbers = [name for column in self.columns for name in (column.name, f"{column.name} ±")]
        return frame.astype(dict.fromkeys(numbers, "Float64"))


def _order(record: Json) -> tuple[str, int]:
    return record["model"]["reference"], record["seed"]


def _check_one(what: str, values: Iterable[str], advice: str) -> None:
    different = sorted(set(values))
    if len(different) > 1:
        raise GenbenchError(f"these records mix {what} ({', '.join(map(shown, different))}); {advice}")


def _names(records: Sequence[Json], suite: Json) -> Iterable[str]:
    """Every score that a suite asks for, the latest suite's order first."""
    return dict.fromkeys([*suite["scores"], *(name for record in records for name in record["suite"]["scores"])])


def _column(name: str, results: Sequence[Result]) -> Column:
    found = [result.candidate["scores"][name] for result in results if name in result.candidate["scores"]]
    scores = [score for score in found if score["value"] is not None]
    for part in ("extractor", "version", "direction", "unit"):
        _check_one(f"{part}s of {shown(name)}", [score[part] for score in scores], "score the old ones again")
    if not scores:
        return Column(name, name)
    if scores[0]["direction"] not in ("higher", "lower"):
        raise GenbenchError(f"{shown(name)}: higher or lower is better, got {shown(scores[0]['direction'])}")
    return Column(name, **{part: scores[0][part] for part in Column.__dataclass_fields__ if part != "name"})


def _rows(results: Sequence[Result], columns: Sequence[Column]) -> list[Row]:
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.candidate["name"], []).append(result)
    for name, own in found.items():
        _check_one(f"versions of the code of {shown(name)}", [r.record["model"]["code"] for r in own], "keep one")
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
    return Cell(missing=_why(results[0].candidate))


def _means(details: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """The mean of each number that all of `details` have."""
    columns = {key: [numbers.get(key) for numbers in details] for key in details[0]}
    known = {key: [value for value in values if value is not None] for key, values in columns.items()}
    return {key: interval(values).mean for key, values in known.items() if len(values) == len(details)}


def _why(candidate: Json) -> str:
    reason = f" ({candidate['reason']})" if candidate["reason"] else ""
    kind = "n/a" if candidate["status"] == "skipped" else "failed"
    return f"{kind}: {candidate['status'] or 'unknown'}{reason}"


def _with_front(rows: Sequence[Row], columns: Sequence[Column], axes: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows, each with whether it is on the front of the three axes, in the order of the quality axis."""
    known = {column.name: column for column in columns}
    chosen = [known[axes[axis]] for axis in AXES if axes.get(axis) in known]
    points = {row.name: point for row in rows if len(point := _point(row, chosen)) == len(AXES)}
    front = dict(zip(points, pareto_front(list(points.values())), strict=True))

    def place(row: Row) -> tuple[bool, float, str]:
        quality = _point(row, chosen[:1])
        return not quality, -sum(quality), row.name

    return tuple(sorted((replace(row, front=front.get(row.name)) for row in rows), key=place))


def _point(row: Row, columns: Sequence[Column]) -> list[float]:
    """The row's means in `columns`, larger is better; those that are missing are left out."""
    cells = [(column, row.cells[column.name].mean) for column in columns]
    return [column.oriented(mean) for column, mean in cells if mean is not None]


def _failures(records: Sequence[Json]) -> Iterable[Failure]:
    for record in records:
        failed = [c for c in record["candidates"] if c["status"] != "ok"]
        for c in failed:
            yield Failure(c["name"], record["seed"], c["status"], c["phase"], c["reason"], c["elapsed"], c["log"])
        for phase, stage in record["stages"].items():
            if stage["status"] not in ("ok", "skipped", "") and phase not in {c["phase"] for c in failed}:
                yield Failure(record["model"]["reference"], record["seed"], stage["status"], phase, stage["reason"],
                              stage["seconds"], "")  # fmt: skip


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "name": row.name, "model": row.model["reference"], "family": row.model["family"],
        "control": row.model["control"], "front": row.front, "likelihood": row.likelihood or None,
        "hardware": list(row.hardware), "seeds_ok": [result.record["seed"] for result in row.ok],
        "seeds_failed": [result.record["seed"] for result in row.results if not result.ok],
        "cells": {name: asdict(cell) | {"values": list(cell.values)} for name, cell in row.cells.items()},
    }  # fmt: skip
