"""Rows and columns of a leaderboard, made of records that belong together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from genbench.errors import GenbenchError, unknown
from genbench.leaderboard.row import Cell, Column, Row, SeedResult, why
from genbench.leaderboard.statistics import interval, mean
from genbench.leaderboard.traces import place
from genbench.records.record import Candidate, Record, TaskTerms
from genbench.records.score import not_applicable
from genbench.records.status import Status, words

QUOTED = 120  # characters of a value that an error shows
IDENTITY = ("extractor", "version", "direction", "unit")  # what scores of one column have in common


@dataclass(frozen=True)
class Failure:
    """A candidate, or a stage of a model, that failed or was skipped at one seed."""

    name: str
    """The candidate's, or the model's with its settings."""
    seed: int
    """Of the training."""
    status: Status
    """How it ended."""
    exit_code: int | None
    """Of its process; negative: a signal."""
    stage: str
    """The one that failed; "" where the record does not say."""
    reason: str
    """Why, in words."""
    elapsed: float | None
    """Wall seconds of the fit and of the candidate's own stages; None: the record does not say."""
    log: str
    """The end of the log of that stage."""
    model: str = ""
    """The model with its settings."""
    step: str = ""
    """The stage with its sampler, solver or task, as its folder is called."""
    place: str = ""
    """The plugin's file and line that it came from; "" where the log does not say."""

    @property
    def words(self) -> str:
        """The status as people read it."""
        return words(self.status, self.exit_code)


def order(record: Record) -> tuple[str, int]:
    """Sorts records by model and seed."""
    return record.model.reference, record.seed


def check_one(what: str, values: Iterable[object], advice: str) -> None:
    """Refuse what mixes several of what a board has one of.

    Raises:
        GenbenchError: the values differ; says which there are.
    """
    different = sorted({ascii(value) for value in values})
    if len(different) > 1:
        shown = ", ".join(text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…" for text in different)
        raise GenbenchError(f"these records mix {what} ({shown}); {advice}")


def score_names(terms: Sequence[TaskTerms]) -> Iterable[str]:
    """Every score that a task's terms ask for, those of the first ones first."""
    return dict.fromkeys(name for own in terms for name in own.scores)


def column_of(name: str, results: Sequence[SeedResult]) -> Column:
    """The score's identity, which all results that have it share.

    Raises:
        GenbenchError: they come from several metrics or extractors, or differ in direction or unit.
    """
    scores = [result.candidate.scores[name] for result in results if name in result.candidate.scores]
    for part in IDENTITY:
        values = [getattr(score, part) for score in scores]
        texts = [getattr(value, "value", value) for value in values]
        check_one(f"{part}s of {ascii(name)[:QUOTED]}", texts, "score the old ones again")
    if not scores:
        return Column(name, name)
    return Column(name, **{part.name: getattr(scores[0], part.name) for part in fields(Column) if part.name != "name"})


def rows_of(results: Sequence[SeedResult], columns: Sequence[Column]) -> list[Row]:
    """A row for each candidate, its seeds in the order of the results.

    Raises:
        GenbenchError: a candidate has two results for one seed, or two versions of its code.
    """
    found: dict[str, list[SeedResult]] = {}
    for result in results:
        found.setdefault(result.candidate.name, []).append(result)
    for name, own in found.items():
        shown = ascii(name)[:QUOTED]
        check_one(f"versions of the code of {shown}", [result.record.model.code for result in own], "keep one")
        if len({result.record.seed for result in own}) < len(own):
            raise GenbenchError(f"{shown} has two results for one seed; keep one record of each trial")
    return [Row(name, tuple(own), {c.name: _cell(c.name, own) for c in columns}) for name, own in found.items()]


def _cell(name: str, results: Sequence[SeedResult]) -> Cell:
    ok = [result.candidate for result in results if result.ok]
    scores = [candidate.scores[name] for candidate in ok if name in candidate.scores]
    if scores:
        values = tuple(score.value for score in scores)
        spread = interval(values)
        return Cell(values, spread.mean, spread.half_width, details=_means([score.details for score in scores]))
    if ok:
        reasons = (candidate.missing[name] for candidate in ok if name in candidate.missing)
        return Cell(missing=next(reasons, not_applicable("not computed")))
    return Cell(missing=why(results[0].candidate))


def _means(details: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each number that all of `details` have."""
    shared = [key for key in details[0] if all(key in numbers for numbers in details)]
    return {key: mean([numbers[key] for numbers in details]) for key in shared}


def failures_of(records: Sequence[Record], task: str) -> Iterator[Failure]:
    """What failed or was skipped, a stage only where no candidate names it."""
    for record in records:
        yield from (_failure(record, c) for c in record.candidates if c.task == task and not c.ok)
        told = {_kind(c.stage or "") for c in record.candidates if not c.ok}
        for name, stage in record.stages.items():
            if stage.status.failed and _kind(name) not in told and _asked(name, record, task):
                yield Failure(
                    record.model.reference,
                    record.seed,
                    stage.status,
                    stage.exit_code,
                    name,
                    stage.reason or "",
                    stage.seconds,
                    "",
                    record.model.reference,
                    name,
                )


def _failure(record: Record, candidate: Candidate) -> Failure:
    return Failure(
        candidate.name,
        record.seed,
        candidate.status,
        candidate.exit_code,
        candidate.stage or "",
        candidate.reason or "",
        candidate.elapsed,
        candidate.log,
        record.model.reference,
        _step(record, candidate),
        place(candidate.log, record.model.distribution),
    )


def _step(record: Record, candidate: Candidate) -> str:
    """The step that failed, by the names of the record's."""
    stage, task, sampler = candidate.stage or "", candidate.task, candidate.sampler
    known = (f"{stage}/{sampler}", f"{stage}/{task}/{sampler}", f"{stage}/{task}")
    return next((name for name in known if name in record.stages), stage)


def _kind(stage: str) -> str:
    return stage.partition("/")[0]


def _asked(stage: str, record: Record, task: str) -> bool:
    """Whether a stage may have been run for a task: not where it is named after another one."""
    other = set(record.suite.tasks) - {task}
    return not other & set(stage.split("/")[1:2])


def check_alike(records: Sequence[Record]) -> None:
    """Refuse what no board can hold.

    Raises:
        GenbenchError: no records, two protocols or datasets.
    """
    if not records:
        raise GenbenchError("a leaderboard needs at least one record; `genbench run` writes them")
    check_one("protocols", [record.protocol for record in records], "a leaderboard has one")
    check_one("datasets", [record.dataset.sha256 for record in records], "a leaderboard has one")


def known_task(task: str, asked: Mapping[str, Sequence[TaskTerms]]) -> str:
    """The task of a board, which all records ask in one way.

    Args:
        task: by default the first.
        asked: task → the terms on which records ask it.
    Raises:
        GenbenchError: no suite has it, or it was asked in two ways.
    """
    task = task or next(iter(asked), "")
    if task not in asked:
        raise unknown("task", task, asked)
    check_one("exams", [terms.exam(task) for terms in asked[task]], "a leaderboard has one")
    return task
