"""Leaderboard: the records of one protocol, aggregated over seeds, gated, ranked, with a verdict."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from genbench.errors import GenbenchError
from genbench.leaderboard.assembly import (
    Failure as Failure,
    check_one,
    column_of,
    failures_of,
    order,
    rows_of,
    score_names,
)
from genbench.leaderboard.export import row_json, verdict_json
from genbench.leaderboard.row import Cell as Cell, Column as Column, Place as Place, Result as Result, Row as Row
from genbench.leaderboard.standings import AXES as AXES, Standings
from genbench.leaderboard.words import sentence
from genbench.records.record import Json, fitted_record as fitted_record, read_records as read_records

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Leaderboard:
    """The records of one protocol: candidates and controls as rows, scores as columns.

    Args:
        rows: the candidates in the order of quality, those that are not ranked last.
        standings: what the rows' places, the front, the volume and the verdict come from.
    """

    protocol: str
    suite: Json
    dataset: Json
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    controls: tuple[Row, ...]
    failures: tuple[Failure, ...]
    records: tuple[Json, ...]
    standings: Standings

    @classmethod
    def of(cls, records: Iterable[Json]) -> "Leaderboard":
        """The leaderboard of records that share one protocol, in any order.

        Raises:
            GenbenchError: no records, a record of another form, two protocols or datasets, one candidate and seed
                twice, one candidate from two versions of its code, or one score from two metrics or extractors.
        """
        known = sorted((fitted_record(record) for record in records), key=order)
        if not known:
            raise GenbenchError("a leaderboard needs at least one record; `genbench run` writes them")
        check_one("protocols", [record["protocol"] for record in known], "a leaderboard has one")
        check_one("datasets", [record["dataset"]["sha256"] for record in known], "a leaderboard has one")
        suite = max(known, key=lambda record: record["finished"])["suite"]
        results = [Result(candidate, record) for record in known for candidate in record["candidates"]]
        columns = tuple(column_of(name, results) for name in score_names(known, suite))
        rows = rows_of(results, columns)
        controls = tuple(row for row in rows if row.control)
        alike = len({result.hardware for row in rows for result in row.ok}) < 2
        candidates = [row for row in rows if not row.control]
        standings = Standings.of(candidates, controls, columns, suite["axes"], alike)
        return cls(known[0]["protocol"], suite, known[0]["dataset"], columns, standings.placed, controls,
                   tuple(failures_of(known)), tuple(known), standings)  # fmt: skip

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """The machines of all rows, sorted; speeds of several are not ranked against each other."""
        return tuple(sorted({name for row in (*self.rows, *self.controls) for name in row.hardware}))

    def best(self, column: Column) -> float | None:
        """The best mean among the candidates that are ranked.

        None without any, for speeds of several machines, and for novelty, which the gate judges: noise is novel too.
        """
        ranked = [row.cells[column.name].mean for row in self.rows if not row.unranked(column)]
        means = [mean for mean in ranked if mean is not None]
        mixed = column.axis == "speed" and len(self.hardware) > 1
        if not means or not column.direction or mixed or column.axis == "novelty":
            return None
        return max(means, key=column.oriented)

    @cached_property
    def sentence(self) -> str:
        """The verdict in one sentence; by the margins alone where no candidate has two seeds."""
        return sentence(self.standings, self.standings.verdict)

    @cached_property
    def sentence_with_margins(self) -> str:
        """The verdict on differences beyond the axes' margins in one sentence."""
        return sentence(self.standings, self.standings.with_margins)

    def to_json(self) -> dict[str, Any]:
        """The board as plain JSON: what a page shows, without logs, curves and images."""
        standings = self.standings
        return {
            "protocol": self.protocol, "suite": dict(self.suite), "dataset": dict(self.dataset),
            "hardware": list(self.hardware), "columns": [asdict(column) for column in self.columns],
            "verdict": verdict_json(standings.verdict, self.sentence),
            "verdict_with_margins": verdict_json(standings.with_margins, self.sentence_with_margins),
            "hypervolume": standings.volume,
            "rows": [row_json(row) for row in (*self.rows, *self.controls)],
            "failures": [{k: v for k, v in asdict(failure).items() if k != "log"} for failure in self.failures],
        }  # fmt: skip

    def frame(self) -> "pd.DataFrame":
        """A row per candidate, absent numbers are NA.

        For each score its mean, `score ±` and `score missing`; for each axis `axis rank`, `axis rank low` and
        `axis rank high`, `axis tier` and `axis missing`; what the gates say, front, front_share and volume.
        """
        import pandas as pd

        table = []
        for row in self.to_json()["rows"]:
            cells, places = row.pop("cells"), row.pop("places")
            row |= {gate: row[gate]["status"] or pd.NA for gate in ("memorisation", "audits")}
            for axis in AXES:
                place = places.get(axis) or {"rank": None, "tier": None, "ranks": None, "missing": "a control"}
                low, high = place["ranks"] or (None, None)
                row |= {f"{axis} rank": place["rank"], f"{axis} rank low": low, f"{axis} rank high": high,
                        f"{axis} tier": place["tier"], f"{axis} missing": place["missing"]}  # fmt: skip
            for name, cell in cells.items():
                row |= {name: cell["mean"], f"{name} ±": cell["half_width"], f"{name} missing": cell["missing"]}
            table.append(row)
        frame = pd.DataFrame(table).set_index("name")
        numbers = [name for column in self.columns for name in (column.name, f"{column.name} ±")]
        whole = [f"{axis} {part}" for axis in AXES for part in ("rank", "rank low", "rank high", "tier")]
        kinds = dict.fromkeys([*numbers, "front_share", "volume"], "Float64") | dict.fromkeys(whole, "Int64")
        return frame.astype(kinds)
