"""What a page says of where its numbers come from: protocol, data, models, machines."""

from collections.abc import Iterable, Sequence
from typing import Any

from genbench.files.codec import encoded
from genbench.leaderboard import Leaderboard
from genbench.leaderboard.fits import fit_cost
from genbench.records.record import Record, SuiteTerms
from genbench.report.text import NOT_STATED, duration, number, size


def section(board: Leaderboard) -> dict[str, Any]:
    """The section's values for its template."""
    return {
        "suite": board.suite,
        "task": board.task,
        "terms": board.terms,
        "dataset": board.dataset,
        "protocol": board.protocol,
        "models": list(models(asked(board))),
        "limits": limits(board.suite),
        "budget": budget(board.suite),
        "machines": machines(asked(board)),
        "times": times(asked(board)),
    }


def asked(board: Leaderboard) -> list[Record]:
    """The records that were asked the board's task; others of its protocol were asked other ones."""
    return [record for record in board.records if board.task in record.suite.tasks]


def times(records: Sequence[Record]) -> list[tuple[str, str]]:
    """When stages were measured and scored, and records written: (what, the first and the last)."""
    stages = [(name, stage.measured) for record in records for name, stage in record.stages.items()]
    scored = {measured for name, measured in stages if name.partition("/")[0] == "score"}
    measured = {measured for name, measured in stages if name.partition("/")[0] != "score"}
    written = {record.finished for record in records}
    known = {"Stages measured": measured, "Scored": scored, "Records written": written}
    return [(what, _span(sorted(found - {""}))) for what, found in known.items()]


def _span(found: Sequence[str]) -> str:
    return " to ".join(dict.fromkeys((found[0], found[-1]))) if found else NOT_STATED


def space_of(board: Leaderboard) -> str:
    """The shape and the levels of the board's data: "1×28×28, 256 levels"."""
    space = board.dataset.space
    if space is None:
        return "shape not stated"
    entries = "real numbers" if space.levels is None else f"{space.levels} levels"
    return f"{'×'.join(map(str, space.shape))}, {entries}"


def count(value: int | None, unit: str = "") -> str:
    """A number with its unit; none, and the 0 of an older record, are not stated."""
    return f"{value:,} {unit}".strip() if value else NOT_STATED


def budget(suite: SuiteTerms) -> str:
    """What a fit may spend: images, and CPU seconds where the suite counts them."""
    images = count(suite.images, "images")
    return images if suite.seconds_cpu is None else f"{number(suite.seconds_cpu)} CPU seconds, {images} at most"


def limits(suite: SuiteTerms) -> str:
    """What a stage may take: seconds and caps, with their units."""
    told = [(stage, value, "s") for stage, value in suite.limits.items()]
    for name, value in suite.caps.items():
        what, _, unit = name.rpartition("_")
        told.append((what.replace("_", " "), value, f"{unit[:1].upper()}iB"))
    return ", ".join(f"{what} {number(value)} {unit}" for what, value, unit in told) or NOT_STATED


def models(found: Iterable[Record]) -> Iterable[dict[str, Any]]:
    """Where each model of records comes from, with its settings and what fitting it took."""
    by_reference: dict[str, list[Record]] = {}
    for record in found:
        by_reference.setdefault(record.model.reference, []).append(record)
    for records in by_reference.values():
        model = records[0].model
        fits = [record.stages["fit"].seconds for record in records if "fit" in record.stages]
        times = [seconds for seconds in fits if seconds is not None]
        yield {
            "model": model,
            "settings": ", ".join(f"{key}={value}" for key, value in sorted(model.settings.items())) or "none",
            "capabilities": ", ".join(model.capabilities) or "none",
            "pretrained": ", ".join(model.pretrained_on) or "nothing",
            "parameters": NOT_STATED if model.parameters is None else f"{model.parameters:,}",
            "checkpoint": NOT_STATED if model.checkpoint_bytes is None else size(model.checkpoint_bytes),
            "cpu": effort(records),
            "fit": duration(sum(times) / len(times) if times else None),
        }


def effort(records: Sequence[Record]) -> str:
    """What fits took on average: CPU seconds of all their processes, and wall seconds."""
    cost = fit_cost(records)
    return NOT_STATED if cost.cpu is None else f"{number(cost.cpu)} CPU s in {duration(cost.seconds)}"


def machines(records: Sequence[Record]) -> list[tuple[int, Sequence[tuple[str, object]]]]:
    """The distinct machines, the most frequent first: (number of records, sorted entries)."""
    counts: dict[tuple[tuple[str, object], ...], int] = {}
    for record in records:
        entries = {name: value for name, value in encoded(record.machine).items() if value not in ("", None)}
        key = tuple(sorted(entries.items()))
        counts[key] = counts.get(key, 0) + 1
    return sorted(((count, key) for key, count in counts.items()), key=lambda pair: (-pair[0], repr(pair[1])))
