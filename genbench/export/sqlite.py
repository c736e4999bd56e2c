"""sqlite: boards, and the records that they are made of, as one database with keys and views; Datasette opens it."""

import sqlite3
from collections.abc import Mapping, Sequence
from enum import Enum

from genbench.export.tables import TABLES, VIEWS
from genbench.leaderboard import Cell, Leaderboard, Place, Row, SeedResult
from genbench.records.machine import Machine
from genbench.records.record import Record
from genbench.version import VERSION

Text = str | int | float | None
LARGEST = 2**63  # of its integers


def content(boards: Mapping[str, Leaderboard]) -> bytes:
    """The database. The same records give the same bytes by the same version of SQLite.

    Args:
        boards: by task, all of the same records.
    """
    with _Database() as database:
        database.fill(list(boards.values()))
        return database.connection.serialize()


class _Database:
    """A database in memory, and the numbers of what it holds."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self._counts: dict[str, int] = {}
        self._machines: dict[Machine, int] = {}
        self._records: dict[int, int] = {}

    def __enter__(self) -> "_Database":
        self.connection.executescript("PRAGMA foreign_keys = ON;" + TABLES + VIEWS)
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()

    def fill(self, boards: Sequence[Leaderboard]) -> None:
        """Write all rows of all tables."""
        first = boards[0]
        told = {"genbench": VERSION, "protocol": first.protocol, "suite": first.suite.name, "title": first.suite.title}
        data = {"dataset": first.dataset.name, "dataset_sha256": first.dataset.sha256, "license": first.dataset.license}
        for name, value in (told | data | {"dataset_source": first.dataset.source}).items():
            self._insert("facts", name, value)
        for record in first.records:
            self._record(record)
        for board in boards:
            self._board(board)
        self.connection.commit()

    def _insert(self, table: str, *values: Text | Enum | bool) -> None:
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", [_plain(value) for value in values])

    def _numbered(self, table: str, *values: Text | Enum | bool) -> int:
        """Insert a row with the next number of its table, and return that."""
        number = self._counts[table] = self._counts.get(table, 0) + 1
        self._insert(table, number, *values)
        return number

    def _record(self, record: Record) -> None:
        model, fit = record.model, record.model.fit
        cost = (model.checkpoint_bytes, fit.cpu if fit else None, fit.seconds if fit else None)
        self._records[id(record)] = self._numbered(
            "records",
            *(model.reference, record.seed, model.family, model.control, model.distribution, model.version, model.code),
            *(record.suite.name, self._machine(record.machine), model.parameters, model.images, *cost),
            *(record.finished, record.sha256),
        )

    def _machine(self, machine: Machine) -> int:
        if machine not in self._machines:
            m = machine
            self._machines[machine] = self._numbered(
                "machines",
                *(m.speed_class, m.device, m.device_name, m.threads, m.cpus, m.cpu_name, m.isolation, m.platform),
                *(m.python, m.torch, m.numpy, m.scipy, m.cuda, m.genbench),
            )
        return self._machines[machine]

    def _board(self, board: Leaderboard) -> None:
        task, terms = board.task, board.terms
        self._insert("boards", task, terms.ask or task, terms.count, board.sentence, board.procedure)
        columns = {
            c.name: self._numbered(
                *("columns", task, c.name, c.title, c.axis, c.direction, c.unit, c.scale, c.version, c.extractor),
                c.source,
            )
            for c in board.columns
        }
        for axis, score in terms.ranked:
            self._insert("axes", task, axis, columns.get(score))
        for row in (*board.rows, *board.controls):
            number = self._row(task, row)
            self._cells(number, row.cells, columns)
            self._places(number, row.places)
            for result in row.results:
                self._candidate(number, result, columns)
        for own in board.references:
            for score, value in own.values.items():
                self._insert("published", task, own.name, score, value, own.source, own.note)
        for f in board.failures:
            told = (f.name, f.model, f.seed, f.words, f.exit_code, f.step or f.stage, f.reason, f.place, f.elapsed)
            self._numbered("failures", task, *told)

    def _row(self, task: str, row: Row) -> int:
        gates = (
            row.gate.status,
            row.gate.reason,
            row.audits.status,
            row.audits.reason,
            row.bar,
            row.outside,
            row.extent,
        )
        standing = (row.front, row.front_share, row.volume, row.samples_only, row.likelihood or None, row.assurance)
        return self._numbered(
            "rows", task, row.name, row.model.reference, row.model.family, row.control, *standing, *gates
        )

    def _cells(self, row: int, cells: Mapping[str, Cell], columns: Mapping[str, int]) -> None:
        for name, cell in cells.items():
            missing = str(cell.missing) if cell.missing else None
            self._insert("cells", row, columns[name], cell.mean, cell.half_width, len(cell.values), missing)

    def _places(self, row: int, places: Mapping[str, Place]) -> None:
        for axis, place in places.items():
            ends = place.ranks or (None, None)
            self._insert("places", row, axis, place.rank, *ends, place.tier, place.missing or None)

    def _candidate(self, row: int, result: SeedResult, columns: Mapping[str, int]) -> None:
        own = result.candidate
        gates = (own.memorisation.status if own.memorisation else None, own.audits.status if own.audits else None)
        number = self._numbered(
            *("candidates", row, self._records[id(result.record)], own.sampler, own.status, own.stage, own.reason),
            *(own.exit_code, own.elapsed, own.likelihood, *gates, own.timing.void or None if own.timing else None),
        )
        for name, score in own.scores.items():
            if name in columns:
                told = (score.value, score.low, score.high, score.n, score.reference)
                self._insert("scores", number, columns[name], *told)


def _plain(value: Text | Enum | bool) -> Text:
    """What SQLite takes; of an integer that it cannot hold the digits, of which it makes what it can."""
    found = value.value if isinstance(value, Enum) else value
    return str(found) if isinstance(found, int) and not -LARGEST <= found < LARGEST else found
