"""Leaderboard: the records of one protocol and task, aggregated over seeds, gated, ranked, with a verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from genbench.files.codec import encoded
from genbench.files.plain import Json
from genbench.leaderboard.assembly import (
    Failure as Failure,
    check_alike,
    column_of,
    failures_of,
    known_task,
    order,
    rows_of,
    score_names,
)
from genbench.leaderboard.export import failure_json, row_json, table_row, verdict_json
from genbench.leaderboard.home import home, placed_by_machine
from genbench.leaderboard.references import Reference as Reference, of_task
from genbench.leaderboard.row import (
    Cell as Cell,
    Column as Column,
    Place as Place,
    Row as Row,
    SeedResult as SeedResult,
)
from genbench.leaderboard.second_look import SecondLook as SecondLook, second_looks, sentence as looks_sentence
from genbench.leaderboard.standings import Standings, above_declared
from genbench.leaderboard.words import goal, procedure, sentence
from genbench.records.files import read_records as read_records
from genbench.records.kinds import Axis
from genbench.records.record import DataFacts, Record, SuiteTerms, TaskTerms
from genbench.records.tuning import Tuning
from genbench.records.vouchers import NOBODY, NONE, Voucher

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Leaderboard:
    """The records of one protocol and task: candidates and controls as rows, scores as columns."""

    protocol: str
    """SHA-256 of what makes its numbers comparable."""
    task: str
    """What was asked, by the suite's name of it."""
    suite: SuiteTerms
    """The newest record's."""
    terms: TaskTerms
    """What the newest suite that asks the task says of it."""
    dataset: DataFacts
    """What all records are of."""
    columns: tuple[Column, ...]
    """In the suite's order."""
    rows: tuple[Row, ...]
    """The candidates in the order of the first axis, those that are not ranked last."""
    controls: tuple[Row, ...]
    """The harness's own models, which are not ranked."""
    failures: tuple[Failure, ...]
    """What has no result."""
    records: tuple[Record, ...]
    """By model and seed; also of models that the task was not put to."""
    standings: Standings
    """What the rows' places, the front, the volume and the verdict come from."""
    references: tuple[Reference, ...] = ()
    """What others published, for a band of its own: neither ranked nor compared."""
    tunings: tuple[Tuning, ...] = ()
    """How settings of its models were chosen."""

    @classmethod
    def of(
        cls,
        records: Iterable[Record],
        task: str = "",
        references: Iterable[Reference] = (),
        vouchers: Mapping[str, Voucher] = NONE,
        tunings: Iterable[Tuning] = (),
    ) -> "Leaderboard":
        """The leaderboard of records that share one protocol, in any order.

        Args:
            task: one of the suite's; by default its first.
            references, tunings: of all tasks; those of this one stand beside the board.
            vouchers: how far records were verified, by their hashes.
        Raises:
            GenbenchError: no records, a task that no suite has, two protocols, datasets or exams, one candidate and
                seed twice, one candidate from two versions of its code, or one score from two metrics or extractors.
        """
        known = sorted(records, key=order)
        check_alike(known)
        asked = _asked(known)
        task = known_task(task, asked)
        columns, candidates, controls = _table(known, task, asked[task], vouchers)
        standings = Standings.of(placed_by_machine(candidates), controls, columns, asked[task][0].ranked)
        return cls(
            protocol=known[0].protocol,
            task=task,
            suite=_newest(known)[0].suite,
            terms=asked[task][0],
            dataset=known[0].dataset,
            columns=columns,
            rows=standings.placed,
            controls=controls,
            failures=tuple(failures_of(known, task)),
            records=tuple(known),
            standings=standings,
            references=of_task(references, task, next(iter(asked))),
            tunings=tuple(tuning for tuning in tunings if tuning.task == task),
        )

    @property
    def goal(self) -> str:
        """What a candidate has to be good at: "quality, coverage and speed at once"."""
        return goal(self.standings.axes)

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """The machines of all rows, sorted."""
        return tuple(sorted({name for row in (*self.rows, *self.controls) for name in row.hardware}))

    @cached_property
    def home(self) -> str:
        """The machine by which speeds are ranked; "" where none has more than half of the fits."""
        return home(self.rows)

    def best(self, column: Column) -> float | None:
        """The best mean among the candidates that are ranked; None where they are all equal, or there is none.

        None also for the worst value that there can be, for novelty, which the gate judges, and for cost.
        """
        return next((row.cells[column.name].mean for row in self.leads(column)), None)

    def leads(self, column: Column) -> list[Row]:
        """The candidates that have the best mean."""
        return list(self._leaders[column.name].values())

    def is_best(self, row: Row, column: Column) -> bool:
        """Whether a row has the best mean."""
        return row.name in self._leaders[column.name]

    @cached_property
    def _leaders(self) -> Mapping[str, Mapping[str, Row]]:
        """By column, those that have the best mean, by name."""
        return {column.name: {row.name: row for row in self._leaders_of(column)} for column in self.columns}

    def _leaders_of(self, column: Column) -> list[Row]:
        means = [(mean, row) for row in self._competing(column) if (mean := row.cells[column.name].mean) is not None]
        if not means or not column.direction or column.axis in (Axis.NOVELTY, Axis.COST):
            return []
        best = max((mean for mean, _ in means), key=column.oriented)
        leaders = [row for mean, row in means if mean == best]
        return [] if best == column.worst or len(leaders) == len(means) > 1 else leaders

    def _competing(self, column: Column) -> list[Row]:
        """Those that are ranked; of densities the verified ones alone, where there are any."""
        ranked = [row for row in self.rows if not row.unranked(column)]
        return above_declared(ranked, column)[0]

    @cached_property
    def sentence(self) -> str:
        """The verdict in short sentences; by the margins alone where no candidate has three seeds."""
        return sentence(self.standings, self.standings.verdict)

    @cached_property
    def sentence_with_margins(self) -> str:
        """The verdict on differences beyond the axes' margins in a few words."""
        return sentence(self.standings, self.standings.with_margins)

    @property
    def procedure(self) -> str:
        """By which test candidates are separated, and the level that it was simulated to hold."""
        return procedure(self.standings)

    @cached_property
    def second_looks(self) -> tuple[SecondLook, ...]:
        """Whether a second extractor's features order the candidates as the axes' own do."""
        return second_looks(self.standings, self.columns)

    @property
    def second_opinion(self) -> str:
        """The same in one line; "" where no axis was scored by two extractors."""
        return looks_sentence(self.second_looks)

    def to_json(self) -> dict[str, Json]:
        """The board as plain JSON: what a page shows, without logs, curves and images."""
        standings = self.standings
        return {
            "protocol": self.protocol,
            "task": self.task,
            "suite": encoded(self.suite),
            "dataset": encoded(self.dataset),
            "hardware": list(self.hardware),
            "home": self.home or None,
            "columns": [encoded(column) for column in self.columns],
            "verdict": verdict_json(standings.verdict, self.sentence),
            "verdict_with_margins": verdict_json(standings.with_margins, self.sentence_with_margins),
            "provisional": standings.provisional,
            "procedure": self.procedure,
            "second_extractor": [encoded(look) for look in self.second_looks],
            "hypervolume": standings.volume,
            "rows": [row_json(row) for row in (*self.rows, *self.controls)],
            "failures": [failure_json(failure) for failure in self.failures],
            "references": [encoded(own) for own in self.references],
        }

    def frame(self) -> "pd.DataFrame":
        """A row per candidate, absent numbers are NA.

        For each score its mean, `score ±` and `score missing`; for each axis `axis rank`, `axis rank low` and
        `axis rank high`, `axis tier` and `axis missing`; what the gates say, front, front_share and volume.
        """
        import pandas as pd

        axes = self.standings.axes
        numbers = [name for column in self.columns for name in (column.name, f"{column.name} ±")]
        whole = [f"{axis} {part}" for axis in axes for part in ("rank", "rank low", "rank high", "tier")]
        kinds = dict.fromkeys(
            [*numbers, "front_share", "volume", "fit_cpu_seconds", "fit_wall_seconds"], "Float64"
        ) | dict.fromkeys([*whole, "training_images", "contracted"], "Int64")
        rows = [table_row(row, axes) for row in (*self.rows, *self.controls)]
        frame = pd.DataFrame(rows, columns=None if rows else ["name", *kinds])  # nobody was put to this task
        return frame.set_index("name").astype(kinds)

    def _repr_html_(self) -> str:
        """The frame, as a notebook shows it."""
        return str(self.frame().to_html(escape=True, na_rep="–"))


