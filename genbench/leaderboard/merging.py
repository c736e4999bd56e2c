"""Merging: records of one protocol from several runs and machines, one a trial, which one board can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.leaderboard.assembly import order
from genbench.leaderboard.joining import joined
from genbench.records.files import undated
from genbench.records.record import Record

SHOWN = 12  # digits of a protocol's hash


@dataclass(frozen=True)
class Filed:
    """A record, and the file that it was read from."""

    path: Path
    record: Record

    @property
    def name(self) -> str:
        """What its file is called among others: `vae.default.0.json`, as a trial's folder is."""
        return self.path.name if self.path.name != "record.json" else f"{self.path.parent.name}.json"


@dataclass(frozen=True)
class Merged:
    """What was joined."""

    filed: tuple[Filed, ...]
    """One a trial, by model and seed."""
    passed_over: tuple[str, ...] = ()
    """Controls that several runs had measured: the newest stands. A line each."""


def merged(found: Sequence[Filed]) -> Merged:
    """Join records.

    Raises:
        GenbenchError: there is none; they are of several protocols; two of them are of one trial and differ; or no
            board can hold them together: another dataset, exam, code of a model, or version of a score.
    """
    if not found:
        raise GenbenchError("nothing to merge: no record in any of these folders; `genbench run` writes them")
    _check_protocols(found)
    kept: dict[tuple[str, int], Filed] = {}
    passed_over = []
    for filed in sorted(found, key=lambda filed: filed.record.finished):
        other = kept.get(order(filed.record))
        if other is None or undated(other.record) == undated(filed.record):
            kept.setdefault(order(filed.record), filed)
        elif filed.record.model.control is not None:
            kept[order(filed.record)] = filed
            passed_over.append(
                f"{other.path}: the control {filed.record.model.name} was measured later too, in {filed.path}"
            )
        else:
            raise GenbenchError(_two(other, filed))
    _check_board(list(kept.values()))
    return Merged(tuple(kept[key] for key in sorted(kept)), tuple(passed_over))


def _two(one: Filed, other: Filed) -> str:
    trial = f"{one.record.model.reference} seed {one.record.seed}"
    return f"two different records of {trial}: {one.path} and {other.path}; keep one, or run other seeds (--first-seed)"


def _check_protocols(found: Sequence[Filed]) -> None:
    first = found[0]
    for filed in found[1:]:
        if filed.record.protocol != first.record.protocol:
            told = (f"{own.path} ({own.record.suite.name}, {own.record.protocol[:SHOWN]})" for own in (first, filed))
            raise GenbenchError(f"two protocols: {' and '.join(told)}; merge runs of one dataset, budget and batch")


def _check_board(kept: Sequence[Filed]) -> None:
    records = sorted((filed.record for filed in kept), key=lambda record: record.finished, reverse=True)
    left_out = joined(records[:1], records[1:]).left_out
    if left_out:
        raise GenbenchError(f"no board can hold them together: {left_out[0]}; run what is older again")
