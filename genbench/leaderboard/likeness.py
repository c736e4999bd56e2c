"""Likeness: what two boards have to share before their numbers are held against each other, and what else differs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from genbench.errors import GenbenchError
from genbench.leaderboard.assembly import IDENTITY
from genbench.leaderboard.row import Column
from genbench.leaderboard.words import listed
from genbench.records.record import Record

if TYPE_CHECKING:
    from genbench.leaderboard import Leaderboard

SHOWN = 12  # digits of a hash


def check_protocol(before: "Leaderboard", after: "Leaderboard") -> None:
    """Refuse two protocols: other data, another budget or other batches make every score another one.

    Raises:
        GenbenchError: there are two; says what differs.
    """
    if before.protocol == after.protocol:
        return
    told = [f"{name} {was} and {now}" for name, was, now in _protocols(before, after) if was != now]
    shas = f"hashes {before.protocol[:SHOWN]} and {after.protocol[:SHOWN]}"
    raise GenbenchError(
        f"two protocols ({'; '.join(told) or shas}): no score of one is comparable with the other's; "
        f"run both under one suite"
    )


def _protocols(before: "Leaderboard", after: "Leaderboard") -> Iterator[tuple[str, str, str]]:
    """What a protocol is made of: its name, and what it is on either side."""
    sides = before, after
    data = [f"{board.dataset.name} (sha256 {board.dataset.sha256[:SHOWN]})" for board in sides]
    yield "data", data[0], data[1]
    for name, field in (
        ("training images", "images"),
        ("batch", "batch"),
        ("density rows", "density_rows"),
        ("CPU seconds", "seconds_cpu"),
    ):
        was, now = (getattr(board.suite, field) for board in sides)
        yield name, f"{was or 0:,}", f"{now or 0:,}"


def other_terms(task: str, before: "Leaderboard | None", after: "Leaderboard | None") -> str:
    """Why a task of two suites cannot be compared; "" where it can."""
    if before is None or after is None:
        return f"task {task}: only {'after' if before is None else 'before'}"
    was, now = (board.terms.exam(task) for board in (before, after))
    return "" if was == now else f"task {task}: another exam, {was} and {now}: not compared"


def other_columns(before: "Leaderboard", after: "Leaderboard") -> tuple[tuple[Column, ...], list[str]]:
    """The columns of which both boards have the same score, and a line for each that only one has, or that differs."""
    ours, others = ({column.name: column for column in board.columns} for board in (before, after))
    kept, told = [], []
    for name in dict.fromkeys((*others, *ours)):
        if name not in ours or name not in others:
            told.append(f"{name}: only {'before' if name in ours else 'after'}")
            continue
        one, other = ours[name], others[name]
        parts = (*IDENTITY, "scale", "tie") if one.direction and other.direction else ()  # where somebody has got it
        differ = [part for part in parts if getattr(one, part) != getattr(other, part)]
        told += [f"{name}: another {listed(differ, 'and')}: not compared"] if differ else []
        kept += [] if differ else [other if other.direction else one]
    return tuple(kept), told


def other_surroundings(before: "Leaderboard", after: "Leaderboard") -> Iterator[str]:
    """What differs of hardware, software and code; scores are compared all the same."""
    for name, field in (("genbench", "genbench"), ("torch", "torch"), ("confinement", "isolation")):
        was, now = (_values(getattr(own.machine, field) for own in board.records) for board in (before, after))
        if was != now:
            yield f"{name} {listed(was, 'and')} before, {listed(now, 'and')} after"
    if before.hardware != after.hardware:
        yield f"hardware {listed(before.hardware, 'and')} before, {listed(after.hardware, 'and')} after"
    codes = [_codes(board.records) for board in (before, after)]
    edited = sorted(name for name in codes[0].keys() & codes[1].keys() if codes[0][name] != codes[1][name])
    if edited:
        yield f"other code of {listed(edited, 'and')}"


def _values(values: Iterable[str]) -> list[str]:
    return sorted({value or "not stated" for value in values})


def _codes(records: Sequence[Record]) -> dict[str, str]:
    return {record.model.reference: record.model.code for record in records if record.model.control is None}