def boards(
    records: Iterable[Record],
    references: Iterable[Reference] = (),
    vouchers: Mapping[str, Voucher] = NONE,
    tunings: Sequence[Tuning] = (),
) -> Mapping[str, Leaderboard]:
    """A leaderboard for each task that the records' suites ask, by its name.

    Args:
        references: what others published, of any of these tasks.
        vouchers: how far records were verified, by their hashes.
        tunings: of models among them.
    Raises:
        GenbenchError: as `Leaderboard.of` does.
    """
    known = sorted(records, key=order)
    told = tuple(references)
    return {task: Leaderboard.of(known, task, told, vouchers, tunings) for task in _asked(known) or [""]}


def editions(
    records: Iterable[Record],
    references: Mapping[str, Sequence[Reference]] = MappingProxyType({}),
    vouchers: Mapping[str, Voucher] = NONE,
    tunings: Mapping[str, Sequence[Tuning]] = MappingProxyType({}),
) -> list[Leaderboard]:
    """The leaderboards of all protocols that the records are of, the protocols by the names of their suites.

    Args:
        references, tunings: by protocol, what others published, and how settings were chosen.
        vouchers: how far records were verified, by their hashes.
    Raises:
        GenbenchError: as `Leaderboard.of` does.
    """
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.protocol, []).append(record)
    by_name = sorted(found.values(), key=lambda own: (own[0].suite.name, own[0].protocol))
    told = ((own, references.get(own[0].protocol, ()), tunings.get(own[0].protocol, ())) for own in by_name)
    return [board for own, beside, tuned in told for board in boards(own, beside, vouchers, tuned).values()]


def _newest(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.finished, reverse=True)


def _asked(records: Iterable[Record]) -> dict[str, list[TaskTerms]]:
    """Task → the terms on which records ask it, the newest first. What most records were asked comes first."""
    found: dict[str, list[TaskTerms]] = {}
    for record in _newest(records):
        for task, terms in record.suite.tasks.items():
            found.setdefault(task, []).append(terms)
    return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))


def _table(
    records: Sequence[Record], task: str, terms: Sequence[TaskTerms], vouchers: Mapping[str, Voucher]
) -> tuple[tuple[Column, ...], list[Row], tuple[Row, ...]]:
    """The columns, the candidates' rows and the controls' of one task."""
    known = {record.sha256: vouchers.get(record.sha256, NOBODY) for record in records} if vouchers else {}
    results = [
        SeedResult(candidate, record, known.get(record.sha256)) for record in records for candidate in record.candidates
    ]
    own = [result for result in results if result.candidate.task == task]
    columns = tuple(column_of(name, own) for name in score_names(terms))
    rows = rows_of(own, columns)
    return columns, [row for row in rows if not row.control], tuple(row for row in rows if row.control)
