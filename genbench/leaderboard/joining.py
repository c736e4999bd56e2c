"""Joining: which earlier records may stand on a board beside those of a run."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from genbench.leaderboard.assembly import IDENTITY
from genbench.records.record import Record


@dataclass(frozen=True)
class Joined:
    """The records of a run and those that stand beside them."""

    records: tuple[Record, ...]
    left_out: tuple[str, ...]
    """Of the run's protocol, and why they cannot stand there, a line each."""


def joined(own: Sequence[Record], others: Iterable[Record]) -> Joined:
    """A run's records, and those others of its protocol that agree with them in all that a board has one of.

    A record of a trial that the run has too is passed over: the run's own counts. The newest of the others come first.
    """
    found, left_out = list(own), []
    protocols, trials = {record.protocol for record in own}, {_trial(record) for record in own}
    known = {name: value for record in own for name, value in _facts(record)}
    for record in sorted(others, key=lambda record: record.finished, reverse=True):
        if record.protocol not in protocols or _trial(record) in trials:
            continue
        facts = dict(_facts(record))
        other = next((name for name, value in facts.items() if known.get(name, value) != value), None)
        if other is None:
            found.append(record)
            trials.add(_trial(record))
            known |= facts
        else:
            what = " of ".join(str(part) for part in other)
            left_out.append(f"{record.model.reference} seed {record.seed} is not on the board: another {what}")
    return Joined(tuple(found), tuple(left_out))


def _trial(record: Record) -> tuple[str, int]:
    return record.model.reference, record.seed


def _facts(record: Record) -> Iterator[tuple[tuple[str, ...], Hashable]]:
    """What a record says of which a board has one value: the name in words, and the value."""
    yield ("dataset",), record.dataset.sha256
    for task, terms in record.suite.tasks.items():
        yield ("exam", task), terms.exam(task)
    for candidate in record.candidates:
        yield ("code", candidate.name, candidate.task), record.model.code
        for name, score in candidate.scores.items():
            for part in IDENTITY:
                yield (part, name, candidate.task), getattr(score, part)
